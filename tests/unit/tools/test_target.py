"""A named kubeconfig wins, and one that can't be used says why in one message."""

import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from infra import endpoints as endpoints_file
from tests.unit.tools import support
from tools import target
from tools.errors import ClusterUnreachable, PrerequisiteMissing, ToolError
from tools.progress import Progress
from tools.settings import OwnCluster
from tools.target import need_own_settings, of_kubeconfig

OWN = OwnCluster(registry="registry.test/team", ingress_url="http://models.test", ingress_source_cidrs=("10.0.0.0/16",))


def kubeconfig(folder: Path, server: str) -> Path:
    path = folder / "config"
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
                "clusters": [{"name": "k", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": {}}],
            }
        )
    )
    return path


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Path]:
    """A kubeconfig whose server takes connections."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        yield kubeconfig(tmp_path, f"https://127.0.0.1:{s.getsockname()[1]}")


def test_a_kubeconfig_that_answers_nothing_is_named_with_its_server_and_context(tmp_path: Path) -> None:
    """The user sees which address was tried."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with pytest.raises(ClusterUnreachable, match=rf"nothing answers at https://127.0.0.1:{port} \(context 'c'\)"):
        of_kubeconfig(kubeconfig(tmp_path, f"https://127.0.0.1:{port}"), support.settings(tmp_path, own=OWN))


def test_a_cluster_behind_a_proxy_is_not_judged_by_a_direct_connection(tmp_path: Path) -> None:
    """Only the proxy can reach it; the program under infra/ judges the same way."""
    path = kubeconfig(tmp_path, "https://127.0.0.1:9")
    config = yaml.safe_load(path.read_text())
    config["clusters"][0]["cluster"]["proxy-url"] = "socks5://127.0.0.1:1"
    path.write_text(yaml.safe_dump(config))
    assert of_kubeconfig(path, support.settings(tmp_path, own=OWN)).context == "c"


@pytest.mark.parametrize("text", ["{}", "current-context: x", "\x00", "[1", "[1]", ""])
def test_a_file_that_is_no_kubeconfig_is_an_error(text: str, tmp_path: Path) -> None:
    """Also when it is no YAML at all."""
    path = tmp_path / "bad"
    path.write_text(text)
    with pytest.raises(ToolError, match="not a kubeconfig"):
        of_kubeconfig(path, support.settings(tmp_path, own=OWN))


def test_all_that_only_the_user_can_know_is_asked_for_at_once(tmp_path: Path) -> None:
    """No default would be true: a guessed address does not answer, guessed networks open the models or close them."""
    names = r"(?s)SLIPWAY_REGISTRY.*SLIPWAY_INGRESS_URL.*SLIPWAY_INGRESS_CIDRS"
    with pytest.raises(ToolError, match=names):
        target.check(support.settings(tmp_path, kubeconfig=tmp_path / "any"))
    with pytest.raises(ToolError, match=r"\(KUBECONFIG\): SLIPWAY_INGRESS_CIDRS: from which"):
        need_own_settings(dataclasses.replace(OWN, ingress_source_cidrs=()))


@pytest.mark.parametrize(
    ("name", "value"),
    [("ingress_url", "models.test"), ("ingress_url", "ftp://x"), ("ingress_source_cidrs", ("10.0.0.1/8",))],
)
def test_a_malformed_value_names_its_variable(name: str, value: object) -> None:
    """Before anything is built."""
    with pytest.raises(ToolError, match=f"SLIPWAY_{name.replace('_source', '').upper()}="):
        need_own_settings(dataclasses.replace(OWN, **{name: value}))  # type: ignore[arg-type]


def test_the_endpoints_of_a_users_own_cluster_are_what_the_settings_say(answering: Path, tmp_path: Path) -> None:
    """And they are known as the user's own, which the local cluster's are not."""
    settings = support.settings(tmp_path, own=OWN)
    endpoints = of_kubeconfig(answering, settings)
    assert (endpoints.context, endpoints.registry, endpoints.builder) == ("c", "registry.test/team", None)
    assert (endpoints.ingress_url, endpoints.ingress_source_cidrs) == ("http://models.test", ("10.0.0.0/16",))
    assert target.is_own(endpoints, settings)
    local = dataclasses.replace(endpoints, kubeconfig=str(settings.state_dir / "cluster" / "admin.yaml"))
    assert not target.is_own(local, settings)
    assert not target.is_own(endpoints_file.without_cluster(), settings)


def test_the_local_cluster_is_refused_on_other_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before minutes of compiling; a cluster of one's own is the way out."""
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(PrerequisiteMissing, match=r"Linux on x86_64, this is Linux on aarch64: name a cluster"):
        target.check(support.settings(tmp_path))


def test_a_stack_on_a_users_own_cluster_does_not_move_to_the_local_one(answering: Path, tmp_path: Path) -> None:
    """What it has there would be forgotten with the local cluster; in a shell without KUBECONFIG it is a slip."""
    there = support.settings(tmp_path, own=OWN, kubeconfig=answering)
    target.ensure(there, Progress(quiet=True))
    target.need_no_other(there)
    here = dataclasses.replace(there, kubeconfig=None)
    with pytest.raises(ToolError, match=f"the stack local is on the cluster of {answering}.*`make down` first"):
        target.ensure(here, Progress(quiet=True))


def test_files_of_kubeconfig_that_are_not_used_are_said(
    answering: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are not merged, as kubectl would."""
    other = Path("/other/config")
    target.ensure(support.settings(tmp_path, own=OWN, kubeconfig=answering, unused_kubeconfigs=(other,)), Progress())
    assert "not used: /other/config" in capsys.readouterr().out
