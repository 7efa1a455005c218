"""What a replica yields: the nearest entry, else derived from bandwidth; on the node that the packing buys for it."""

import datetime
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.catalog.load import load_catalog
from infra.catalog.types import Catalog, Geometry, HubSource, Layers, Model, Profile, Size, Weights
from infra.cost import machines, throughput, throughput_file
from infra.cost.scenarios import Throughput
from infra.cost.throughput_file import Entry, Parameters, Speed, Table
from infra.cost.types import Capacity, Demand, NodeType, Pool, Resources, Shape, Workload
from infra.units import GI

GPU = Speed(gb_s=Fraction(600), efficiency=Fraction(1, 2), prompt_tera=Fraction(10), batch_gain=Fraction(4, 5))
CORE = Speed(gb_s=Fraction(6), efficiency=Fraction(1), prompt_tera=Fraction(2, 100), batch_gain=Fraction(1, 10))
TABLE = Table({"NVIDIA-A10G": GPU, "cpu": CORE})
PROFILES = {
    "cpu-8g": Profile("cpu-8g", 2000, 4000, 8 * GI, 0, 0),
    "gpu24": Profile("gpu24", 2000, 4000, 12 * GI, 1, 24 * GI),
}

GEOMETRY = Geometry("llama", "Q4_K_M", 8 * 10**9, (Layers(32, 8, 128, 128),), 32, 4096, 14336, 128256, 8192, 0, False)


def size(profile: str, slots: int, file: str = "m-Q4_K_M.gguf", file_bytes: int = 4_850_000_000) -> Size:
    """Q4_K_M: 4.85 GB are 8 thousand million parameters."""
    return Size(Weights(HubSource("a/b", "main"), file, file_bytes, None), profile, slots, 4096, GEOMETRY)


MODEL = Model("m", "M", "", "", (), None, (), {}, full=size("gpu24", 4), small=size("cpu-8g", 2, "s-Q4_K_M.gguf"))
CATALOG = Catalog({"m": MODEL}, PROFILES)
ENTRY = Entry(
    "m", "NVIDIA-A10G", Fraction(1), "llama.cpp", "Q4_K_M", 4096, 4, Fraction(50), "measured", "bench",
    datetime.date(2026, 11, 1), tokens_s=Fraction(100), prompt_tokens_s=Fraction(1000),
)  # fmt: skip


def machine(name: str) -> NodeType:
    """Of AWS."""
    found = machines.find("aws", name)
    assert found is not None
    return found


def workload(profile: str, model: str | None = "m", cpu_m: int | None = None) -> Workload:
    """A pod of a profile; with another CPU it is of none."""
    of = PROFILES[profile]
    requests = Resources(of.cpu_m if cpu_m is None else cpu_m, of.memory_bytes, of.num_gpus)
    return Workload("Deployment", "n", f"{model}-{profile}", Shape(requests), 1, 2, model=model)


def yielded(table: Table, profile: str = "gpu24", node: str = "g5.xlarge", cpu_m: int | None = None) -> Throughput:
    """What the model yields there."""
    found = throughput.of_workload(workload(profile, cpu_m=cpu_m), machine(node), MODEL, CATALOG, table)
    assert found is not None
    return found


def with_entries(*entries: Entry) -> Table:
    """The table with measurements."""
    return replace(TABLE, entries=entries)


def test_a_gpu_that_nobody_measured_is_as_fast_as_its_memory() -> None:
    """600 GB/s x 0.5 / 4.85 GB = 61.86 alone, x (1 + 0.8 x 3) = 210.3 written.

    10 x 10^12 / 8 x 10^9 = 1,250 read. Four tokens, one of them written: 4 / (3 / 1250 + 1 / 210.3) = 559.06.
    """
    found = yielded(TABLE)
    written = Fraction(300) / Fraction("4.85") * Fraction("3.4")
    assert found.tokens_s == 4 / (Fraction(3, 1250) + 1 / written)
    assert round(float(found.tokens_s), 2) == 559.06
    assert not found.is_measured
    assert found.source.startswith("derived, low confidence: 600 GB/s x 0.5 / 4.85 GB a token = 61.86 tokens/s alone")


def test_a_cpu_counts_the_cores_that_are_reserved() -> None:
    """2 cores x 6 GB/s / 4.85 GB = 2.474 alone, x 1.1 for 2 slots = 2.722 written.

    2 x 0.02 x 10^12 / 8 x 10^9 = 5 read: 4 / (3 / 5 + 1 / 2.722) = 4.135.
    """
    found = yielded(TABLE, "cpu-8g", "m7i.xlarge")
    assert round(float(found.tokens_s), 3) == 4.135
    assert "2 cores x 6 GB/s" in found.source


