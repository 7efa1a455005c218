"""What `make up` says before and after, and what `make down` may forget."""

import dataclasses
import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from infra import endpoints as endpoints_file
from tests.unit.tools import support
from tools import local, pulumi
from tools.cluster import cluster
from tools.errors import ClusterUnreachable, DiskFull, PrerequisiteMissing, ToolError
from tools.local import Served
from tools.progress import Progress
from tools.pulumi import Pulumi
from tools.settings import Settings
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
    assert local.estimate_minutes(own, 2) == pytest.approx(all_of_it - KUBERNETES.minutes)
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
        local.up(support.settings(tmp_path, state_dir=Path("/slipway-not-there")), Progress(quiet=True))
    assert list(tmp_path.iterdir()) == []


def test_the_closing_text_has_the_address_and_a_whole_curl_line() -> None:
    """A person copies one line and gets an answer."""
    text = local.explain(Served("http://127.0.0.1:8080", ("gemma",)), 12.0)
    assert "curl -s http://127.0.0.1:8080/v1/chat/completions" in text
    assert '"model": "gemma"' in text
    assert "make down" in text


FAKE_CLI = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
"stack output"*) echo "no stack named" >&2; exit 1;;
"stack export"*) echo '{"deployment": {}}';;
destroy*) [ -z "$FAIL" ] || { echo "destroy: $FAIL" >&2; exit 1; };;
esac
"""


class Fake:
    """A CLI that writes down its calls, a state of the stack `local`, and a cluster that can be removed."""

    def __init__(self, folder: Path) -> None:
        self.settings = support.settings(folder)
        self.home = self.settings.state_dir / "cluster"
        self.state = pulumi.backend_folder(self.settings) / ".pulumi/stacks/slipway/local.json"
        self.state.parent.mkdir(parents=True)
        self.state.write_text("{}")
        self.calls = folder / "calls"
        program = folder / "pulumi"
        program.write_text(FAKE_CLI)
        program.chmod(0o755)
        self.cli: Pulumi | None = Pulumi(str(program), {"CALLS": str(self.calls), "PATH": "/usr/bin:/bin"})

    def fail(self, why: str) -> None:
        """Let `destroy` fail."""
        assert self.cli is not None
        self.cli = dataclasses.replace(self.cli, env=dict(self.cli.env) | {"FAIL": why})

    def commands(self) -> list[str]:
        """First word of each call."""
        return [line.split()[0] for line in self.calls.read_text().splitlines()] if self.calls.exists() else []

    def point_to(self, kubeconfig: Path) -> None:
        """Write the endpoints file."""
        known = dataclasses.replace(endpoints_file.without_cluster(), kubeconfig=str(kubeconfig), context="c")
        endpoints_file.save(known, self.settings.state_dir)

    @property
    def endpoints(self) -> Path:
        return self.settings.state_dir / endpoints_file.FILE_NAME


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake(tmp_path)

    def down(settings: Settings, progress: Progress) -> None:
        shutil.rmtree(made.home, ignore_errors=True)
        made.endpoints.unlink(missing_ok=True)

    status = cluster.status
    monkeypatch.setattr(cluster, "down", down)
    monkeypatch.setattr(
        cluster,
        "status",
        lambda s: dataclasses.replace(status(s), running=("etcd",) if made.home.exists() else ()),
    )
    monkeypatch.setattr(pulumi, "existing", lambda settings: made.cli)
    return made


@pytest.fixture
def own_cluster(tmp_path: Path) -> Iterator[Path]:
    """A kubeconfig of the user's own, whose server takes connections."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        yield kubeconfig(tmp_path, s.getsockname()[1])


def kubeconfig(folder: Path, port: int) -> Path:
    path = folder / "own.yaml"
    named = {"name": "k", "cluster": {"server": f"https://127.0.0.1:{port}"}}
    path.write_text(yaml.safe_dump({"contexts": [{"name": "c", "context": {"cluster": "k"}}], "clusters": [named]}))
    return path


