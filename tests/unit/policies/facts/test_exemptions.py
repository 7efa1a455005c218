"""Whom Pod Security excuses."""

from typing import Any

import pytest

from kube.objects import Object, Pod
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts.exemptions import is_in_user_namespace, is_windows
from policies.settings import Settings


def pod(**spec: Any) -> Pod:
    """A pod with these fields."""
    return Object({"kind": "Pod", "spec": spec}).pods(Trace())[0]


@pytest.mark.parametrize(("name", "expected"), [("windows", True), ("linux", False), (None, False), (UNKNOWN, UNKNOWN)])
def test_a_pod_says_itself_that_it_is_for_windows(name: Any, expected: Any) -> None:
    """Silence means Linux."""
    assert is_windows(pod(os={"name": name}), Settings()) is expected


@pytest.mark.parametrize(("users", "expected"), [(False, True), (True, False), (None, False), (UNKNOWN, UNKNOWN)])
def test_a_pod_says_itself_that_it_has_users_of_its_own(users: Any, expected: Any) -> None:
    """Silence means the node's."""
    assert is_in_user_namespace(pod(hostUsers=users), Settings()) is expected


@pytest.mark.parametrize(("minor", "expected"), [(24, False), (25, True)])
def test_windows_is_excused_since_a_version(minor: int, expected: Any) -> None:
    """1.25."""
    assert is_windows(pod(os={"name": "windows"}), Settings(pod_security_version=(1, minor))) is expected


@pytest.mark.parametrize(("minor", "expected"), [(34, False), (35, True)])
def test_a_user_namespace_excuses_since_a_version(minor: int, expected: Any) -> None:
    """1.35."""
    assert is_in_user_namespace(pod(hostUsers=False), Settings(pod_security_version=(1, minor))) is expected
