"""What `make up` says before and after."""

import dataclasses
from pathlib import Path

import pytest

from tests.unit.tools import support
from tools import local, pulumi
from tools.errors import DiskFull, PrerequisiteMissing
from tools.local import Served
from tools.progress import Progress
from tools.toolchain.gobuild import GoBuild
from tools.toolchain.groups import CONTAINERS, KUBERNETES, PULUMI


def test_the_estimate_counts_only_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing missing: no estimate; more cores: less time; an own cluster: no Kubernetes to build."""
    monkeypatch.setattr(pulumi, "installed", lambda: None)
    settings = support.settings(tmp_path)
    all_of_it = local.estimate_minutes(settings, 2)
    assert all_of_it == PULUMI.minutes + CONTAINERS.minutes + KUBERNETES.minutes + local.IMAGE_MINUTES
    assert local.estimate_minutes(settings, 8) < all_of_it
    own = dataclasses.replace(settings, kubeconfig=tmp_path)
    assert local.estimate_minutes(own, 2) == all_of_it - KUBERNETES.minutes
    for group in (PULUMI, CONTAINERS, KUBERNETES):
        GoBuild(group, settings.cache_dir).bin_dir.mkdir(parents=True)
    assert local.estimate_minutes(settings, 2) == 0


def test_without_root_nothing_is_begun_and_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local cluster needs root; a cluster of one's own does not."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(PrerequisiteMissing, match="needs root: run `sudo make up`, or name a cluster"):
        local.up(support.settings(tmp_path), Progress(quiet=True))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_its_numbers_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the middle of a build of twenty minutes."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.disk_usage", lambda path: (2**40, 2**40 - 2**29, 2**29))
    with pytest.raises(DiskFull, match=r"0.5 GiB free, 4.0 GiB needed"):
        local.up(support.settings(tmp_path), Progress(quiet=True))
    assert list(tmp_path.iterdir()) == []


def test_the_closing_text_has_the_address_and_a_whole_curl_line() -> None:
    """A person copies one line and gets an answer."""
    text = local.explain(Served("http://127.0.0.1:8080", ("gemma",)), 12.0)
    assert "curl -s http://127.0.0.1:8080/v1/chat/completions" in text
    assert '"model": "gemma"' in text
    assert "make down" in text
