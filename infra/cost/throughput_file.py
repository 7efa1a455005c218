"""The throughput table: reading it, joining what `slipway bench` has measured, and writing such entries.

The meaning of every field is said at the top of data/throughput.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BeforeValidator, Field, ValidationError

from infra.cost import plain_yaml
from infra.cost.errors import ThroughputError
from infra.cost.settings_schema import Group, Number, Rate
from infra.fields import Text
from infra.problems import describe

PATH: Final = Path(__file__).parent / "data" / "throughput.yaml"
CPU: Final = "cpu"
Origin = Literal["measured", "published"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One measurement."""

    model: str
    hardware: str
    count: Fraction
    engine: str
    quantisation: str
    context_tokens: int
    slots: int
    single_tokens_s: Fraction
    origin: Origin
    source: str
    date: datetime.date
    tokens_s: Fraction | None = None
    prompt_tokens_s: Fraction | None = None

    @property
    def case(self) -> tuple[object, ...]:
        """What it is a measurement of: two entries of one case can't both hold."""
        return (self.model, self.hardware, self.count, self.engine, self.quantisation, self.context_tokens, self.slots)


@dataclass(frozen=True, slots=True)
class Speed:
    """What a GPU, or a core, does."""

    gb_s: Fraction
    efficiency: Fraction
    prompt_tera: Fraction
    batch_gain: Fraction


@dataclass(frozen=True, slots=True)
class Parameters:
    """Of a model: those that one token uses, and the gigabytes that are read for it (None: the whole file)."""

    active: int
    gb_per_token: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The whole file. `hardware` has `cpu` for one core."""

    hardware: Mapping[str, Speed]
    weights: Mapping[str, Parameters] = field(default_factory=dict)  # by the name of the file
    entries: tuple[Entry, ...] = ()


def _date(value: Any) -> datetime.date:
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("allowed: a day such as 2026-11-21") from None


class _Entry(Group):
    model: Text
    hardware: Text
    count: Rate
    engine: Text
    quantisation: Text
    context_tokens: Annotated[int, Field(ge=1)]
    slots: Annotated[int, Field(ge=1)]
    single_tokens_s: Rate
    origin: Origin
    source: Text
    date: Annotated[datetime.date, BeforeValidator(_date)]
    tokens_s: Rate | None = None
    prompt_tokens_s: Rate | None = None


class _Speed(Group):
    gb_s: Rate
    efficiency: Rate
    prompt_tera: Rate
    batch_gain: Number


class _Parameters(Group):
    active: Annotated[int, Field(ge=1)]
    gb_per_token: Rate | None = None


class _File(Group):
    hardware: dict[str, _Speed] = Field(default_factory=dict)
    weights: dict[str, _Parameters] = Field(default_factory=dict)
    entries: list[_Entry] = Field(default_factory=list)


@cache
def load(path: Path = PATH) -> Table:
    """The project's own table, or a file of measured entries."""
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except OSError as error:
        raise ThroughputError([f"{path.name}: can't be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ThroughputError([f"{path.name}: not text: byte {error.start} is no UTF-8"]) from None


def parse(text: str, name: str = "throughput") -> Table:
    """All problems are told together."""
    try:
        content = plain_yaml.load(text)
        file = _File.model_validate({} if content is None else content)
    except yaml.YAMLError as error:
        raise ThroughputError([f"{name}: no YAML: {' '.join(str(error).split())}"]) from None
    except ValidationError as error:
        spelt = describe(error, _File, lambda location: f"{name}: " + ".".join(map(str, location)))
        raise ThroughputError(spelt) from None
    return Table(
        {key: Speed(**dict(speed)) for key, speed in file.hardware.items()},
        {key: Parameters(**dict(count)) for key, count in file.weights.items()},
        tuple(Entry(**dict(entry)) for entry in file.entries),
    )


def merge(table: Table, entries: Iterable[Entry]) -> Table:
    """The table with more entries: of each case the measured one before the published one, then the newer one."""
    best: dict[tuple[object, ...], Entry] = {}
    for entry in (*table.entries, *entries):
        known = best.get(entry.case)
        if known is None or _rank(entry) >= _rank(known):
            best[entry.case] = entry
    return Table(table.hardware, table.weights, tuple(best.values()))


def text(entries: Sequence[Entry]) -> str:
    """A file with these entries, which `parse` reads back."""
    return yaml.safe_dump({"entries": [_plain(entry) for entry in entries]}, sort_keys=False, allow_unicode=True)


def _rank(entry: Entry) -> tuple[bool, datetime.date]:
    return entry.origin == "measured", entry.date


def _plain(entry: Entry) -> dict[str, Any]:
    given = {each.name: getattr(entry, each.name) for each in fields(entry)}
    kept = {name: value for name, value in given.items() if value is not None}
    return {name: value if isinstance(value, int | str) else _decimal(value) for name, value in kept.items()}


def _decimal(value: Any) -> str:
    """A day, or a number to six decimals: no measurement has more."""
    if not isinstance(value, Fraction):
        return str(value)
    return format(round(Decimal(value.numerator) / Decimal(value.denominator), 6).normalize(), "f")
