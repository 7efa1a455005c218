"""A snapshot, a stack's settings and a day -> the Report: what the command line, the policy and the check of a pull
request all call, so that the three can't disagree.

Knows nothing of files that a user names.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from infra.cost import what_if
from infra.cost.analyse import analyse
from infra.cost.estimate import total
from infra.cost.market import Market
from infra.cost.opening import open_market
from infra.cost.price_book import PriceBook
from infra.cost.report import Change, Check, Gate, Report
from infra.cost.settings import CostSettings
from infra.cost.snapshot import Snapshot
from infra.cost.throughput_file import Entry
from infra.cost.types import Demand
from infra.cost.what_if import WhatIf


def assess(
    stack: str, snapshot: Snapshot, settings: CostSettings, today: datetime.date, measured: Sequence[Entry] = ()
) -> Report:
    """Everything about a snapshot: its state before, where it tells one, and after."""
    before, after = snapshot.demands(settings.time_zone)
    market = open_market(settings, after, measured=measured)
    return _of_demands(stack, before, after, market, today, snapshot)


def assess_what_if(
    stack: str,
    snapshot: Snapshot,
    settings: CostSettings,
    today: datetime.date,
    asked: WhatIf,
    measured: Sequence[Entry] = (),
) -> Report:
    """As if it were set otherwise. Before is what it is set to: two markets, so two reports, and each option's part."""
    _, now = snapshot.demands(settings.time_zone)
    market = open_market(settings, now, measured=measured)
    past = _of_demands(stack, None, now, market, today, snapshot)
    states = [(now, market), *_states(now, market, asked, measured)]
    found = _of_demands(stack, None, *states[-1], today, snapshot)
    costs = [total(*state).cost for state in states]
    rows = {row.name: row.cost for row in past.models}
    return replace(
        found,
        before=past.after,
        models=tuple(replace(row, before=rows.get(row.name)) for row in found.models),
        changes=tuple(
            Change(subject, field, "", value, after - before)
            for (subject, field, value), (before, after) in zip(_options(asked), pairwise(costs), strict=True)
        ),
    )


def _states(now: Demand, market: Market, asked: WhatIf, measured: Sequence[Entry]) -> Iterator[tuple[Demand, Market]]:
    """With one option more each. What a model yields hangs on its GPU, and with traffic its replicas hang on that."""
    for each in _growing(asked):
        then, other = what_if.change(now, market, each)
        yield then, open_market(other.settings, then, measured=measured)


def _options(asked: WhatIf) -> list[tuple[str, str, str]]:
    """What each option changes, in the order in which they are counted."""
    return [
        *((name, "replicas", f"{least} to {most}") for name, (least, most) in asked.replicas.items()),
        *((name, "gpu", product) for name, product in asked.gpus.items()),
        *((name or "all pools", "spot", f"{float(share):.0%}") for name, share in asked.spot.items()),
    ]


def _growing(asked: WhatIf) -> Iterator[WhatIf]:
    """The first option, then the first two, and so on: what each adds is its part."""
    found = WhatIf()
    for name, bounds in asked.replicas.items():
        found = replace(found, replicas={**found.replicas, name: bounds})
        yield found
    for name, product in asked.gpus.items():
        found = replace(found, gpus={**found.gpus, name: product})
        yield found
    for name, share in asked.spot.items():
        found = replace(found, spot={**found.spot, name: share})
        yield found


def _of_demands(
    stack: str,
    before: Demand | None,
    after: Demand,
    market: Market,
    today: datetime.date,
    snapshot: Snapshot,
) -> Report:
    book = PriceBook(market.settings)
    # A book without the stack's region has no machine's price: whatever is told, the total is wrong.
    problems = tuple(Check("price book", Gate.WARNING, problem) for problem in book.problems())
    checks = (*snapshot.checks, *problems, *_gone(before, after))
    return analyse(stack, before, after, market, book.facts(today), snapshot.warnings, checks)


def _gone(before: Demand | None, after: Demand) -> Iterator[Check]:
    """What has no price and was there only before: then the difference is wrong, though the total after is right."""
    known = {each.id for each in after.unpriced}
    for each in before.unpriced if before else ():
        if each.is_total_wrong and each.id not in known:
            yield Check("before", Gate.WARNING, f"{each.id} is not in its cost: {each.reason}")
