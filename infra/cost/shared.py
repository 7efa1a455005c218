"""What nobody owns (control plane, NAT, empty nodes) divided between those that do: by model, else by workload.

Ways and names are those of OpenCost's specification, "Shared Costs": uniform, weighted, none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from infra.cost.money import Range, divide
from infra.cost.settings import SharedCosts
from infra.cost.types import Line

SHARED: Final = "shared"


def owner_of(line: Line) -> str:
    """The model, else the workload's id, else `shared`."""
    return line.model or line.workload or SHARED


def split(lines: Sequence[Line], how: SharedCosts) -> Iterator[Line]:
    """Lines of the same total, those that nobody owns in parts; as they are where nobody is to pay them."""
    owners = _owners(lines, how) if how is not SharedCosts.NONE else {}
    for line in lines:
        if not owners or owner_of(line) != SHARED:
            yield line
        else:
            yield from _parts(line, owners)


@dataclass(frozen=True, slots=True)
class _Owner:
    line: Line  # any of its lines: whose it is
    weight: int


def _owners(lines: Sequence[Line], how: SharedCosts) -> Mapping[str, _Owner]:
    found: dict[str, _Owner] = {}
    for line in lines:
        name = owner_of(line)
        if name != SHARED:
            before = found.get(name, _Owner(line, 0))
            found[name] = replace(before, weight=before.weight + line.cost.typical_cents)
    if how is SharedCosts.UNIFORM:
        return {name: replace(owner, weight=1) for name, owner in found.items()}
    return found


def _parts(line: Line, owners: Mapping[str, _Owner]) -> Iterator[Line]:
    weights = [owner.weight for owner in owners.values()]
    cents = (line.cost.low_cents, line.cost.typical_cents, line.cost.high_cents)
    columns = zip(*(divide(each, weights) for each in cents), strict=True)
    whole = sum(weights)
    for owner, column in zip(owners.values(), columns, strict=True):
        part = Fraction(owner.weight, whole) if whole else Fraction(1, len(weights))
        yield replace(
            line,
            cost=Range(*column),
            quantity=line.quantity * part,
            namespace=owner.line.namespace,
            model=owner.line.model,
            workload=owner.line.workload,
        )
