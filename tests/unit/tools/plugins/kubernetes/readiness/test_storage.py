"""Claims and volumes."""

from __future__ import annotations

from typing import Any

from tools.plugins.kubernetes.readiness.storage import claim, volume
from tools.plugins.kubernetes.readiness.verdict import Verdict, View

CLASSES = [
    {"metadata": {"name": "now"}, "volumeBindingMode": "Immediate"},
    {"metadata": {"name": "late"}, "volumeBindingMode": "WaitForFirstConsumer"},
]


def verdict(phase: str | None, storage_class: str) -> Verdict:
    """Of a claim."""
    live: dict[str, Any] = {
        "metadata": {"name": "c"},
        "spec": {"storageClassName": storage_class},
        "status": {"phase": phase},
    }
    return claim(View(live, related={"StorageClass": CLASSES}))


def test_a_claim_is_ready_when_it_is_bound() -> None:
    """Pending is not enough."""
    assert verdict("Bound", "now").is_ready
    assert not verdict("Pending", "now").is_ready


def test_a_claim_that_waits_for_a_pod_is_ready_when_it_is_pending() -> None:
    """But not before the API server has it."""
    assert verdict("Pending", "late").is_ready
    assert not verdict(None, "late").is_ready


def test_a_lost_claim_is_hopeless_and_a_missing_class_is_named() -> None:
    """Waiting would not help."""
    assert verdict("Lost", "now").is_hopeless
    assert 'its StorageClass "other" does not exist' in verdict("Pending", "other").problems


def test_a_volume_is_ready_when_it_is_available_or_bound() -> None:
    """A failed one never will be."""
    assert volume(View({"status": {"phase": "Available"}})).is_ready
    assert not volume(View({"status": {}})).is_ready
    assert volume(View({"status": {"phase": "Failed"}})).is_hopeless
