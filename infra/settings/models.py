"""Keys of `models.<id>`: what a stack does otherwise than the catalog. None means: as the catalog or the stack says."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from infra.catalog.types import TIERS
from infra.fields import Text
from infra.settings.cluster import Sharing
from infra.settings.group import Days, Group, Minute, Replicas, TimeZone

Tier = Literal["critical", "standard", "batch", "experimental"]
assert Tier.__args__ == TIERS  # type: ignore[attr-defined]  # said twice, since a Literal can't be computed
Delivery = Literal["auto", "own", "shared", "image", "ephemeral"]
Signal = Literal["auto", "cpu", "queue"]
Spot = Literal["none", "burst"]


class WindowSettings(Group):
    """Hours with a least number of their own: a clock can ask for more, not for fewer than the load does.

    An `end` at or before `start` is on the next day.
    """

    days: Days
    start: Minute
    end: Minute
    time_zone: TimeZone | None = None
    min_replicas: Replicas


class ModelSettings(Group):
    """One model of the stack."""

    min_replicas: Replicas | None = None
    max_replicas: Annotated[int, Field(ge=1, le=1000)] | None = None
    profile: Text | None = None
    num_slots: Annotated[int, Field(ge=1, le=256)] | None = None
    context_tokens: Annotated[int, Field(ge=256, le=2**24)] | None = None
    tier: Tier | None = None
    schedule: list[WindowSettings] | None = None
    spot: Spot | None = None
    on_demand_floor: Replicas | None = None
    signal: Signal | None = None
    keep_warm: Annotated[int, Field(ge=0, le=100)] | None = None
    weights: Delivery | None = None
    weights_image: Text | None = None
    gpu_sharing: Sharing | None = None
    draft_tokens: Annotated[int, Field(ge=0, le=16)] | None = None
    step_tokens: Annotated[int, Field(ge=16, le=8192)] | None = None
    chat_template_kwargs: dict[str, JsonValue] | None = None
