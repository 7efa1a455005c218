"""Packing against the real kube-scheduler: for random stacks the used nodes, by pool and type, must be equal.

    make conformance-packing                                             200 stacks
    .venv/bin/python -m tests.conformance.packing --stacks 20 --seed 7   others

An API server, kube-scheduler and KWOK run here on free ports. Pods come in packing's order, an autoscaler buys what
packing would buy, and kube-scheduler places every pod by its own filters and by MostAllocated.

Between equally full nodes kube-scheduler draws lots, where packing takes the one that was bought first: no one can know
what a draw will be, and kube-scheduler does not equal itself there. So a stack that differs is played once more with
the lots settled as packing does: it is equal if it is then, for that is one of the outcomes of the real scheduler. How
many were equal at the first try and how many only so is told before the last line. The exit status is 1 if more than
one stack in a hundred differs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.cost.packing import pack
from infra.cost.types import Packing
from tests.conformance.fleet import control_plane
from tests.conformance.fleet.autoscaler import Autoscaler, Outcome
from tests.conformance.fleet.client import Client, connected
from tests.conformance.fleet.control_plane import FIRST_BOUGHT, LOTS, ControlPlane, Programs
from tests.conformance.fleet.stacks import Stack, stack
from tools import settings
from tools.cluster import fleet
from tools.progress import Progress
from tools.toolchain import programs as toolchain
from tools.toolchain.groups import KUBERNETES, KWOK

NUM_STACKS = 200
SEED = 1
AT_ONCE = 24
"""Stacks that are played side by side: the scheduler always has a pod of some stack to look at."""
ENOUGH_PERCENT = 99


@dataclass(slots=True)
class Comparison:
    """One stack as packed and as scheduled."""

    stack: Stack
    packed: Packing
    scheduled: Outcome
    is_by_lot: bool = False

    @property
    def differences(self) -> list[str]:
        """What is not equal; none where all is."""
        nodes = Counter((node.pool.name, node.type.name) for node in self.packed.nodes if node.pods)
        unplaced = Counter({workload.id: count for workload, count, _ in self.packed.unplaced})
        found = list(self.scheduled.surprises)
        for what, ours, theirs in (
            ("nodes", dict(nodes), dict(self.scheduled.nodes)),
            ("without a place", dict(unplaced), dict(self.scheduled.unplaced)),
        ):
            if ours != theirs:
                found.append(f"{what}: packing {ours}, kube-scheduler {theirs}")
        return [f"{self.stack.name}: {text}" for text in found]


def packed(each: Stack) -> Packing:
    """By packing."""
    return pack(each.replicas, each.pools, each.price, each.daemons)


def compare(
    programs: Programs, stacks: Sequence[Stack], tell: Callable[[str], None], scheduler: str = LOTS
) -> list[Comparison]:
    """Plays all stacks on one control plane of their own; tells the differences."""
    with (
        tempfile.TemporaryDirectory(prefix="slipway-packing-") as folder,
        control_plane.running(Path(folder), programs) as plane,
    ):
        return asyncio.run(_compare(plane, stacks, tell, scheduler))


async def _compare(
    plane: ControlPlane, stacks: Sequence[Stack], tell: Callable[[str], None], scheduler: str
) -> list[Comparison]:
    async with connected(plane) as client:
        done = await _play(client, stacks, scheduler)
    different = [each for each in done if each.differences]
    async with connected(plane) as client:  # one that remembers nothing: names come again
        again = [each.stack for each in different] if scheduler == LOTS else []
        settled = await _play(client, again, FIRST_BOUGHT)
    settled_names = {each.stack.name for each in settled if not each.differences}
    for each in different:
        each.is_by_lot = each.stack.name in settled_names
        for line in each.differences:
            tell(line)
        if each.is_by_lot:
            tell(f"{each.stack.name}: equal where the lots are settled: kube-scheduler drew another of equal nodes")
    return done


async def _play(client: Client, stacks: Sequence[Stack], scheduler: str) -> list[Comparison]:
    """Side by side, but those that would see the nodes of others."""
    free = asyncio.Semaphore(AT_ONCE)

    async def play(each: Stack) -> Comparison:
        async with free:
            return Comparison(each, packed(each), await Autoscaler(client, each, scheduler).play())

    together = [play(each) for each in stacks if not each.is_alone]
    done = list(await asyncio.gather(*together))
    return done + [await play(each) for each in stacks if each.is_alone]


def programs() -> Programs:
    """Compiles what is not there yet."""
    found = toolchain.ensure(settings.load(), [KUBERNETES, KWOK], Progress())
    return Programs(found["etcd"], found["kube-apiserver"], found["kube-scheduler"], found["kwok"], fleet.stages())


def main() -> int:
    """Prints each difference; the last line is `N of M stacks equal, P %`."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.packing", description=__doc__)
    parser.add_argument("--stacks", type=int, default=NUM_STACKS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", type=int, help="the number of one stack")
    chosen = parser.parse_args()
    numbers = range(chosen.stacks) if chosen.only is None else [chosen.only]
    stacks = [stack(chosen.seed, number) for number in numbers]
    used = programs()
    started = time.monotonic()
    done = compare(used, stacks, print)
    num_pods = sum(each.scheduled.num_pods for each in done)
    num_nodes = sum(each.scheduled.nodes.total() for each in done)
    print(f"seed {chosen.seed}: {num_pods} pods on {num_nodes} nodes: {time.monotonic() - started:.0f} s")
    num_at_once = sum(not each.differences for each in done)
    num_by_lot = sum(each.is_by_lot for each in done)
    num_equal = num_at_once + num_by_lot
    print(f"{num_at_once} equal at the first try, {num_by_lot} with the lots settled")
    print(f"{num_equal} of {len(done)} stacks equal, {100 * num_equal / len(done):.1f} %")
    return 0 if 100 * num_equal >= ENOUGH_PERCENT * len(done) else 1


if __name__ == "__main__":
    sys.exit(main())
