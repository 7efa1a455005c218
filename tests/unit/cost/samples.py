"""A report made by hand: two models, one new, with something of everything that a report can say."""

from __future__ import annotations

import datetime
from dataclasses import replace
from fractions import Fraction
from typing import Any

from infra.cost.money import Range
from infra.cost.report import (
    Budget,
    Change,
    Check,
    ColdStart,
    Curve,
    Driver,
    Gate,
    IdleNode,
    ModelCost,
    NodeUse,
    Prices,
    Report,
    SpotRisk,
    Step,
    TokenCost,
)
from infra.cost.types import Confidence, Estimate, Kind, Line, Resources, Shape, Unpriced, Workload

NOW = datetime.datetime(2026, 11, 21, 12, 30, tzinfo=datetime.UTC)
EVIL = "x|<script>alert(1)</script>`@admin [a](http://evil) \"'&\n\x1b[31m=1"
"""A name that no format may let through as more than a name."""


def line(kind: Kind, name: str, cents: tuple[int, int, int], **fields: Any) -> Line:
    """One line of namespace slipway."""
    words = {"unit": "node hours", "quantity": Fraction(730), "price": Fraction(1), "namespace": "slipway"}
    rest = {"confidence": Confidence.LIST_PRICE, "driver": "replicas"}
    return Line(kind=kind, name=name, cost=Range(*cents), **{**words, **rest, **fields})


def estimate() -> Estimate:
    """Typical: 500 + 120.50 + 79.50 + 8 + 73 = 781 dollars."""
    lines = (
        line(Kind.GPU, "g5.xlarge in gpu", (25000, 50000, 100000), model="llama", workload="slipway/llama"),
        line(Kind.CPU_MEMORY, "g5.xlarge in gpu", (6000, 12050, 24000), model="llama", workload="slipway/llama"),
        line(Kind.IDLE, "g5.xlarge in gpu", (4000, 7950, 16000), model="llama", workload="slipway/llama"),
        line(Kind.STORAGE, "weights", (800, 800, 800), model="gemma", unit="GiB-months", price=Fraction(8, 100)),
        line(Kind.CONTROL_PLANE, "eks", (7300, 7300, 7300), namespace="", unit="hours", price=Fraction(1, 10)),
    )
    unpriced = (Unpriced("Release slipway/redis", "opaque"), Unpriced("slipway/job", "requests nothing", False))
    return Estimate(lines, unpriced, 80000, 120000)


def before() -> Estimate:
    """Typical: 250 + 73 = 323 dollars."""
    lines = (
        line(Kind.GPU, "g5.xlarge in gpu", (25000, 25000, 25000), model="llama", workload="slipway/llama"),
        line(Kind.CONTROL_PLANE, "eks", (7300, 7300, 7300), namespace="", unit="hours", price=Fraction(1, 10)),
    )
    return Estimate(lines, (), 32300, 32300)


def row(name: str, cents: tuple[int, int, int], **fields: Any) -> ModelCost:
    """A row of the table by model."""
    words: dict[str, Any] = {"gpu": "", "replicas": (1, 2, 4), "spot_percent": 0, "by_kind": {}, "before": None}
    return ModelCost(name=name, cost=Range(*cents), **{**words, **fields})


def workload(name: str = "llama") -> Workload:
    """With one GPU."""
    return Workload("Deployment", "slipway", name, Shape(Resources(1000, 2**30, 1)), 1, 4, model=name)


