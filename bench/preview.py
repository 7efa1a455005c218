"""What the policy pack adds to a preview: `python -m bench.preview [STACK] [ROUNDS]`.

Pairs of previews of one stack, with and without the pack, in turns of changing order, so that what else this machine
does hits both alike. The median of the differences counts.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

from tools import preview, pulumi, settings
from tools.progress import Progress
from tools.pulumi import Pulumi

STACK = "prod"
ROUNDS = 7
TARGET_S = 3.0


def main() -> None:
    """Measure and print."""
    stack = sys.argv[1] if len(sys.argv) > 1 else STACK
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    cli = pulumi.ensure(settings.load(), Progress())
    with preview.throw_away(cli, settings.ROOT / f"Pulumi.{stack}.yaml", stack) as (own, flags):
        seconds_of(own, flags)  # what is compiled and cached once
        pairs = [pair(own, flags, is_first=number % 2 == 0) for number in range(rounds)]
    plain = statistics.median(without for without, _ in pairs)
    added = sorted(with_pack - without for without, with_pack in pairs)
    numbers = {
        "stack": stack,
        "rounds": rounds,
        "preview_seconds": round(plain, 2),
        "added_seconds": round(statistics.median(added), 2),
        "added_least_and_most": [round(added[0], 2), round(added[-1], 2)],
        "target_seconds": TARGET_S,
    }
    sys.stdout.write(json.dumps(numbers) + "\n")


def pair(cli: Pulumi, flags: list[str], *, is_first: bool) -> tuple[float, float]:
    """One preview without the pack and one with it, the first of them first where asked."""
    if is_first:
        without = seconds_of(cli, flags)
        return without, seconds_of(cli, [*flags, *pulumi.POLICY_PACK])
    with_pack = seconds_of(cli, [*flags, *pulumi.POLICY_PACK])
    return seconds_of(cli, flags), with_pack


def seconds_of(cli: Pulumi, flags: list[str]) -> float:
    """How long one preview takes."""
    started = time.monotonic()
    cli.run("preview", *flags)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
