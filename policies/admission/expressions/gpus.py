"""Who gets GPUs, and who keeps away from their nodes, in CEL."""

from __future__ import annotations

from typing import Final

from policies.admission.cel import Expressions, Table, either, every, field, literal
from policies.admission.expressions.resources import HAS_GPU, is_gpu
from policies.rules.gpu import NO_DEVICES, VISIBLE
from policies.rules.gpu_nodes import SCHEDULES


def _visible_devices() -> str:
    named = f"c.?env.orValue([]).filter(entry, entry.name == {literal(VISIBLE)})"
    harmless = [value for value in NO_DEVICES if value is not None]
    value = f"entry.?value.orValue('') in {literal(harmless)}"
    return either(HAS_GPU, f"{named}.all(entry, {every('!has(entry.valueFrom)', value)})")


def _off_gpu_nodes() -> str:
    key, effect = "toleration.?key.orValue('')", "toleration.?effect.orValue('')"
    schedules = f"{effect} in {literal(each for each in SCHEDULES if each is not None)}"
    anything = every(f"{key} == ''", "toleration.?operator.orValue('') == 'Exists'")
    refused = every(schedules, either(is_gpu(key), anything))
    return either(
        "variables.kind == 'DaemonSet'",
        f"size({field('variables.spec.resourceClaims', '[]')}) > 0",
        f"variables.containers.exists(c, {HAS_GPU})",
        f"{field('variables.spec.tolerations', '[]')}.all(toleration, !({refused}))",
    )


TABLE: Final[Table] = {
    "gpu-env-bypass": Expressions(container=_visible_devices()),
    "cpu-pod-off-gpu-nodes": Expressions(pod=_off_gpu_nodes()),
}