def test_a_mixture_of_experts_reads_less_than_its_file() -> None:
    """2 GB a token: 300 / 2 x 3.4 = 510 written; 10^13 / 2 x 10^9 = 5,000 read: 4 / (3 / 5000 + 1 / 510) = 1,562.02."""
    table = replace(TABLE, weights={"m-Q4_K_M.gguf": Parameters(2 * 10**9, Fraction(2))})
    assert round(float(yielded(table).tokens_s), 2) == 1562.02


def test_parameters_alone_leave_the_file_to_be_read_whole() -> None:
    """61.86 x 3.4 = 210.3 written, 5,000 read: 4 / (3 / 5000 + 1 / 210.3) = 746.98."""
    table = replace(TABLE, weights={"m-Q4_K_M.gguf": Parameters(2 * 10**9)})
    assert round(float(yielded(table).tokens_s), 2) == 746.98


def test_what_was_measured_as_a_whole_is_measured() -> None:
    """100 written, 1,000 read: 4 / (3 / 1000 + 1 / 100) = 307.69."""
    found = yielded(with_entries(ENTRY))
    assert found.tokens_s == Fraction(4000, 13)
    assert found.is_measured
    assert found.source == "measured: bench, 2026-11-01, 50 tokens/s alone"


def test_what_was_published_is_not_measured_here() -> None:
    """However whole."""
    found = yielded(with_entries(replace(ENTRY, origin="published")))
    assert (found.tokens_s, found.is_measured) == (Fraction(4000, 13), False)


def test_what_an_entry_leaves_open_is_derived() -> None:
    """50 alone, x 3.4 = 170 written, 1,250 read: 4 / (3 / 1250 + 1 / 170) = 482.95."""
    found = yielded(with_entries(replace(ENTRY, tokens_s=None, prompt_tokens_s=None, slots=1)))
    assert round(float(found.tokens_s), 2) == 482.95
    assert not found.is_measured
    assert found.source.endswith("the rest derived: low confidence")


def test_an_entry_of_other_slots_tells_what_one_conversation_gets() -> None:
    """Its 100 for two slots are not what four would yield: 50 x 3.4 = 170.

    4 / (3 / 1000 + 1 / 170) = 450.33.
    """
    found = yielded(with_entries(replace(ENTRY, slots=2)))
    assert round(float(found.tokens_s), 2) == 450.33
    assert not found.is_measured


def test_the_nearest_entry_counts() -> None:
    """The same slots before more of them, measured before published, the same context before another one."""
    two = replace(ENTRY, slots=2)
    published = replace(ENTRY, origin="published", context_tokens=4096, tokens_s=Fraction(300))
    long = replace(ENTRY, context_tokens=8192, tokens_s=Fraction(50))
    assert yielded(with_entries(two, ENTRY)).tokens_s == yielded(with_entries(ENTRY)).tokens_s
    assert yielded(with_entries(published, ENTRY)).tokens_s == yielded(with_entries(ENTRY)).tokens_s
    assert yielded(with_entries(long, ENTRY)).tokens_s == yielded(with_entries(ENTRY)).tokens_s


@pytest.mark.parametrize(
    "other", [replace(ENTRY, model="x"), replace(ENTRY, hardware="NVIDIA-L4"), replace(ENTRY, quantisation="F16")]
)
def test_entries_of_other_models_hardware_and_quantisations_say_nothing(other: Entry) -> None:
    """It is derived as if they were not there."""
    assert yielded(with_entries(other)) == yielded(TABLE)


def test_an_entry_of_a_cpu_profile_counts_for_pods_of_that_profile() -> None:
    """By the profile's name; a pod with other requests is of none, and is derived by its cores."""
    entry = replace(ENTRY, hardware="cpu-8g", count=Fraction(4), slots=2)
    assert yielded(with_entries(entry), "cpu-8g", "m7i.xlarge").is_measured
    assert "1 cores" in yielded(with_entries(entry), "cpu-8g", "m7i.xlarge", cpu_m=1000).source


def test_the_prompt_speed_of_a_cpu_entry_is_that_of_its_cores() -> None:
    """4 cores x 0.02 x 10^12 / 8 x 10^9 = 10 read, 100 written: 4 / (3 / 10 + 1 / 100) = 12.903."""
    entry = replace(ENTRY, hardware="cpu-8g", count=Fraction(4), slots=2, prompt_tokens_s=None)
    assert round(float(yielded(with_entries(entry), "cpu-8g", "m7i.xlarge").tokens_s), 3) == 12.903


