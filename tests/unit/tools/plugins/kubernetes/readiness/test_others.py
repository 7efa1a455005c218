"""Kinds that need a moment, but no pods."""

from tools.plugins.kubernetes.readiness.others import definition, namespace, quota, secret
from tools.plugins.kubernetes.readiness.verdict import View


def test_a_namespace_is_ready_when_it_is_active() -> None:
    """One that is being deleted is not."""
    assert namespace(View({"status": {"phase": "Active"}})).is_ready
    assert not namespace(View({"status": {"phase": "Terminating"}})).is_ready


def test_a_definition_is_ready_when_its_kind_is_established() -> None:
    """A name that is taken is told."""
    assert definition(View({"status": {"conditions": [{"type": "Established", "status": "True"}]}})).is_ready
    taken = {"type": "NamesAccepted", "status": "False", "message": '"boats" is already in use'}
    assert definition(View({"status": {"conditions": [taken]}})).problems == ('"boats" is already in use',)


def test_a_quota_is_ready_when_it_is_in_force() -> None:
    """The controller has copied it into the status."""
    hard = {"pods": "3"}
    assert quota(View({"spec": {"hard": hard}, "status": {"hard": hard}})).is_ready
    assert not quota(View({"spec": {"hard": hard}, "status": {"hard": {"pods": "2"}}})).is_ready


def test_only_a_token_secret_is_waited_for() -> None:
    """Its data comes from a controller."""
    assert secret(View({"type": "Opaque"})).is_ready
    token = {"type": "kubernetes.io/service-account-token"}
    assert not secret(View(token)).is_ready
    assert secret(View({**token, "data": {"token": "x"}})).is_ready
