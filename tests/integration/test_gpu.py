"""GPUs, as far as the real library goes without one: reading tensors, refusing, loading the best CPU variant alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers import tiny_archs
from tests.helpers.c_library import compile_library
from tests.helpers.running_server import RunningServer, model_entry

pytestmark = pytest.mark.engine


def test_ggmls_own_reader_says_what_tensors_there_are(tiny_model: Path) -> None:
    """Names, types and dimensions."""
    from serve.engine.cublas import Tensor
    from serve.engine.llama.tensors import read_tensors

    found = {each.name: each for each in read_tensors(tiny_model)}
    assert found["blk.0.attn_norm.weight"] == Tensor("blk.0.attn_norm.weight", "f32", 1)
    assert found["blk.0.attn_q.weight"].num_dims == 2


def test_what_is_no_gguf_is_one_line(tiny_model: Path, tmp_path: Path) -> None:
    """As it is when llama.cpp reads it."""
    from serve.engine.errors import LoadError
    from serve.engine.llama.tensors import read_tensors

    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + b"\xff" * 100)
    with pytest.raises(LoadError, match=r"bad\.gguf can't be loaded: it is damaged, or no GGUF"):
        read_tensors(tmp_path / "bad.gguf")


def test_weights_and_adapters_that_need_cublas_are_refused_without_it(tiny_model: Path, tmp_path: Path) -> None:
    """On a GPU, naming a tensor and the setting; on the CPU they are welcome."""
    from serve.engine.errors import LoadError
    from serve.engine.llama.gpu import Gpu

    adapter = tiny_archs.write_adapter(tmp_path / "lora.gguf")
    for path, tensor in ((tiny_model, "attn_"), (adapter, "lora_")):
        Gpu(0).check_file(path)
        with pytest.raises(LoadError, match=rf"needs cuBLAS on a GPU, for .*{tensor}.* in F.*SLIPWAY_CUBLAS"):
            Gpu(None).check_file(path)


def test_a_gpu_that_went_away_is_one_line(tiny_model: Path) -> None:
    """The server saw one; the worker finds none, or no library."""
    from serve.engine.errors import LoadError
    from serve.engine.llama.backend import Llama
    from serve.engine.types import LoadOptions

    options = LoadOptions(tiny_model, 1, 64, 64, 1, gpu_layers=None)
    with pytest.raises(LoadError, match=r"libggml-cuda\.so can't be loaded: .*cannot open shared object file"):
        Llama(options)


def test_what_llama_cpp_takes_of_gpus_is_counted_from_its_words(tiny_model: Path) -> None:
    """Buffers on GPUs alone; compute buffers are planned anew, the others add up."""
    from serve.engine.llama.library import Log, log

    counting = Log.__new__(Log)
    counting._buffers = {}
    for line in (
        "load_tensors:        CUDA0 model buffer size =  1000.50 MiB",
        "load_tensors:   CPU_Mapped model buffer size =   200.00 MiB",
        "llama_kv_cache:      CUDA0 KV buffer size =    50.00 MiB",
        "llama_kv_cache:      CUDA0 KV buffer size =    25.00 MiB",
        "sched_reserve:      CUDA0 compute buffer size =   100.00 MiB",
        "sched_reserve:      CUDA0 compute buffer size =    90.00 MiB",
        "sched_reserve:  CUDA_Host compute buffer size =    90.00 MiB",
        "load_tensors:        CUDA1 model buffer size =     1.00 MiB",
    ):
        counting.count(line)
    assert counting.gpu_bytes() == int(1176.5 * 2**20)
    assert log().gpu_bytes() == 0


def test_of_all_variants_the_one_that_suits_best_is_taken(tiny_model: Path, tmp_path: Path) -> None:
    """By its own word; none where none runs here."""
    from serve.engine.llama.library import _best

    variants = [
        compile_library(tmp_path / f"libggml-cpu-{name}.so", f"int ggml_backend_score(void) {{ return {score}; }}")
        for name, score in (("a", 3), ("b", 64), ("c", 0))
    ]
    assert _best(variants) == variants[1]
    assert _best(variants[2:]) is None


def test_off_serves_what_a_gpu_would_refuse(own_folder: Path) -> None:
    """The tiny model is not quantised; the CPU does not mind."""
    with RunningServer(own_folder, [model_entry()], gpu="off") as server:
        server.wait_for("/health/ready", 200)
        assert "SLIPWAY_GPU is off" in server.log
