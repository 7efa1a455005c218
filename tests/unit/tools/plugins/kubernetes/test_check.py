"""From what the program says to the inputs that are kept."""

from __future__ import annotations

from typing import Any

import pytest

from tools.plugins.kubernetes.autoname import Naming
from tools.plugins.kubernetes.check import check
from tools.plugins.kubernetes.errors import RefusedError
from tools.plugins.kubernetes.kinds import Kind
from tools.plugins.kubernetes.scopes import Scopes
from tools.plugins.kubernetes.values import UNKNOWN, Object, Secret


def checked(token: str, news: dict[str, Any], olds: dict[str, Any] | None = None) -> Object:
    """With a namespace called `mine`."""
    scopes = Scopes(lambda kind: kind != Kind("test.example/v1", "Sea"))
    naming = Naming("web", b"seed")
    return check(token, news, olds or {}, naming=naming, scopes=scopes, default_namespace="mine")


def test_an_object_without_a_namespace_gets_the_providers() -> None:
    """Kinds that have none get none; one that is named or not known yet stays."""
    assert checked("kubernetes:core/v1:Pod", {"metadata": {"name": "a"}})["metadata"]["namespace"] == "mine"
    assert "namespace" not in checked("kubernetes:core/v1:Namespace", {"metadata": {"name": "a"}})["metadata"]
    assert "namespace" not in checked("kubernetes:test.example/v1:Sea", {"metadata": {"name": "a"}})["metadata"]
    given = {"metadata": {"name": "a", "namespace": UNKNOWN}}
    assert checked("kubernetes:core/v1:Pod", given)["metadata"]["namespace"] is UNKNOWN


def test_kind_and_version_come_from_the_type_where_the_program_leaves_them_out() -> None:
    """SDKs send them, YAML programs need not."""
    inputs = checked("kubernetes:core/v1:ConfigMap", {})
    assert (inputs["apiVersion"], inputs["kind"]) == ("v1", "ConfigMap")


def test_secrets_stay_marked_also_where_they_change_place() -> None:
    """The texts of a Secret end up in its data."""
    news = {"metadata": {"name": "a"}, "stringData": {"p": Secret("x")}}
    inputs = checked("kubernetes:core/v1:Secret", news)
    assert inputs["data"] == Secret({"p": "eA=="})
    assert "stringData" not in inputs


def test_a_made_up_name_is_that_of_the_old_inputs() -> None:
    """An update is not a new object."""
    first = checked("kubernetes:core/v1:ConfigMap", {"data": {"a": "1"}})
    second = checked("kubernetes:core/v1:ConfigMap", {"data": {"a": "2"}}, first)
    assert second["metadata"] == first["metadata"]


def test_what_the_stand_in_does_not_do_is_refused_here() -> None:
    """Before anything is compared or created."""
    with pytest.raises(RefusedError):
        checked("kubernetes:core/v1:PodPatch", {"kind": "Pod"})
