"""What every check is given: the server, llama.cpp with its CUDA library beside it, models, and where cuBLAS is."""

from __future__ import annotations

import http.client
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gguf import GGMLQuantizationType

from bench.engine import make_model, servers
from bench.engine.client import HOST
from bench.engine.servers import Server, Setup
from tools.settings import ROOT

IMAGE = ROOT / "image"
LIBRARY = "libggml-cuda.so"
NUM_SLOTS, SLOT_TOKENS = 4, 512
_WAIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Lab:
    """Immutable; made once by the command line."""

    llama: Path
    """A folder with the package llama_cpp, the CUDA library in its `lib`."""
    models: Path
    num_threads: int
    cublas: Path | None = None
    bench: Path | None = None
    """llama-batched-bench, with the same libraries beside it."""

    @property
    def libraries(self) -> Path:
        """Where the loader finds them."""
        return self.llama / "llama_cpp" / "lib"

    def model(self, preset: str, kind: GGMLQuantizationType) -> Path:
        """A random model, made once."""
        path = self.models / f"{preset}-{kind.name.lower()}.gguf"
        if not path.exists():
            partial = path.with_suffix(".partial")
            make_model.write(partial, make_model.PRESETS[preset], kind=kind)
            partial.rename(path)
        return path

    @contextmanager
    def serving(
        self,
        model: Path,
        environ: Mapping[str, str] | None = None,
        *,
        num_slots: int = NUM_SLOTS,
        slot_tokens: int = SLOT_TOKENS,
        **settings: object,
    ) -> Iterator[Server]:
        """Our server with one model, loaded by its first request, which then hears why it can't be.

        servers.ServerDied: it has ended, with its last words.
        """
        entry = {"id": "bench", "file": model.name, "num_slots": num_slots, "context_tokens": slot_tokens}
        models = json.dumps({"models": [{**entry, "load": "on_demand"}]})
        setup, port = Setup(model, num_slots, slot_tokens, self.num_threads), servers.free_port()
        program = servers.ours(setup, port, IMAGE, self.llama, lame_duck_s=0, models_json=models, **settings)
        # Alive, not ready: a model that is refused leaves a server that runs and says why.
        program = replace(program, environ={**program.environ, **(environ or {})}, ready_path="/health/live")
        with servers.running(program, port) as server:
            yield server


def assemble(target: Path, llama: Path, cuda: Path) -> Path:
    """The package and the CUDA libraries in one place, as the image has them."""
    shutil.copytree(llama / "llama_cpp", target / "llama_cpp", copy_function=_link)
    for library in (*cuda.glob("*.so"), *cuda.glob("*.so.*")):
        _link(str(library), str(target / "llama_cpp" / "lib" / library.name))
    return target


def assemble_bench(target: Path, peers: Path, cuda: Path) -> Path:
    """The peer's programs and libraries with the same CUDA library beside them: ggml looks there."""
    shutil.copytree(peers, target, copy_function=_link)
    for library in (*cuda.glob("*.so"), *cuda.glob("*.so.*")):
        _link(str(library), str(target / library.name))
    return target / "llama-batched-bench"


def _link(source: str, target: str) -> str:
    """A second name where that can be: the libraries are large. Not a symbolic one, which the loader would follow."""
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def ask(server: Server, method: str, path: str, body: object = None) -> tuple[int, str]:
    """Status and text."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=_WAIT_S)
    try:
        connection.request(
            method, path, None if body is None else json.dumps(body), {"content-type": "application/json"}
        )
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def complete(server: Server, **more: object) -> tuple[int, str]:
    """An answer of a few tokens, greedy."""
    body = {"model": "bench", "prompt": "one two three four " * 12, "max_tokens": 8, "temperature": 0, **more}
    return ask(server, "POST", "/v1/completions", body)


def last_lines(text: str) -> str:
    """Of a log: what a person reads first, in one line."""
    lines = [line for line in text.splitlines() if line.strip()]
    return " ".join(lines[-1:])[:400]
