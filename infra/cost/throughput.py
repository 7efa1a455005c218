"""What one replica of each model yields on the node on which it would be put: measured, published or derived.

Tokens are counted as a chat counts them: READ_PER_WRITTEN tokens are read for each that is written. So they compare
with what hosted APIs charge for, and with the traffic of the settings. Derived figures count the cores that a pod
reserves: what it uses beyond is there only while its neighbours are idle; measured ones are with the profile's limit.
A model that the catalog does not have yields nothing known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from infra.catalog.types import Catalog, Model, Profile, Size
from infra.cost.book import READ_PER_WRITTEN
from infra.cost.packing import Price, pack
from infra.cost.scenarios import Throughput
from infra.cost.throughput_file import CPU, Entry, Speed, Table
from infra.cost.types import Demand, NodeType, Pool, Workload

QUANTISATION: Final = re.compile(r"(?i)(I?Q\d(?:_[A-Z0-9]+)*|MXFP4|BF16|F16|FP8)(?=\.gguf$)")
BITS: Final = {"MXFP4": Fraction(17, 4), "BF16": Fraction(16), "F16": Fraction(16), "FP8": Fraction(8)}
BITS_OF_Q: Final = {"2": Fraction(3), "3": Fraction(4), "4": Fraction(97, 20), "5": Fraction(57, 10),
                    "6": Fraction(33, 5), "8": Fraction(17, 2)}  # fmt: skip
"""Bits of one weight, all tensors together, as llama.cpp's quantize prints them for Llama 3 8B."""
TERA: Final = 10**12
GIGA: Final = 10**9


def of_demand(
    demand: Demand, pools: Sequence[Pool], price: Price, catalog: Catalog, table: Table
) -> dict[str, Throughput]:
    """By model, on the node that one pod of its largest workload gets alone."""
    by_size = sorted(demand.workloads, key=lambda each: (each.shape.requests.gpus, each.shape.requests.cpu_m))
    largest = {workload.model: workload for workload in by_size if workload.model in catalog.models}
    found: dict[str, Throughput] = {}
    for name, workload in largest.items():
        nodes = pack([(workload, 1)], pools, price, demand.daemons).nodes
        node = next((each.type for each in nodes if each.pods), None)
        model = catalog.models[str(name)]
        if node is not None and (known := of_workload(workload, node, model, catalog, table)):
            found[model.id] = known
    return found


def of_workload(workload: Workload, node: NodeType, model: Model, catalog: Catalog, table: Table) -> Throughput | None:
    """None where neither an entry nor the hardware's speed is known."""
    size = _size(workload, model, catalog.profiles)
    requests = workload.shape.requests
    hardware = node.gpu_product if requests.gpus else _profile(workload, catalog.profiles)
    entry = _entry(model, size, hardware or "", table)
    if entry is not None:
        speed = table.hardware.get(CPU if not requests.gpus else hardware or "")
        return _of_entry(entry, size, speed, table)
    speed = table.hardware.get((hardware or "") if requests.gpus else CPU)
    if speed is None:
        return None
    return _derived(size, speed, Fraction(1) if requests.gpus else Fraction(requests.cpu_m, 1000), hardware, table)


def mixed(prompt_tokens_s: Fraction, tokens_s: Fraction) -> Fraction:
    """Read and written a second, when each token that is written comes after READ_PER_WRITTEN that are read."""
    return (READ_PER_WRITTEN + 1) / (READ_PER_WRITTEN / prompt_tokens_s + 1 / tokens_s)


def batched(single_tokens_s: Fraction, slots: int, speed: Speed) -> Fraction:
    """Written by all slots together."""
    return single_tokens_s * (1 + speed.batch_gain * (slots - 1))


def quantisation(file: str) -> str:
    """`Llama-Q4_K_M.gguf` -> `Q4_K_M`; empty where the name does not tell."""
    match = QUANTISATION.search(file)
    return match[1].upper() if match else ""


