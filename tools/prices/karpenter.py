"""The Go source of a Karpenter provider's price table -> prices by region and machine, as the text that stands there.

Both tables are generated and regular: one entry is `"name": 1.230000`, a region's entries lie between its heading and
the next one. What does not look like that is an error, not a price that is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tools.errors import ToolError

GENERATED: Final = re.compile(r"^// generated at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)", re.MULTILINE)
ENTRY: Final = re.compile(r'"([^"]+)":\s+(\d+\.\d+),')
AWS_REGION: Final = re.compile(r'^\t"([a-z0-9-]+)": \{$', re.MULTILINE)
AZURE_REGION: Final = re.compile(r'^\tinitialOnDemandPrices\["([a-z0-9]+)"\] = map\[string\]float64\{$', re.MULTILINE)


class WrongTable(ToolError):
    """The file is not the table that was expected."""


@dataclass(frozen=True, slots=True)
class Table:
    """On-demand prices, dollars an hour."""

    time: str
    regions: Mapping[str, Mapping[str, str]]


def aws(text: str) -> Table:
    """`zz_generated.pricing_aws.go`."""
    return _table(text, AWS_REGION)


def azure(text: str) -> Table:
    """`zz_generated.pricing.go`."""
    return _table(text, AZURE_REGION)


def _table(text: str, heading: re.Pattern[str]) -> Table:
    time = GENERATED.search(text)
    regions = dict(_regions(text, heading))
    if time is None or not regions or not all(regions.values()):
        raise WrongTable("the price table is not written as expected: no time, no region, or a region without a price")
    return Table(time[1], regions)


def _regions(text: str, heading: re.Pattern[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    starts = list(heading.finditer(text))
    for start, following in zip(starts, [*starts[1:], None][: len(starts)], strict=True):
        part = text[start.end() : following.start() if following else len(text)]
        entries = ENTRY.findall(part)
        if len(entries) != part.count('":'):
            raise WrongTable(f"{start[1]}: {part.count(chr(34) + ':')} entries, of which {len(entries)} are prices")
        yield start[1], {name: shorten(price) for name, price in entries}


def shorten(price: str) -> str:
    """`0.100000` -> `0.1`: the same number."""
    return price.rstrip("0").rstrip(".") if "." in price else price
