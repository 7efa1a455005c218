"""What the sources say -> the price book as one mapping, and as the text of its file.

Only machines of the project's table are taken over; all regions that a source has. Prices stay decimal text.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.cost.price_file import FORMAT, digest
from tools.prices.hosted import HostedPrice
from tools.prices.karpenter import Table, shorten

Regions = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Sources:
    """All that has been read. The mappings are the files of infra/cost/data/ of that name."""

    aws: Table
    azure: Table
    gcp: Mapping[str, Any]
    regions: Mapping[str, Any]
    spot: Mapping[str, Any]
    services: Mapping[str, Any]
    hosted_models: Mapping[str, Any]
    hosted: Mapping[str, HostedPrice]
    about: Mapping[str, Mapping[str, str]]  # by provider, and "hosted": source, version, time, licence


def book(sources: Sources, is_wanted: Callable[[str, str], bool]) -> dict[str, Any]:
    """`is_wanted` says of a provider's machine whether it is in the table."""
    gcp_listed, gcp_spot = _gcp(sources.gcp)
    listed: dict[str, dict[str, Mapping[str, str]]] = {
        "aws": dict(sources.aws.regions),
        "azure": dict(sources.azure.regions),
        "gcp": dict(gcp_listed),
    }
    for provider, regions in sources.regions.items():
        for region, prices in regions.items():
            listed[provider][region] = {**prices, **listed[provider].get(region, {})}
    times = [sources.about[provider]["time"] for provider in listed]
    content = {
        "format": FORMAT,
        "version": max(times)[:10].replace("-", "."),
        "time": max(times),
        "sources": dict(sources.about),
        "on_demand": _wanted(listed, is_wanted),
        "spot": _wanted({"gcp": dict(gcp_spot)}, is_wanted),
        "spot_shares": dict(sources.spot),
        "services": dict(sources.services),
        "hosted": {
            name: {**entry, **dataclasses.asdict(sources.hosted[name])} for name, entry in sources.hosted_models.items()
        },
    }
    return {"sha256": digest(content), **content}


def text(content: Mapping[str, Any]) -> str:
    """The file: one line for a region, so that a new version can be compared with the old one."""
    parts = [f"  {json.dumps(key)}: {_shown(value, 1)}" for key, value in content.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _shown(value: Any, depth: int) -> str:
    if not isinstance(value, Mapping) or depth == 3 or not value:
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    pad = "  " * (depth + 1)
    inner = [f"{pad}{json.dumps(str(key))}: {_shown(value[key], depth + 1)}" for key in sorted(value)]
    return "{\n" + ",\n".join(inner) + "\n" + "  " * depth + "}"


def _gcp(extract: Mapping[str, Any]) -> tuple[Regions, Regions]:
    regions = extract["prices"].items()
    listed = {region: {name: shorten(both[0]) for name, both in prices.items()} for region, prices in regions}
    spot = {region: {name: shorten(both[1]) for name, both in prices.items()} for region, prices in regions}
    return listed, spot


def _wanted(
    listed: Mapping[str, Mapping[str, Mapping[str, str]]], is_wanted: Callable[[str, str], bool]
) -> dict[str, Regions]:
    """Without machines that the table does not have, and regions that have none left."""
    found: dict[str, Regions] = {}
    for provider, regions in listed.items():
        kept = {
            region: {name: price for name, price in prices.items() if is_wanted(provider, name)}
            for region, prices in regions.items()
        }
        found[provider] = {region: prices for region, prices in kept.items() if prices}
    return found