def _of_entry(entry: Entry, size: Size, speed: Speed | None, table: Table) -> Throughput | None:
    """What was not measured is derived, and then the whole counts as derived."""
    is_whole = entry.tokens_s is not None and entry.prompt_tokens_s is not None and entry.slots == size.num_slots
    if not is_whole and speed is None:
        return None
    tokens_s, prompt = entry.tokens_s, entry.prompt_tokens_s
    if speed is not None and (tokens_s is None or entry.slots != size.num_slots):
        tokens_s = batched(entry.single_tokens_s, size.num_slots, speed)
    if speed is not None and prompt is None:
        prompt = _prompt(size, speed, entry.count if entry.hardware.startswith(CPU) else Fraction(1), table)
    if tokens_s is None or prompt is None:
        return None
    rest = "" if is_whole else "; the rest derived: low confidence"
    source = f"{entry.origin}: {entry.source}, {entry.date}, {_float(entry.single_tokens_s)} tokens/s alone{rest}"
    return Throughput(mixed(prompt, tokens_s), source, is_measured=is_whole and entry.origin == "measured")


def _derived(size: Size, speed: Speed, count: Fraction, hardware: str | None, table: Table) -> Throughput:
    """Of several GPUs one works at a time: each holds some of the layers."""
    gigabytes = _gb_per_token(size, table)
    single = speed.gb_s * speed.efficiency * count / gigabytes
    tokens_s = mixed(_prompt(size, speed, count, table), batched(single, size.num_slots, speed))
    cores = "" if hardware and not hardware.startswith(CPU) else f"{_float(count)} cores x "
    source = (
        f"derived, low confidence: {cores}{_float(speed.gb_s)} GB/s x {_float(speed.efficiency)} / "
        f"{_float(gigabytes)} GB a token = {_float(single)} tokens/s alone, "
        f"x {_float(1 + speed.batch_gain * (size.num_slots - 1))} for {size.num_slots} slots"
    )
    return Throughput(tokens_s, source, is_measured=False)


def _prompt(size: Size, speed: Speed, count: Fraction, table: Table) -> Fraction:
    return speed.prompt_tera * count * TERA / _active(size, table)


def _gb_per_token(size: Size, table: Table) -> Fraction:
    """A mixture of experts reads only some of its weights."""
    known = table.weights.get(size.weights.file)
    return known.gb_per_token if known and known.gb_per_token else Fraction(size.weights.file_bytes, GIGA)


def _active(size: Size, table: Table) -> Fraction:
    """Parameters that a token uses: by the table, else by the file's size."""
    known = table.weights.get(size.weights.file)
    if known:
        return Fraction(known.active)
    name = quantisation(size.weights.file)
    bits = BITS.get(name) or BITS_OF_Q.get(name.lstrip("IQ")[:1], Fraction(16))
    return size.weights.file_bytes * 8 / bits


def _entry(model: Model, size: Size, hardware: str, table: Table) -> Entry | None:
    """The nearest: with as many slots and as long a context, if there is one; else with the most slots."""
    mine = [
        each
        for each in table.entries
        if (each.model, each.hardware) == (model.id, hardware)
        and each.quantisation.upper() == quantisation(size.weights.file)
    ]
    ranked = sorted(mine, key=lambda each: _nearness(each, size), reverse=True)
    return ranked[0] if ranked else None


def _nearness(entry: Entry, size: Size) -> tuple[bool, bool, bool, int]:
    is_same_context = entry.context_tokens == size.context_tokens
    return entry.slots == size.num_slots, entry.origin == "measured", is_same_context, entry.slots


def _size(workload: Workload, model: Model, profiles: Mapping[str, Profile]) -> Size:
    """The one whose profile the pod has; where it has another profile, by whether it asks for a GPU."""
    for size in (model.full, model.small):
        if _has_profile(workload, profiles.get(size.profile)):
            return size
    wants_gpu = workload.shape.requests.gpus > 0
    for size in (model.full, model.small):
        profile = profiles.get(size.profile)
        if profile is not None and (profile.num_gpus > 0) == wants_gpu:
            return size
    return model.full


def _profile(workload: Workload, profiles: Mapping[str, Profile]) -> str | None:
    return next(_profiles_of(workload, profiles), None)


def _profiles_of(workload: Workload, profiles: Mapping[str, Profile]) -> Iterator[str]:
    return (name for name, profile in profiles.items() if _has_profile(workload, profile))


def _has_profile(workload: Workload, profile: Profile | None) -> bool:
    requests = workload.shape.requests
    mine = (requests.cpu_m, requests.memory_bytes, requests.gpus)
    return profile is not None and mine == (profile.cpu_m, profile.memory_bytes, profile.num_gpus)


def _float(value: Fraction) -> str:
    return f"{float(value):.4g}"
