"""Ours beside llama-cpp-python's two servers: its example of a batching one, and `llama_cpp.server`, which has none.

Told, not promised: these are the ways to serve GGUF from Python that there are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from bench.engine import servers
from bench.engine.client import HOST
from bench.engine.lab import Lab
from bench.engine.models import RANDOM
from bench.engine.pairing import ratio
from bench.engine.peers import Peers
from bench.engine.prompts import DEFAULT_CHAIN
from bench.engine.report import Row
from bench.engine.requests import burst
from bench.engine.servers import NICENESS, Program, Server, Setup

MODEL = RANDOM["medium"]
"""Its end-of-text token is never chosen: neither of the two can be told to go on after one."""
NUM_CLIENTS = 8
NUM_GENERATED = 24
SLOT_TOKENS = 512


def measure(lab: Lab) -> Iterator[Row]:
    """One row for each of the two: total throughput of eight clients."""
    setup = Setup(lab.model(MODEL), num_slots=NUM_CLIENTS, slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
    what = f"{NUM_CLIENTS} clients, {MODEL}, default chain, total"
    with ExitStack() as stack:
        ours = stack.enter_context(lab.ours(setup))
        peers = [_start(stack, make, setup, lab.peers) for make in (example, llama_cpp_server)]
        everyone = [ours, *peers]
        for server in everyone:
            burst(server, 1, seed="warm", num_generated=4, sampling=DEFAULT_CHAIN)
        rounds = lab.take_turns(what, [_side(server, what) for server in everyone])
    for place, peer in enumerate(peers, start=1):
        yield Row(what, "tok/s", peer.name, ratio([(each[0], each[place]) for each in rounds]))


def example(setup: Setup, port: int, peers: Peers) -> Program:
    """examples/server/server.py of llama-cpp-python, batching, with logits left in C."""
    config = {
        "server": {"host": HOST, "port": port},
        "model": {
            "alias": "bench", "path": str(setup.model), "n_ctx": setup.num_slots * setup.slot_tokens,
            "n_seq_max": setup.num_slots, "n_batch": 512, "n_ubatch": 512, "threads": setup.num_threads,
            "threads_batch": setup.num_threads, "kv_unified": True, "store_logits": False,
        },
    }  # fmt: skip
    return _program(
        peers, "llama-cpp-python's example", (str(peers.example_server), "-C", "config.json"), "/healthz", config
    )


def llama_cpp_server(setup: Setup, port: int, peers: Peers) -> Program:
    """`python -m llama_cpp.server`: one request after the other."""
    config = {
        "host": HOST,
        "port": port,
        "interrupt_requests": False,
        "models": [
            {
                "model": str(setup.model), "model_alias": "bench", "n_ctx": setup.slot_tokens,
                "n_threads": setup.num_threads, "n_threads_batch": setup.num_threads, "verbose": False,
            }
        ],
    }  # fmt: skip
    argv = ("-m", "llama_cpp.server", "--config_file", "config.json")
    return _program(peers, "llama_cpp.server", argv, "/v1/models", config)


def _program(peers: Peers, name: str, argv: tuple[str, ...], ready_path: str, config: object) -> Program:
    words = ("nice", "-n", str(NICENESS), str(peers.python), *argv)
    files = {"config.json": json.dumps(config)}
    return Program(name, words, {"PYTHONPATH": str(peers.python_path)}, ready_path, files)


def _start(stack: ExitStack, make: Callable[[Setup, int, Peers], Program], setup: Setup, peers: Peers) -> Server:
    port = servers.free_port()
    return stack.enter_context(servers.running(make(setup, port, peers), port))


def _side(server: Server, what: str) -> Callable[[int], float]:
    def total(number: int) -> float:
        seed = f"{what} {number}"
        answers = burst(server, NUM_CLIENTS, seed=seed, num_generated=NUM_GENERATED, sampling=DEFAULT_CHAIN)
        return NUM_CLIENTS * NUM_GENERATED / max(answer.end_s for answer in answers)

    return total
