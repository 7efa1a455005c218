"""Type tokens, scopes, and what is refused."""

import pytest

from tools.plugins.kubernetes.errors import InputError, RefusedError
from tools.plugins.kubernetes.kinds import Kind, builtin_scope, name_of_urn, of_token, refuse, type_of_urn

URN = "urn:pulumi:dev::project::my:component:Thing$kubernetes:apps/v1:Deployment::a::b"


def test_tokens_name_version_and_kind() -> None:
    """The core group has a name in tokens only."""
    assert of_token("kubernetes:core/v1:Pod") == Kind("v1", "Pod")
    assert of_token("kubernetes:apps/v1:Deployment") == Kind("apps/v1", "Deployment")
    with pytest.raises(InputError, match="'nonsense'"):
        of_token("nonsense")


def test_urns_hold_type_and_name() -> None:
    """Below the types of the parents; a name may have colons."""
    assert type_of_urn(URN) == "kubernetes:apps/v1:Deployment"
    assert name_of_urn(URN) == "a::b"


@pytest.mark.parametrize(
    ("api_version", "kind", "scope"),
    [
        ("v1", "Pod", True),
        ("v1", "Namespace", False),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", False),
        ("rbac.authorization.k8s.io/v1", "Role", True),
        ("storage.k8s.io/v1", "StorageClass", False),
        ("test.example/v1", "Namespace", None),
    ],
)
def test_built_in_kinds_are_known_without_a_cluster(api_version: str, kind: str, scope: bool | None) -> None:
    """All others are not."""
    assert builtin_scope(Kind(api_version, kind)) is scope


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("kubernetes:helm.sh/v3:Release", ""),
        ("kubernetes:helm.sh/v4:Chart", ""),
        ("kubernetes:yaml:ConfigFile", ""),
        ("kubernetes:yaml/v2:ConfigGroup", ""),
        ("kubernetes:kustomize:Directory", ""),
        ("kubernetes:core/v1:ConfigMapPatch", "ConfigMap"),
    ],
)
def test_bundles_and_patches_are_refused(token: str, kind: str) -> None:
    """With the type in the message."""
    with pytest.raises(RefusedError, match=token):
        refuse(token, kind)


def test_lists_are_refused_and_custom_kinds_with_such_names_are_not() -> None:
    """A custom kind may be called FooPatch or FooList."""
    with pytest.raises(InputError, match="use the type of their items"):
        refuse("kubernetes:core/v1:ConfigMapList", "ConfigMapList")
    refuse("kubernetes:test.example/v1:FooPatch", "FooPatch")
    refuse("kubernetes:test.example/v1:FooList", "FooList")
