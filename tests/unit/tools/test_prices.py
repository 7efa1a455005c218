"""Making the price book: reading the generated Go tables and the list of hosted models, and what becomes of them."""

import datetime
import json
from typing import Any

import pytest

from infra.cost import machines
from infra.cost.price_file import PATH, digest
from tools.prices import build, hosted, karpenter
from tools.prices.hosted import HostedPrice, NoSuchModel
from tools.prices.karpenter import WrongTable

AWS = """package pricing

// generated at 2026-07-20T13:44:30Z for us-east-1

var InitialOnDemandPricesAWS = map[string]map[ec2types.InstanceType]float64{
\t// us-east-1
\t"us-east-1": {
\t\t// m7i family
\t\t"m7i.large": 0.100800, "m7i.xlarge": 0.201600,
\t\t"m7i.metal-24xl": 4.838400,
\t},
\t// us-west-2
\t"us-west-2": {
\t\t"m7i.large": 0.100800,
\t},
}
"""
AZURE = """// generated at 2026-06-18T03:43:41Z

var initialOnDemandPrices = map[string]map[string]float64{}

func init() {
\t// eastus
\tinitialOnDemandPrices["eastus"] = map[string]float64{
\t\t"Standard_D4s_v5":           0.192000,
\t\t"Dsv3_Type 3":               6.600000,
\t}

\t// westeurope
\tinitialOnDemandPrices["westeurope"] = map[string]float64{
\t\t"Standard_D4s_v5": 0.230000,
\t}
}
"""
HOSTED = """
providers: list[Provider] = [
    Provider(
        id='one',
        models=[
            ModelInfo(id='plain', prices=ModelPrice(input_mtok=Decimal('0.10'), output_mtok=Decimal('0.3'))),
            ModelInfo(
                id='dated',
                prices=[
                    ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('1'), output_mtok=Decimal('2'))),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 10, 19)),
                        prices=ModelPrice(input_mtok=Decimal('3'), output_mtok=Decimal('4')),
                    ),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2027, 1, 1)),
                        prices=ModelPrice(input_mtok=Decimal('5'), output_mtok=Decimal('6')),
                    ),
                ],
            ),
            ModelInfo(
                id='by hour',
                prices=[ConditionalPrice(constraint=TimeOfDateConstraint(start_time=1), prices=ModelPrice())],
            ),
            ModelInfo(id='tiered', prices=ModelPrice(input_mtok=TieredPrices(base=Decimal('1')))),
            ModelInfo(
                id='future',
                prices=[
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2027, 1, 1)),
                        prices=ModelPrice(input_mtok=Decimal('5'), output_mtok=Decimal('6')),
                    ),
                ],
            ),
        ],
    ),
    Provider(id='two', models=[]),
]
"""
DAY = datetime.date(2026, 11, 21)


def test_the_table_of_aws_is_read_by_region_with_its_own_time() -> None:
    """Prices stay text; zeros at the end say nothing."""
    table = karpenter.aws(AWS)
    assert table.time == "2026-07-20T13:44:30Z"
    assert table.regions == {
        "us-east-1": {"m7i.large": "0.1008", "m7i.xlarge": "0.2016", "m7i.metal-24xl": "4.8384"},
        "us-west-2": {"m7i.large": "0.1008"},
    }


def test_the_table_of_azure_is_read_by_region() -> None:
    """Names with spaces are names, too."""
    table = karpenter.azure(AZURE)
    assert table.time == "2026-06-18T03:43:41Z"
    assert table.regions["eastus"] == {"Standard_D4s_v5": "0.192", "Dsv3_Type 3": "6.6"}
    assert table.regions["westeurope"] == {"Standard_D4s_v5": "0.23"}


@pytest.mark.parametrize(
    "text",
    [
        AWS.replace("// generated at", "// made at"),
        AWS.replace("0.201600", "unknown"),
        AWS.replace('"us-west-2": {\n\t\t"m7i.large": 0.100800,', '"us-west-2": {'),
        "package pricing",
    ],
    ids=["no time", "no number", "empty region", "no table"],
)
def test_a_table_that_is_written_otherwise_is_an_error(text: str) -> None:
    """A price that is silently left out would later be a machine without one."""
    with pytest.raises(WrongTable):
        karpenter.aws(text)


@pytest.mark.parametrize(("text", "short"), [("0.100000", "0.1"), ("12.000000", "12"), ("100", "100"), ("0", "0")])
def test_prices_are_shortened_without_a_change(text: str, short: str) -> None:
    """100 is not 1."""
    assert karpenter.shorten(text) == short


def test_a_hosted_model_has_its_plain_price() -> None:
    """Without a day: the list does not say since when."""
    assert hosted.prices(HOSTED, {"ours": ("one", "plain")}, DAY) == {"ours": HostedPrice("0.10", "0.3", None)}


def test_of_prices_that_change_the_last_one_that_holds_counts() -> None:
    """The one of 2027 is known and does not hold yet."""
    wanted = {"ours": ("one", "dated")}
    assert hosted.prices(HOSTED, wanted, DAY)["ours"] == HostedPrice("3", "4", "2026-10-19")
    assert hosted.prices(HOSTED, wanted, datetime.date(2026, 1, 1))["ours"] == HostedPrice("1", "2", None)


