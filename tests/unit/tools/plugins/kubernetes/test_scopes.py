"""Whether a kind lives in namespaces."""

from tools.plugins.kubernetes.errors import NoSuchKindError, UnreachableError
from tools.plugins.kubernetes.kinds import Kind
from tools.plugins.kubernetes.scopes import Scopes

BOAT = Kind("test.example/v1", "Boat")
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "spec": {"group": "test.example", "scope": "Cluster", "names": {"kind": "Boat"}},
}


def refuse(_kind: Kind) -> bool:
    """A cluster that must not be asked."""
    raise AssertionError("asked")


def unreachable(_kind: Kind) -> bool:
    """No cluster."""
    raise UnreachableError("no cluster")


def unknown(kind: Kind) -> bool:
    """A cluster that does not know the kind."""
    raise NoSuchKindError(kind.api_version, kind.kind)


def test_built_in_kinds_ask_nobody() -> None:
    """They are the same everywhere."""
    assert Scopes(refuse).is_namespaced(Kind("v1", "Pod"))
    assert not Scopes(refuse).is_namespaced(Kind("v1", "Node"))


def test_kinds_that_the_program_defines_ask_nobody_either() -> None:
    """The definition comes before its objects."""
    scopes = Scopes(refuse)
    scopes.declare(CRD)
    scopes.declare({"kind": "ConfigMap", "apiVersion": "v1"})
    assert not scopes.is_namespaced(BOAT)


def test_other_kinds_ask_the_cluster() -> None:
    """Which knows."""
    assert not Scopes(lambda kind: kind != BOAT).is_namespaced(BOAT)


def test_a_kind_that_nobody_knows_is_taken_to_live_in_namespaces() -> None:
    """As most do."""
    assert Scopes(unreachable).is_namespaced(BOAT)
    assert Scopes(unknown).is_namespaced(BOAT)