def report(**fields: Any) -> Report:
    """All of it; `fields` instead of its own."""
    tokens = TokenCost(
        Fraction(14, 10), Fraction(28, 100), Fraction(2000), Fraction(1, 5), "measured: a test", True,
        "llama of a host", Fraction(9, 10), 750_000_000,
    )  # fmt: skip
    llama = row(
        "llama",
        (35000, 70000, 140000),
        gpu="1 x NVIDIA-A10G",
        spot_percent=80,
        by_kind={Kind.GPU: Range(25000, 50000, 100000), Kind.CPU_MEMORY: Range(6000, 12050, 24000),
                 Kind.IDLE: Range(4000, 7950, 16000)},
        before=Range(25000, 25000, 25000),
        tokens=tokens,
    )  # fmt: skip
    found = Report(
        stack="prod",
        currency="USD",
        before=before(),
        after=estimate(),
        models=(
            llama,
            row("gemma", (800, 800, 800), by_kind={Kind.STORAGE: Range(800, 800, 800)}),
            row("shared", (7300, 7300, 7300), replicas=(0, 0, 0), before=Range(7300, 7300, 7300),
                by_kind={Kind.CONTROL_PLANE: Range(7300, 7300, 7300)}),
        ),
        nodes=(NodeUse("gpu", "g5.xlarge", "on-demand", (1, 2, 4), Fraction("1.006"), 7950, 11, "1 x slipway/llama"),),
        steps=(Step("slipway/llama", 3, 3, 73438),),
        changes=(
            Change("slipway/llama", "max_replicas", "2", "4", Range(10000, 45000, 115000)),
            Change("slipway/gemma", "added", "", "1 to 4 replicas", Range(800, 800, 800)),
        ),
        drivers=(Driver("replicas", 43100, 148100), Driver("spot price", 70000, 90000), Driver("none", 78100, 78100),
                 Driver("time without spot", 77000, 80000)),
        spot=(SpotRisk("slipway/llama", 80, 10, Fraction("0.347"), Fraction("0.553"), Fraction(13, 5), "over zones"),),
        week_cents=tuple(
            {Kind.GPU: 100 if 8 <= hour % 24 < 20 else 40, Kind.CONTROL_PLANE: 10} for hour in range(168)
        ),
        schedule_saving_cents=25000,
        budgets=(
            Budget("stack, typical", 100000, 78100, Gate.PASS, "78 % of the limit"),
            Budget("stack, max", 140000, 148100, Gate.EXCEEDED, "106 % of the limit"),
        ),
        prices=Prices("2026.08.03", "0edcd6fe52e4" + "0" * 52, datetime.date(2026, 7, 20), 124, ("a source",)),
        warnings=("a warning",),
        assumptions=("a month has 730 hours",),
        unplaced=((workload("huge"), 2, "no node has 9 GPUs"),),
        curves=(Curve("slipway/llama", ((1, 1, 35000), (2, 2, 70000), (3, 3, 105000), (4, 4, 140000))),),
        price_gate=Gate.EXCEEDED,
        checks=(Check("the preview", Gate.WARNING, "it is not whole"),),
        idle=(IdleNode("gpu", "g5.xlarge", 2, "1 x slipway/llama", "920m CPU", 7950, 11),),
        cold_starts=(ColdStart("slipway/llama", Fraction(60), 90, Fraction(90)),),
    )  # fmt: skip
    return replace(found, **fields)


def plain(**fields: Any) -> Report:
    """One of which nothing is wrong and nothing is special: it passes."""
    empty: dict[str, Any] = {
        "before": None, "after": replace(estimate(), unpriced=()), "changes": (), "budgets": (), "warnings": (),
        "unplaced": (), "price_gate": Gate.PASS, "checks": (), "spot": (), "drivers": (), "curves": (), "steps": (),
        "schedule_saving_cents": 0, "idle": (), "cold_starts": (), "week_cents": (),
    }  # fmt: skip
    return report(**{**empty, **fields})


def evil() -> Report:
    """Every name that comes from outside is EVIL."""
    found = report()
    return replace(
        found,
        stack=EVIL,
        after=replace(
            found.after,
            lines=tuple(replace(each, name=EVIL, model=EVIL, note=EVIL, namespace=EVIL) for each in found.after.lines),
            unpriced=(Unpriced(EVIL, EVIL),),
        ),
        models=tuple(replace(each, name=EVIL, gpu=EVIL) for each in found.models),
        changes=tuple(replace(each, subject=EVIL, before=EVIL, after=EVIL) for each in found.changes),
        nodes=tuple(replace(each, pool=EVIL, type=EVIL, caused_by=EVIL) for each in found.nodes),
        steps=tuple(replace(each, workload=EVIL) for each in found.steps),
        spot=tuple(replace(each, workload=EVIL, note=EVIL) for each in found.spot),
        curves=tuple(replace(each, workload=EVIL) for each in found.curves),
        drivers=tuple(replace(each, name=EVIL) for each in found.drivers),
        budgets=tuple(replace(each, name=EVIL, message=EVIL) for each in found.budgets),
        warnings=(EVIL,),
        assumptions=(EVIL,),
        prices=replace(found.prices, sources=(EVIL,)),
        unplaced=((workload(EVIL), 1, EVIL),),
    )
