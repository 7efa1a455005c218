"""`python -m tests.mutants [MODULE...] [--rule ID]`: see the package."""

import argparse
import sys
import time

from tests.mutants import equivalent, hunt


def main() -> int:
    """Prints the survivors, then `N mutants, M survived`."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as `images`; none: all")
    parser.add_argument("--rule", help="only the mutants of this rule's function")
    arguments = parser.parse_args()
    chosen = [name for name in hunt.modules() if _is_chosen(name, arguments.modules)]
    if not chosen:
        print(f"no such module; there are: {', '.join(name.rpartition('.')[2] for name in hunt.modules())}")
        return 2
    started = time.monotonic()
    for trial in hunt.failing(chosen):
        print(f"fails without a mutation: {trial.says}")
    count, found = hunt.hunt(chosen, arguments.rule)
    surviving = [each for each in found if each.key not in equivalent.load()]
    print(*surviving, sep="\n", end="\n" if surviving else "")
    allowed = len(found) - len(surviving)
    print(f"{allowed} can't differ (equivalent.yaml); {time.monotonic() - started:.0f} s", file=sys.stderr)
    print(f"{count} mutants, {len(surviving)} survived")
    return 1 if surviving else 0


def _is_chosen(name: str, wanted: list[str]) -> bool:
    return not wanted or name.rpartition(".")[2] in wanted


if __name__ == "__main__":
    sys.exit(main())
