"""Cache and buffers as llama.cpp itself lays them out, for the shapes of the catalog and with the image's settings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.fit.buffers import compute_bytes
from infra.fit.cache import cache_bytes
from infra.fit.engine import DEFAULT, Engine, num_outputs, room
from infra.units import MI
from tests.helpers import shaped_gguf
from tests.helpers.llama import llama_path
from tests.unit.infra.fit.samples import SIZES
from tools.llama import IMAGE_DIR

pytestmark = pytest.mark.engine

PLAN = """
import json, re, sys
from serve.engine.llama.library import C

said = []

@C.llama_log_callback
def keep(level, text, _):
    said.append(text.decode("utf-8", "replace"))

C.llama_log_set(keep, None)
C.llama_backend_init()
path, cases = sys.argv[1], json.loads(sys.argv[2])
params = C.llama_model_default_params()
params.no_alloc, params.load_mode = True, C.LLAMA_LOAD_MODE_NONE
model = C.llama_model_load_from_file(path.encode(), params)
found = []
for slots, context, step, outputs, whole, streams, ids in cases:
    params = C.llama_context_default_params()
    params.n_ctx, params.n_seq_max, params.n_batch, params.n_ubatch = slots * context, ids, step, step
    params.n_outputs_max, params.kv_unified, params.swa_full = outputs, streams == 1, whole
    said.clear()
    C.llama_free(C.llama_init_from_model(model, params))
    log = "".join(said)
    cache = sum(map(float, re.findall(r"size = +([0-9.]+) MiB \\( *[0-9]+ cells", log)))
    found.append([cache, max(map(float, re.findall(r"compute buffer size = +([0-9.]+) MiB", log)))])
print(json.dumps(found))
"""
"""In a process of its own: llama.cpp has one log."""

CASES = [(4, 2048, True), (8, 8192, True), (1, 4096, True), (4, 8192, False)]


@pytest.mark.parametrize("name", ["gemma-3-270m.full", "llama-3-70b.small", "risk.full", "gpt-oss.full", "legal.full"])
def test_the_formulas_hold_what_llama_cpp_takes(name: str, tmp_path: Path) -> None:
    """The cache to the byte; the buffer never less, and a tenth and the masks more at most."""
    of = SIZES[name].geometry
    path = shaped_gguf.write(tmp_path / "shaped.gguf", of)
    step = DEFAULT.step_tokens
    rooms = [room(of, slots, context) for slots, context, _ in CASES]
    cases = [
        (slots, context, step, num_outputs(slots), whole, there.num_streams, there.num_ids)
        for (slots, context, whole), there in zip(CASES, rooms, strict=True)
    ]
    command = [sys.executable, "-c", PLAN, str(path), json.dumps(cases)]
    env = {"PYTHONPATH": f"{llama_path()}:{IMAGE_DIR}"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    for (slots, context, whole), (cache, compute) in zip(CASES, json.loads(done.stdout), strict=True):
        engine = Engine(whole_windows=whole)
        assert cache_bytes(of, slots, context, engine) / MI == pytest.approx(cache, abs=0.02)
        assert (
            compute
            <= compute_bytes(of, slots, context, engine) / MI
            <= compute * 1.1 + slots * context * 2 * step * 2 / MI
        )
