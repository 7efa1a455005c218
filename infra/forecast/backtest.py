"""What a forecast would have done in weeks that were: time with too few replicas, and replicas paid for. Pure.

Both worlds follow the load as an autoscaler does, and a new replica serves when it has loaded. One of them knows the
table besides. Load that comes faster than a replica loads is where they differ; the rest costs the same.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from infra import weeks
from infra.forecast.history import Sample
from infra.weeks import Week

MOST_STEP_S: Final = 900
"""A longer pause between two samples is a gap in the record, and is left out."""


@dataclass(frozen=True, slots=True)
class World:
    """How replicas follow load. `target`: requests of one replica."""

    least: int
    most: int
    target: float
    load_s: float
    quiet_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """`short_s`: seconds with fewer serving replicas than the load asked for. `waiting_s`: requests above, by time."""

    short_s: float
    waiting_s: float
    replica_s: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """The same weeks without the table and with it."""

    without: Outcome
    with_table: Outcome

    def __str__(self) -> str:
        before, after = self.without, self.with_table
        more = after.replica_s - before.replica_s
        percent = 100 * more / before.replica_s if before.replica_s else 0.0
        return (
            f"too few replicas for {before.short_s / 60:.0f} min without the forecast, "
            f"{after.short_s / 60:.0f} min with it; "
            f"{(before.waiting_s - after.waiting_s) / 60:.0f} request minutes of waiting avoided, for "
            f"{more / 3600:+.1f} replica hours ({percent:+.0f} %)"
        )


def backtest(samples: Sequence[Sample], week: Week, time_zone: str, world: World) -> Backtest:
    """`week`: the least numbers that the table makes, as the plan has them."""
    zone = ZoneInfo(time_zone)
    return Backtest(
        _play(samples, world, lambda _: world.least),
        _play(samples, world, lambda at: max(world.least, week.at(weeks.minute_at(at, zone)))),
    )


def _play(samples: Sequence[Sample], world: World, least_at: Callable[[float], int]) -> Outcome:
    """Replicas that are asked for serve `load_s` later; they go when fewer have been enough for `quiet_s`."""
    short_s = waiting_s = replica_s = 0.0
    asked: list[tuple[float, int]] = []
    serving_since: list[float] = []
    for sample, step_s in _steps(samples):
        needed = math.ceil(sample.requests / world.target)
        wanted = min(max(needed, least_at(sample.at)), world.most)
        asked = [(at, count) for at, count in asked if at > sample.at - world.quiet_s] + [(sample.at, wanted)]
        held = max(count for _, count in asked)
        if not serving_since:
            serving_since = [sample.at] * held
        serving_since = sorted(serving_since)[:held] + [sample.at + world.load_s] * (held - len(serving_since))
        serving = sum(since <= sample.at for since in serving_since)
        over = sample.requests - serving * world.target
        if over > 0 and serving < min(needed, world.most):
            short_s += step_s
            waiting_s += over * step_s
        replica_s += len(serving_since) * step_s
    return Outcome(short_s, waiting_s, replica_s)


def _steps(samples: Sequence[Sample]) -> Iterator[tuple[Sample, float]]:
    for sample, after in itertools.pairwise(samples):
        if 0 < after.at - sample.at <= MOST_STEP_S:
            yield sample, after.at - sample.at
