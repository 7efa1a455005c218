"""Makes all mutants of a module and tries each on the trials of the rules that it reaches."""

from __future__ import annotations

import ast
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import FrameType

from policies import rules
from tests.mutants import trials
from tests.mutants.mutations import Mutation, applied, mutations
from tests.mutants.trials import Trial
from tests.mutants.world import World, closure, compile_statement, compiled, dependents, source_file, tree

CORE = {
    *(f"kube.{name}" for name in ("errors", "marks", "objects", "unknown", "view")),
    *(f"policies.{name}" for name in ("errors", "evaluate", "rule", "rules", "settings", "settings_file")),
    "policies.facts.tables",
}
"""What rules are written in and judged by; it has tests of its own."""
CPU_LIMIT_S = 2.0
"""Of one mutant. One that takes longer turns in a circle, which is a difference, too."""


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no trial tells from the original."""

    module: str
    line: int
    function: str
    change: str

    @property
    def key(self) -> str:
        """How `equivalent.yaml` names it: without the line, which moves."""
        return f"{self.module.removeprefix('policies.')}: {self.function or 'module'}: {self.change}"

    def __str__(self) -> str:
        return f"{source_file(self.module).name}:{self.line}: {self.key}"


class _Endless(BaseException):
    """Raised in a mutant that has used its time. No Exception: a rule's crash is caught, this is not."""


def rule_modules() -> tuple[str, ...]:
    """The modules that define rules."""
    return tuple(module.__name__ for module in rules.MODULES)


def modules() -> tuple[str, ...]:
    """The modules that have mutants: those of the rules, and what rules call."""
    return tuple(sorted(closure(rule_modules()) - CORE))


def hunt(chosen: Sequence[str], rule: str | None = None) -> tuple[int, list[Survivor]]:
    """How many mutants the modules have, and those that survive. `rule`: only mutants of that function."""
    units = [(module, index, rule) for module in chosen for index in range(len(_statements(module)))]
    _prepare(chosen)
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        results = list(pool.imap(_hunt_statement, units))
    return sum(count for count, _ in results), [each for _, found in results for each in found]


def failing(chosen: Iterable[str]) -> list[Trial]:
    """Trials that fail without any mutation: they would catch every mutant, and prove nothing."""
    everything = {trial for module in chosen for trial in _trials(module)}
    return [trial for trial in everything if not _passes(trial)]


def _passes(trial: Trial) -> bool:
    try:
        return trial.passes(World((), {}))
    except Exception:  # noqa: BLE001  a test that fails raises, whatever it raises
        return False


def _prepare(chosen: Sequence[str]) -> None:
    """Look at the originals before the processes part, and before a tree changes."""
    for module in closure(rule_modules()):
        compiled(module)
    for module in chosen:
        for trial in _trials(module):
            _lines(trial)


def _statements(module: str) -> list[ast.stmt]:
    return [each for each in tree(module).body if getattr(each, "module", "") != "__future__"]


@cache
def _trials(module: str) -> tuple[Trial, ...]:
    users = dependents(module, rule_modules())
    of_rules = [trial for user in rule_modules() if user in users for trial in trials.of_module(user)]
    return (*(trials.of_tests(module) if module not in rule_modules() else ()), *of_rules)


@cache
def _lines(trial: Trial) -> trials.Lines:
    return trials.lines_of(trial, World(_private(trial.module) | closure((trial.module,)) - CORE, {}))


def _private(module: str) -> frozenset[str]:
    """What must be loaded anew with a mutant of a module: what imports it, and its tests."""
    return dependents(module, rule_modules()) | {name for name in (trials.test_module(module),) if name}


def _hunt_statement(unit: tuple[str, int, str | None]) -> tuple[int, list[Survivor]]:
    module, index, rule = unit
    statement = _statements(module)[index]
    if rule is not None and getattr(statement, "name", "") != rule.replace("-", "_"):
        return 0, []
    found, count = [], 0
    for mutation in mutations(tree(module), statement):
        count += 1
        with applied(mutation):
            if _survives(module, index, mutation):
                found.append(Survivor(module, mutation.lines.start, mutation.function, mutation.change))
    return count, found


def _survives(module: str, index: int, mutation: Mutation) -> bool:
    try:
        mutant = compile_statement(module, _statements(module)[index])
    except SyntaxError:  # such as a `case` that can't be reached any more
        return False
    codes = [*compiled(module)[:index], mutant, *compiled(module)[index + 1 :]]
    try:
        with _limited():
            world = World(_private(module), {module: codes})
            return all(trial.passes(world) for trial in _concerned(module, mutation))
    except _Endless:
        return False
    except Exception:  # noqa: BLE001  one that can't even be loaded is caught, whatever it raises
        return False


def _concerned(module: str, mutation: Mutation) -> Iterator[Trial]:
    """The trials that run through the lines of a mutation; all, if it is outside of all functions."""
    everything = _trials(module)
    if not mutation.function:
        return iter(everything)
    file = str(source_file(module))
    touched = {(file, line) for line in mutation.lines}
    return (trial for trial in everything if touched & _lines(trial))


@contextmanager
def _limited() -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _Endless

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