def test_hardware_whose_speed_nobody_knows_yields_nothing_known() -> None:
    """Rather than a guess; a whole entry needs no speed, one that leaves something open does."""
    nothing = Table({})
    pod, node = workload("gpu24"), machine("g5.xlarge")
    assert throughput.of_workload(pod, node, MODEL, CATALOG, nothing) is None
    assert throughput.of_workload(pod, node, MODEL, CATALOG, replace(nothing, entries=(ENTRY,))) is not None
    half = replace(ENTRY, tokens_s=None)
    assert throughput.of_workload(pod, node, MODEL, CATALOG, replace(nothing, entries=(half,))) is None


def test_the_size_is_the_one_whose_profile_the_pod_has() -> None:
    """Else the one that wants a GPU as the pod does."""
    assert "for 4 slots" in yielded(TABLE).source
    assert "for 2 slots" in yielded(TABLE, "cpu-8g", "m7i.xlarge").source
    assert "for 4 slots" in yielded(TABLE, cpu_m=3000).source
    assert "for 2 slots" in yielded(TABLE, "cpu-8g", "m7i.xlarge", cpu_m=3000).source


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Meta-Llama-3-70B-Instruct-Q4_K_M.gguf", "Q4_K_M"),
        ("gemma-3-270m-q4_k_m.gguf", "Q4_K_M"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("Saul-Instruct-v1.Q8_0.gguf", "Q8_0"),
        ("model-IQ4_XS.gguf", "IQ4_XS"),
        ("model-BF16.gguf", "BF16"),
        ("model.gguf", ""),
    ],
)
def test_the_quantisation_is_in_the_files_name(file: str, name: str) -> None:
    """As people write it."""
    assert throughput.quantisation(file) == name


@given(st.fractions(1, 10**6), st.fractions(1, 10**6))
def test_mixed_speed_is_between_the_two(prompt: Fraction, written: Fraction) -> None:
    """It is a mean: never slower than the slower, never faster than the faster."""
    assert min(prompt, written) <= throughput.mixed(prompt, written) <= max(prompt, written)


@given(st.fractions(1, 1000), st.integers(1, 100))
def test_more_slots_never_yield_less(single: Fraction, slots: int) -> None:
    """And never more than each slot alone would."""
    assert throughput.batched(single, slots, GPU) <= throughput.batched(single, slots + 1, GPU)
    assert single <= throughput.batched(single, slots, GPU) <= single * slots


def test_of_a_stack_each_model_counts_on_the_node_that_is_bought_for_it() -> None:
    """The cheapest that it fits on; of its workloads the one with the most GPUs. What serves no model is left out."""
    pools = (
        Pool("cpu", (machine("m7i.xlarge"),), Capacity.ON_DEMAND),
        Pool("gpu", (machine("p4d.24xlarge"), machine("g5.xlarge")), Capacity.ON_DEMAND),
    )
    prices = {"m7i.xlarge": 1, "g5.xlarge": 2, "p4d.24xlarge": 30}
    demand = Demand((workload("gpu24"), workload("cpu-8g"), workload("cpu-8g", None), workload("cpu-8g", "unknown")))
    found = throughput.of_demand(demand, pools, lambda _, node: Fraction(prices[node.name]), CATALOG, TABLE)
    assert found == {"m": yielded(TABLE)}


def test_a_pod_that_fits_nowhere_yields_nothing_known() -> None:
    """It would not run."""
    pools = (Pool("cpu", (machine("m7i.xlarge"),), Capacity.ON_DEMAND),)
    demand = Demand((workload("gpu24"),))
    assert throughput.of_demand(demand, pools, lambda *_: Fraction(1), CATALOG, TABLE) == {}


def test_every_model_of_the_catalog_has_a_speed_on_usual_hardware() -> None:
    """With the project's own table: at its full and at its small size."""
    catalog, table = load_catalog(), throughput_file.load()
    for model in catalog.models.values():
        for each in (model.full, model.small):
            of = catalog.profiles[each.profile]
            pod = Workload(
                "Deployment", "n", model.id, Shape(Resources(of.cpu_m, of.memory_bytes, of.num_gpus)), 1, 1, model.id
            )
            node = machine(
                "p5.4xlarge" if of.gpu_memory_bytes > 40 * GI else "g5.2xlarge" if of.num_gpus else "m7i.4xlarge"
            )
            found = throughput.of_workload(pod, node, model, catalog, table)
            assert found is not None
            assert found.tokens_s > 0
