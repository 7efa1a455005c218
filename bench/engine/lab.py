"""What every measurement is given: models, peers, how often, and servers of both sides that are set up alike."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.engine import hardware, models, servers
from bench.engine.pairing import in_turns
from bench.engine.peers import Peers
from bench.engine.servers import Server, Setup
from tools.progress import Progress

Measured = TypeVar("Measured")

QUIET_LIMIT_S = 5.0
"""How long one measurement waits for others on this machine to be quiet. Pairs are fair without; numbers are better."""


@dataclass(frozen=True, slots=True)
class Lab:
    """Immutable; made once by the command line."""

    peers: Peers
    image: Path
    """The folder with our server: this checkout's, or another one's to compare with."""
    cache_dir: Path
    progress: Progress
    num_rounds: int
    is_quick: bool
    soak_s: float
    num_threads: int

    def model(self, name: str) -> Path:
        """The file of a model."""
        return models.ensure(self.cache_dir, name, self.progress)

    def say(self, text: str) -> None:
        """Where we are, for who waits. The table and the JSON go to stdout, this does not."""
        sys.stderr.write(f"... {text}\n")

    def take_turns(self, what: str, sides: Sequence[Callable[[int], Measured]]) -> list[tuple[Measured, ...]]:
        """All sides in each round, each on a machine as quiet as it gets."""

        def quiet(side: Callable[[int], Measured]) -> Callable[[int], Measured]:
            def measure(number: int) -> Measured:
                hardware.wait_until_quiet(QUIET_LIMIT_S)
                return side(number)

            return measure

        return in_turns(
            [quiet(side) for side in sides],
            self.num_rounds,
            lambda number: self.say(f"{what}: round {number + 1} of {self.num_rounds}"),
        )

    @contextmanager
    def pair(self, setup: Setup, *flags: str) -> Iterator[tuple[Server, Server]]:
        """Ours and llama-server with these flags, both loaded and idle."""
        with ExitStack() as stack:
            yield stack.enter_context(self.ours(setup)), stack.enter_context(self.llama_server(setup, *flags))

    @contextmanager
    def ours(self, setup: Setup, **settings: object) -> Iterator[Server]:
        """Our server on the peers' own build of llama.cpp: the same machine code on both sides."""
        port = servers.free_port()
        with servers.running(servers.ours(setup, port, self.image, self.peers.python_path, **settings), port) as server:
            yield server

    @contextmanager
    def llama_server(self, setup: Setup, *more: str) -> Iterator[Server]:
        """llama-server."""
        port = servers.free_port()
        with servers.running(servers.llama_server(setup, port, self.peers.llama_server, *more), port) as server:
            yield server
