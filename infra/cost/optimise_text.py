"""The search for cheaper node types in words: which pools change, what that saves, and why nothing else was taken."""

from __future__ import annotations

from collections.abc import Iterator

from infra.cost.optimise import Optimisation, Trial
from infra.cost.types import Pool


def text(found: Optimisation, currency: str = "USD") -> str:
    """Some lines, without a last line feed."""
    return "\n".join(_lines(found, currency))


def _lines(found: Optimisation, currency: str) -> Iterator[str]:
    how = f"{found.num_trials} sets of node types were packed"
    ended = "" if found.is_whole else "; the search ended at its bound, so there may be cheaper ones"
    if not found.changes:
        yield f"No other node types were found that cost less: {how}{ended}."
    else:
        saved = found.saving
        low, typical, high = map(_money, (saved.low_cents, saved.typical_cents, saved.high_cents))
        yield f"Saves {typical} {currency} of nodes a month, {low} when it is cheapest, {high} when it is dearest."
    for before, after in found.changes:
        yield f"  pool {before.name}: {_names(before)} -> {_names(after)}"
    yield f"Nodes now: {_range(found.now)} {currency} a month; then: {_range(found.best)} {currency}."
    if found.best.num_unplaced:
        yield f"{found.best.num_unplaced} pods fit nowhere: {found.best.why}"
    elif found.now.num_unplaced:
        yield f"Now {found.now.num_unplaced} pods fit nowhere: {found.now.why}"
    if found.changes and found.next_best:
        more = found.next_best.cost - found.best.cost
        same = "it costs as much" if not more.typical_cents else f"{_money(more.typical_cents)} more"
        yield f"Next best: {_differences(found.next_best, found)}: {same}."
    if found.too_small:
        yield f"Cheaper, but does not fit: {_differences(found.too_small, found)}: {found.too_small.why}"
    if found.changes:
        yield f"Every pod fits at its most replicas: {how}{ended}."


def _differences(trial: Trial, found: Optimisation) -> str:
    """The pools of a trial that are not as in the best."""
    if trial is found.now:
        return "what it has now"
    pairs = zip(trial.pools, found.best.pools, strict=True)
    return ", ".join(f"{pool.name} with {_names(pool)}" for pool, best in pairs if pool.types != best.types)


def _names(pool: Pool) -> str:
    return ", ".join(node.name for node in pool.types) or "no type"


def _range(trial: Trial) -> str:
    return f"{_money(trial.cost.typical_cents)} ({_money(trial.cost.low_cents)} to {_money(trial.cost.high_cents)})"


def _money(cents: int) -> str:
    """Exact: no float."""
    sign, rest = "-" if cents < 0 else "", abs(cents)
    return f"{sign}{rest // 100:,}.{rest % 100:02d}"
