"""Finding the cluster: paths, texts, several files, choices."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.plugins.kubernetes.errors import UnreachableError
from tools.plugins.kubernetes.kubeconfig import active_cluster, load, pem
from tools.plugins.kubernetes.settings import Settings


def config(name: str = "one", **cluster: Any) -> dict[str, Any]:
    """A kubeconfig with one of everything."""
    return {
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.test/", **cluster}}],
        "users": [{"name": name, "user": {"token": f"token-{name}"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"ns-{name}"}}],
    }


def write(path: Path, content: dict[str, Any]) -> Path:
    """A file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize("dump", [yaml.safe_dump, json.dumps])
def test_the_text_itself_may_be_yaml_or_json(dump: Any) -> None:
    """As a program passes it on from another resource."""
    access = load(Settings(kubeconfig=dump(config())), {})
    assert (access.server, access.namespace, access.user) == ("https://one.test", "ns-one", {"token": "token-one"})


def test_a_path_may_begin_with_the_home_directory(tmp_path: Path) -> None:
    """The shell has not seen it."""
    write(tmp_path / "k/c", config())
    assert load(Settings(kubeconfig="~/k/c"), {"HOME": str(tmp_path)}).server == "https://one.test"


def test_the_environment_names_files_that_are_merged(tmp_path: Path) -> None:
    """The first one that says something wins; missing ones are skipped."""
    first = write(tmp_path / "first", config("one"))
    second = write(tmp_path / "second", {**config("two"), "current-context": "two"})
    environ = {"KUBECONFIG": f"{first}:{tmp_path}/missing:{second}"}
    assert load(Settings(), environ).server == "https://one.test"
    assert load(Settings(context="two"), environ).server == "https://two.test"


def test_the_usual_place_is_the_last_resort(tmp_path: Path) -> None:
    """~/.kube/config."""
    write(tmp_path / ".kube/config", config())
    assert load(Settings(), {"HOME": str(tmp_path)}).server == "https://one.test"


def test_settings_choose_context_cluster_and_namespace(tmp_path: Path) -> None:
    """Over what the file says."""
    both = config("one")
    for section, entries in config("two").items():
        if section != "current-context":
            both[section] += entries
    access = load(Settings(kubeconfig=json.dumps(both), context="two", cluster="one", namespace="mine"), {})
    assert (access.server, access.user["token"], access.namespace) == ("https://one.test", "token-two", "mine")


def test_paths_inside_are_relative_to_the_file(tmp_path: Path) -> None:
    """Certificates, and helper programs with a slash in them."""
    content = config(**{"certificate-authority": "ca.pem"})
    content["users"][0]["user"] = {"exec": {"command": "bin/helper"}, "tokenFile": "token"}
    write(tmp_path / "dir/config", content)
    (tmp_path / "dir/ca.pem").write_text("PEM")
    access = load(Settings(kubeconfig=str(tmp_path / "dir/config")), {})
    assert access.ca_pem == "PEM"
    assert access.user["exec"]["command"] == str(tmp_path / "dir/bin/helper")
    assert access.user["tokenFile"] == str(tmp_path / "dir/token")


def test_inline_data_wins_over_a_file(tmp_path: Path) -> None:
    """As kubectl does."""
    (tmp_path / "f").write_text("file")
    data = base64.b64encode(b"inline").decode()
    assert pem({"client-key": str(tmp_path / "f"), "client-key-data": data}, "client-key") == "inline"
    assert pem({"client-key": str(tmp_path / "f")}, "client-key") == "file"
    assert pem({}, "client-key") == ""


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(), "no kubeconfig was found"),
        (Settings(kubeconfig="/no/such/file"), "'/no/such/file': no such file"),
        (Settings(kubeconfig="{broken"), "not valid YAML or JSON"),
        (Settings(kubeconfig="just\ntext"), "not a kubeconfig"),
        (Settings(kubeconfig=json.dumps(config()), context="other"), "no context 'other'; it has 'one'"),
        (Settings(kubeconfig=json.dumps(config()), cluster="other"), "no cluster 'other'; it has 'one'"),
        (Settings(kubeconfig=json.dumps(config(server=""))), "has no server"),
    ],
)
def test_whatever_is_missing_or_wrong_means_no_cluster_and_says_why(
    settings: Settings, said: str, tmp_path: Path
) -> None:
    """A preview can go on without one."""
    with pytest.raises(UnreachableError, match=said):
        load(settings, {"HOME": str(tmp_path)})


def test_a_certificate_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    """File or data."""
    with pytest.raises(UnreachableError, match="client-key can't be read"):
        pem({"client-key": str(tmp_path / "missing")}, "client-key")
    with pytest.raises(UnreachableError, match="client-key can't be read"):
        pem({"client-key-data": "not base64!"}, "client-key")


def test_the_active_cluster_is_none_when_the_text_does_not_say() -> None:
    """A provider that follows KUBECONFIG has no cluster of its own."""
    assert active_cluster("", "", "") is None
    assert active_cluster(json.dumps(config()), "", "") == {"server": "https://one.test/"}
    assert active_cluster(json.dumps(config()), "missing", "") is None
