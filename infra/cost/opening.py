"""Settings and demand -> the market: the committed price book, the throughput table, the catalog and all machines.

The only place that joins what is on disk with what a stack says. `measured`: entries that `slipway bench` has written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from infra.catalog.load import load_catalog
from infra.catalog.types import Catalog
from infra.cost import machines, throughput, throughput_file
from infra.cost.market import HourPrices, Market
from infra.cost.price_book import PriceBook
from infra.cost.scenarios import Scenario
from infra.cost.settings import CostSettings
from infra.cost.throughput_file import Entry
from infra.cost.types import Demand


def open_market(
    settings: CostSettings,
    demand: Demand,
    book: PriceBook | None = None,
    catalog: Catalog | None = None,
    measured: Iterable[Entry] = (),
) -> Market:
    """All that `analyse` needs from outside. What each model yields is asked on the node that it would get."""
    book = book or PriceBook(settings)
    sold = tuple(each for each in machines.machines().values() if each.provider == settings.provider)
    market = Market(settings, book, api_prices=book.api_prices(), machines=sold)
    table = throughput_file.merge(throughput_file.load(), measured)
    price = HourPrices(market, Scenario.TYPICAL)
    known = throughput.of_demand(demand, settings.pools, price, catalog or load_catalog(), table)
    return replace(market, throughput=known)