@pytest.mark.parametrize("model", ["missing", "by hour", "tiered", "future"])
def test_a_hosted_model_without_a_plain_price_is_an_error(model: str) -> None:
    """None is invented."""
    with pytest.raises(NoSuchModel):
        hosted.prices(HOSTED, {"ours": ("one", model)}, DAY)


def sources() -> build.Sources:
    """Small ones."""
    about = {"source": "a table", "version": "v1", "time": "2026-07-20T13:44:30Z", "licence": "Apache-2.0"}
    return build.Sources(
        aws=karpenter.aws(AWS),
        azure=karpenter.azure(AZURE),
        gcp={"prices": {"us-central1": {"e2-standard-4": ["0.134010", "0.080406"], "f1-micro": ["1.0", "1.0"]}}},
        regions={"aws": {"eu-west-1": {"m7i.large": "0.1124"}, "us-west-2": {"m7i.large": "9"}}},
        spot={"azure": {}},
        services={"aws": {}},
        hosted_models={"ours": {"provider": "one", "model": "plain", "is_same": True, "why": ""}},
        hosted=hosted.prices(HOSTED, {"ours": ("one", "plain")}, DAY),
        about={
            "aws": about,
            "azure": {**about, "time": "2026-06-18T03:43:41Z"},
            "gcp": {**about, "time": "2026-08-03T00:00:00Z"},
            "hosted": {**about, "time": "2026-10-19T00:00:00Z"},
        },
    )


def wanted(provider: str, name: str) -> bool:
    """Machines of the table."""
    return machines.find(provider, name) is not None


def test_the_book_has_only_machines_that_can_be_used() -> None:
    """No price of a machine whose size is not known; a region without any is left out."""
    book = build.book(sources(), wanted)
    assert book["on_demand"]["azure"] == {
        "eastus": {"Standard_D4s_v5": "0.192"},
        "westeurope": {"Standard_D4s_v5": "0.23"},
    }
    assert book["on_demand"]["gcp"] == {"us-central1": {"e2-standard-4": "0.13401"}}
    assert book["spot"] == {"gcp": {"us-central1": {"e2-standard-4": "0.080406"}}}


def test_figures_of_other_regions_fill_gaps_and_replace_nothing() -> None:
    """The generated table is newer."""
    prices = build.book(sources(), wanted)["on_demand"]["aws"]
    assert prices["eu-west-1"] == {"m7i.large": "0.1124"}
    assert prices["us-west-2"] == {"m7i.large": "0.1008"}


def test_the_books_time_is_the_newest_table_of_machines() -> None:
    """Not the clock's, and not that of hosted models, which age otherwise."""
    book = build.book(sources(), wanted)
    assert (book["time"], book["version"]) == ("2026-08-03T00:00:00Z", "2026.08.03")


def test_the_same_sources_give_the_same_bytes() -> None:
    """In whatever order they name things."""
    first, second = build.book(sources(), wanted), build.book(sources(), wanted)
    shuffled = {key: second[key] for key in reversed(second)}
    assert build.text(first) == build.text(second)
    assert digest(first) == digest(shuffled) == first["sha256"]


def test_the_text_is_the_book() -> None:
    """Nothing is lost in how it is written."""
    book = build.book(sources(), wanted)
    assert json.loads(build.text(book)) == book


def committed() -> dict[str, Any]:
    """The book of the repository."""
    content: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return content


def test_the_committed_book_is_whole_and_written_as_the_tool_writes() -> None:
    """Its hash holds, and reading and writing it again changes nothing."""
    content = committed()
    assert digest(content) == content["sha256"]
    assert build.text(content) == PATH.read_text(encoding="utf-8")


def test_the_committed_book_names_version_time_and_licence_of_every_source() -> None:
    """So that a reader can look it up."""
    for about in committed()["sources"].values():
        assert set(about) == {"source", "version", "time", "licence"}
        assert about["licence"] in ("Apache-2.0", "MIT")
        datetime.datetime.fromisoformat(about["time"])


def test_the_committed_book_has_prices_as_text_of_known_machines() -> None:
    """AWS in its region of the table, Azure and GCP in all of theirs."""
    content = committed()
    for kind in ("on_demand", "spot"):
        for provider, regions in content[kind].items():
            for prices in regions.values():
                assert prices
                assert all(machines.find(provider, name) for name in prices)
                assert all(isinstance(price, str) and float(price) > 0 for price in prices.values())
    assert len(content["on_demand"]["azure"]) == 57
    assert len(content["on_demand"]["gcp"]) >= 42
    assert content["on_demand"]["aws"]["us-east-1"]["g5.xlarge"] == "1.006"
    assert content["on_demand"]["azure"]["eastus"]["Standard_NC24ads_A100_v4"] == "3.673"
    assert content["on_demand"]["gcp"]["us-central1"]["g2-standard-4"].startswith("0.7068")
    assert content["spot"]["gcp"]["us-central1"]["g2-standard-4"].startswith("0.3973")
