"""The suite: the tests and the chat templates of the llama.cpp that the image compiles. Downloaded, never committed."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
import venv
from pathlib import Path

from tools import cache
from tools.command import run
from tools.settings import ROOT

REQUIREMENTS = (ROOT / "image/build-requirements.txt", ROOT / "image/llama-requirements.txt")
PARTS = ("vendor/llama.cpp/tools/server/tests/", "vendor/llama.cpp/models/templates/")
TESTS = "tools/server/tests"
"""Where they are, in llama.cpp's tree: they look for templates by a path from there."""


def ensure(cache_dir: Path) -> Path:
    """The folder that stands for llama.cpp's tree."""
    key = hashlib.sha256(b"".join(path.read_bytes() for path in REQUIREMENTS)).hexdigest()[:16]
    target = cache_dir / "peers" / f"server-tests-{key}"
    if not target.is_dir():
        with cache.hold(cache_dir / "peers"), tempfile.TemporaryDirectory(dir=cache_dir) as folder:
            if not target.is_dir():
                extract(_download(Path(folder)), Path(folder) / "tree")
                (Path(folder) / "tree").rename(target)
    return target


def _download(folder: Path) -> Path:
    """As the Dockerfile does: pinned, and by its hash."""
    venv.create(folder / "tools", with_pip=True)
    pip = [str(folder / "tools/bin/pip"), "--disable-pip-version-check", "-q"]
    build, llama = REQUIREMENTS
    run([*pip, "install", "--require-hashes", "-r", str(build)])
    options = ["--require-hashes", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "-d", str(folder)]
    run([*pip, "download", *options, "-r", str(llama)])
    (archive,) = folder.glob("llama_cpp_python-*.tar.gz")
    return archive


def extract(archive: Path, tree: Path) -> None:
    """Only the parts that are needed, without the names of what they are in."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            if member.isfile() and name.startswith(PARTS):
                path = tree / name.removeprefix("vendor/llama.cpp/")
                path.parent.mkdir(parents=True, exist_ok=True)
                source = tar.extractfile(member)
                assert source is not None
                with source, path.open("wb") as target:
                    shutil.copyfileobj(source, target)
