"""What `make up` says before and after."""

import dataclasses
from pathlib import Path

import pytest

from tests.unit.tools import support
from tools import local, pulumi
from tools.local import Served
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


def test_the_closing_text_has_the_address_and_a_whole_curl_line() -> None:
    """A person copies one line and gets an answer."""
    text = local.explain(Served("http://127.0.0.1:8080", ("gemma",)), 12.0)
    assert "curl -s http://127.0.0.1:8080/v1/chat/completions" in text
    assert '"model": "gemma"' in text
    assert "make down" in text
