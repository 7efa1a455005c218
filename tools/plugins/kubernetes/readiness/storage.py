"""PersistentVolumeClaim and PersistentVolume."""

from __future__ import annotations

from tools.plugins.kubernetes.objects import child, id_of, name_of
from tools.plugins.kubernetes.readiness.verdict import Verdict, View

LATE_BINDING = "WaitForFirstConsumer"


def claim(view: View) -> Verdict:
    """Bound; pending is enough where the StorageClass binds only when a pod comes."""
    phase = child(view.live, "status", "phase")
    storage_class = child(view.live, "spec", "storageClassName")
    modes = {name_of(one): child(one, "volumeBindingMode") for one in view.of_kind("StorageClass")}
    is_late = modes.get(storage_class) == LATE_BINDING
    if phase == "Bound" or (is_late and phase == "Pending"):
        return Verdict(is_ready=True)
    problems = [f'PersistentVolumeClaim "{id_of(view.live)}" is {phase or "not seen yet"}, not Bound']
    if storage_class and storage_class not in modes:
        problems.append(f'its StorageClass "{storage_class}" does not exist')
    return Verdict(
        is_ready=False,
        progress=f"Waiting for the claim to be bound (phase {phase or 'unknown'})",
        problems=tuple(problems),
        is_hopeless=phase == "Lost",
    )


def volume(view: View) -> Verdict:
    """Available or bound."""
    phase = child(view.live, "status", "phase")
    return Verdict(
        is_ready=phase in ("Available", "Bound"),
        progress=f"Waiting for the volume to be available (phase {phase or 'unknown'})",
        problems=(f"the volume's phase is {phase or 'unknown'}, neither Available nor Bound",),
        is_hopeless=phase == "Failed",
    )
