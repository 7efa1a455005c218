"""All rules that are said in CEL, by subject: each module has a TABLE."""

from collections.abc import Mapping
from typing import Final

from policies.admission.cel import Expressions, Table
from policies.admission.expressions import gpus, images, objects, pod_security, pods, probes, rbac, resources
from policies.settings import Settings

TABLES: Final[tuple[Table, ...]] = (
    pod_security.TABLE,
    pods.TABLE,
    images.TABLE,
    resources.TABLE,
    gpus.TABLE,
    probes.TABLE,
    rbac.TABLE,
    objects.TABLE,
)


def expressions(settings: Settings) -> Mapping[str, Expressions]:
    """What each rule that CEL can say demands under these settings."""
    return {
        rule: entry if isinstance(entry, Expressions) else entry(settings)
        for table in TABLES
        for rule, entry in table.items()
    }
