"""What is copied, when, to where, and how long it is kept."""

from dataclasses import dataclass
from typing import Literal

from infra.plan.storage import Claim
from infra.stack import StackConfig


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """`claim` for target volume; `bucket` with `secret` (its credentials) for target s3."""

    target: Literal["volume", "s3"]
    schedule: str
    time_zone: str
    keep: int
    what: tuple[str, ...]
    claim: Claim | None = None
    bucket: str | None = None
    endpoint: str | None = None
    region: str | None = None
    secret: str | None = None


def plan_backup(config: StackConfig) -> BackupPlan | None:
    """None where the stack asks for none. None is made yet."""
    del config
    return None