def test_down_destroys_the_stack_on_a_users_own_cluster_also_without_kubeconfig(fake: Fake, own_cluster: Path) -> None:
    """Where the stack went is in the endpoints file, whatever the shell says today."""
    fake.point_to(own_cluster)
    local.down(fake.settings, Progress(quiet=True))
    assert fake.commands() == ["stack", "destroy", "stack"]
    assert "stack rm local" in fake.calls.read_text()
    assert "--force" not in fake.calls.read_text()
    assert not fake.endpoints.exists()


def test_a_destroy_that_fails_on_a_users_own_cluster_keeps_the_state(fake: Fake, own_cluster: Path) -> None:
    """Else nobody would know any more what is left there."""
    fake.point_to(own_cluster)
    fake.fail("timeout")
    with pytest.raises(ToolError, match=r"(?s)its state is kept; run `make down` again.*destroy: timeout"):
        local.down(fake.settings, Progress(quiet=True))
    assert fake.commands() == ["stack", "destroy"]
    assert fake.state.exists()
    assert fake.endpoints.exists()


def test_a_users_own_cluster_that_does_not_answer_keeps_the_state(fake: Fake, tmp_path: Path) -> None:
    """Nothing is tried on it, nothing is forgotten."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        fake.point_to(kubeconfig(tmp_path, s.getsockname()[1]))
    with pytest.raises(ToolError, match="its state is kept") as raised:
        local.down(fake.settings, Progress(quiet=True))
    assert isinstance(raised.value.__cause__, ClusterUnreachable)
    assert fake.commands() == []
    assert fake.state.exists()


@pytest.mark.parametrize("how", ["destroy works", "destroy fails", "no CLI"])
def test_our_own_cluster_and_its_state_go_whatever_pulumi_says(fake: Fake, how: str) -> None:
    """A failing destroy or a missing CLI keeps nothing alive; the next `up` starts from nothing."""
    fake.home.mkdir(parents=True)
    fake.point_to(fake.home / "kubeconfig" / "admin.yaml")
    if how == "destroy fails":
        fake.fail("timeout")
    if how == "no CLI":
        fake.cli = None
    local.down(fake.settings, Progress(quiet=True))
    assert not fake.home.exists()
    assert not fake.state.exists()
    assert ("destroy" in fake.commands()) == (how != "no CLI")


def test_removing_the_cluster_alone_forgets_the_stack_that_was_on_it(fake: Fake) -> None:
    """Or the next `up` would say that all is there."""
    fake.home.mkdir(parents=True)
    fake.point_to(fake.home / "kubeconfig" / "admin.yaml")
    local.remove_cluster(fake.settings, Progress(quiet=True))
    assert not fake.state.exists()


def test_removing_the_cluster_keeps_a_stack_that_is_on_another_one(fake: Fake, own_cluster: Path) -> None:
    """The local cluster may be left over from before."""
    fake.home.mkdir(parents=True)
    fake.point_to(own_cluster)
    local.remove_cluster(fake.settings, Progress(quiet=True))
    assert not fake.home.exists()
    assert fake.state.exists()
    assert json.loads(fake.endpoints.read_text())["kubeconfig"] == str(own_cluster)


def test_status_builds_nothing_and_says_so(fake: Fake) -> None:
    """A question must not take minutes."""
    fake.home.mkdir(parents=True)
    fake.cli = None
    with pytest.raises(ToolError, match="stack local: not up, the Pulumi CLI is not built yet; run `make up`"):
        local.status(fake.settings)


def test_status_knows_a_stack_on_a_users_own_cluster(fake: Fake, own_cluster: Path) -> None:
    """Also in a shell without KUBECONFIG; where nothing ever was, it says how to begin."""
    with pytest.raises(ToolError, match="nothing runs here: `make up`"):
        local.status(fake.settings)
    fake.point_to(own_cluster)
    with pytest.raises(ToolError, match=f"(?s)cluster of {own_cluster}, context c.*not up; run `make up`"):
        local.status(fake.settings)
