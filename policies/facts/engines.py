"""Which engine a container runs and how it is set up, whatever flags and variables that engine has for it.

Knows the table `engines.yaml`. Knows no meaning of a setting. Only what the manifest spells out counts: what a
ConfigMap or a Secret provides is set, but reads as empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kube.objects import Pod
from kube.unknown import UNKNOWN
from kube.view import View
from policies.facts import variables
from policies.facts.model_server import ENGINE_COMMANDS, Arguments, arguments, runs_engine
from policies.facts.tables import table


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """A container that runs an engine of the table."""

    container: View
    engine: str
    arguments: Arguments

    def stated(self, setting: str) -> Iterator[tuple[Any, View]]:
        """Each place where a setting is written, with the value as written; the first counts."""
        for name in self._names(setting):
            if name.isupper() and (entry := variables.find(self.container, name)):
                yield variables.literal(self.container, name), entry
            elif (flag := self.arguments.view(name)) is not None:
                yield self.arguments.get(name), flag

    def value(self, setting: str) -> Any:
        """Text, True for a flag without a value, None where it is not set, UNKNOWN where only `up` knows."""
        written = next((value for value, _ in self.stated(setting)), None)
        if written is None and not self.arguments.is_known and self.has(setting):
            return UNKNOWN
        return variables.resolve(self.container, written)

    def place(self, setting: str) -> View | None:
        """The argument or the entry of the environment that counts."""
        return next((view for _, view in self.stated(setting)), None)

    def has(self, setting: str) -> bool:
        """Whether the engine has such a setting at all."""
        return setting in table("engines")[self.engine]

    @property
    def model(self) -> Any:
        """The model's name or path; None where the manifest does not tell."""
        stated = self.value("model")
        return self._positional() if stated is None else stated

    @property
    def cache(self) -> str | None:
        """Where it keeps what it downloads unless it is told otherwise; None for an engine without such a place."""
        cache: str | None = table("engines")[self.engine].get("cache")
        return cache

    def _positional(self) -> Any:
        """The word behind `serve`, or the first of the arguments of an image that starts with `vllm serve`."""
        verb, words = table("engines")[self.engine].get("verb"), self.arguments.words
        start = words.index(verb) + 1 if verb in words else 0
        is_possible = verb in words or (verb is not None and self.container.get("command") is None)
        found = words[start:]
        is_model = is_possible and found and not found[0].startswith("-")
        return variables.resolve(self.container, found[0]) if is_model else None

    def _names(self, setting: str) -> list[str]:
        names: list[str] = table("engines")[self.engine].get(setting, [])
        return names


def servers(pod: Pod) -> Iterator[Server]:
    """The containers that run an engine while the pod serves."""
    for container in pod.main_containers:
        if (found := server(container)) is not None:
            yield found


def server(container: View) -> Server | None:
    """What a container runs; None where it is no engine of the table."""
    found = arguments(container)
    engine = _engine(container.text("image"), found) if runs_engine(container, found) is True else None
    return Server(container, engine, found) if engine else None


def _engine(image: Any, found: Arguments) -> str | None:
    command = ENGINE_COMMANDS.search(" ".join(found.words))
    text = f"{str(image).rpartition('/')[2]} {command and command[0]}"
    framed = f"-{re.sub('[^a-z0-9]+', '-', text)}-"
    named = (name for name, entry in table("engines").items() for mark in entry["marks"] if f"-{mark}-" in framed)
    return next(named, None)
