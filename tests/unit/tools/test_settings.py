"""The environment is read once, and a wrong value is an error that names its variable."""

from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.settings import DEFAULT_INGRESS_PORT, OwnCluster, go_folders, load


def test_defaults_follow_the_xdg_folders() -> None:
    """Cache and state go where the XDG variables say."""
    loaded = load({"XDG_CACHE_HOME": "/c", "XDG_STATE_HOME": "/s"})
    assert (loaded.cache_dir, loaded.state_dir) == (Path("/c/slipway"), Path("/s/slipway"))
    assert loaded.ingress_port == DEFAULT_INGRESS_PORT
    assert loaded.kubeconfig is None


@pytest.mark.parametrize("value", ["http", "-1", "65536", "80a"])
def test_a_port_that_is_no_port_names_the_variable_and_what_is_allowed(value: str) -> None:
    """The message has the variable, the value and the range."""
    with pytest.raises(ToolError, match=rf"SLIPWAY_INGRESS_PORT='{value}': must be a port from 1 to 65535"):
        load({"SLIPWAY_INGRESS_PORT": value})


def test_a_kubeconfig_that_is_not_there_is_an_error_and_never_silently_the_local_cluster() -> None:
    """A misspelt KUBECONFIG must not start a cluster instead."""
    with pytest.raises(ToolError, match=r"KUBECONFIG='/nowhere/config': no such file"):
        load({"KUBECONFIG": "/nowhere/config"})


def test_a_named_kubeconfig_is_taken(tmp_path: Path) -> None:
    """The first file of KUBECONFIG that exists is the one; the others are known, to be told."""
    named = tmp_path / "config"
    named.touch()
    loaded = load({"KUBECONFIG": f":/nowhere::{named}:/other"})
    assert loaded.kubeconfig == named
    assert loaded.unused_kubeconfigs == (Path("/nowhere"), Path("/other"))


def test_a_kubeconfig_of_empty_parts_names_nothing() -> None:
    """As kubectl takes it."""
    assert load({"KUBECONFIG": "::"}).kubeconfig is None


def test_the_local_clusters_own_kubeconfig_is_not_a_named_cluster() -> None:
    """`make env` sets KUBECONFIG for kubectl: `make up` in that shell still means the local cluster."""
    env = {"SLIPWAY_STATE_DIR": "/s", "KUBECONFIG": "/s/cluster/kubeconfig/admin.yaml"}
    assert load(env).kubeconfig is None


def test_the_ca_file_of_pip_is_used_for_image_builds(tmp_path: Path) -> None:
    """Whoever needs an own CA for pip needs it inside builds too; a wrong path is an error."""
    ca = tmp_path / "ca.crt"
    ca.touch()
    assert load({"PIP_CERT": str(ca)}).ca_file == ca
    with pytest.raises(ToolError, match="no such file"):
        load({"PIP_CERT": str(ca) + "x"})


def test_what_an_own_cluster_cannot_say_is_read_but_not_required() -> None:
    """KUBECONFIG is set in many shells; only what goes to that cluster asks for the rest."""
    assert load({}).own == OwnCluster()
    env = {
        "SLIPWAY_REGISTRY": "r", "SLIPWAY_BUILDER": "x", "SLIPWAY_BASE_IMAGE": "i", "SLIPWAY_INGRESS_CLASS": "c",
        "SLIPWAY_INGRESS_URL": "http://h/", "SLIPWAY_INGRESS_CIDRS": "10.0.0.0/8, 10.1.0.0/16,",
        "SLIPWAY_STORAGE_CLASSES": "a,b",
    }  # fmt: skip
    assert load(env).own == OwnCluster(
        registry="r", ingress_url="http://h", ingress_source_cidrs=("10.0.0.0/8", "10.1.0.0/16"),
        ingress_class="c", storage_classes=("a", "b"), builder="x", base_image="i",
    )  # fmt: skip


def test_gos_caches_move_only_with_a_cache_folder_that_was_named() -> None:
    """A user's own Go caches are used where Go keeps them; a named folder is for its size."""
    assert go_folders({"GOFLAGS": "-x"}) == {}
    assert go_folders({"SLIPWAY_CACHE_DIR": "/big", "GOFLAGS": "-x"}) == {
        "GOCACHE": "/big/go/build",
        "GOMODCACHE": "/big/go/modules",
        "GOFLAGS": "-x -modcacherw",
    }
