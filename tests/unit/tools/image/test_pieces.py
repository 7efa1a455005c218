"""A piece has the name that a person would give it, and no byte is lost between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools.image.made import file
from tools.image import pieces
from tools.image.layers import File

SITE = "venv/lib/python3.11/site-packages"


@pytest.mark.parametrize(
    ("path", "num_bytes", "name"),
    [
        (f"{SITE}/uvloop/loop.cpython-311-x86_64-linux-gnu.so", 13_000_000, "uvloop"),
        (f"{SITE}/pydantic_core-2.50.dist-info/METADATA", 1, "pydantic_core"),
        (f"{SITE}/typing_extensions.py", 1, "typing_extensions"),
        (f"{SITE}/llama_cpp/lib/libggml-cuda.so", 100_000_000, "libggml-cuda.so"),
        (f"{SITE}/llama_cpp/lib/libggml-base.so", 100_000, "llama_cpp"),
        ("usr/lib/x86_64-linux-gnu/libcrypto.so.3", 5_000_000, "libcrypto.so.3"),
        ("usr/lib/x86_64-linux-gnu/libz.so.1", 100_000, "x86_64-linux-gnu"),
        ("usr/lib/python3.11/json/decoder.py", 1, "python3.11"),
        ("app/serve/http/x.py", 1, "/app/serve"),
        ("init", 1, "/"),
    ],
)
def test_a_file_belongs_to_a_package_a_library_or_a_folder(path: str, num_bytes: int, name: str) -> None:
    """The largest libraries stand for themselves."""
    assert pieces.name_of(file(path, size_bytes=num_bytes)) == name


FILES = st.builds(
    file, st.lists(st.sampled_from(["usr", "lib", "app", "x"]), min_size=1).map("/".join), size_bytes=st.integers(0, 99)
)


@given(st.lists(FILES), st.integers(0, 99))
def test_all_pieces_together_are_all_files(files: list[File], at_least_bytes: int) -> None:
    """Small ones are told as one, last."""
    found = pieces.of(files, at_least_bytes)
    assert sum(p.num_bytes for p in found) == sum(f.size_bytes for f in files)
    assert sum(p.num_files for p in found) == len(files)
    sizes = [p.num_bytes for p in found if p.name != "all else"]
    assert sizes == sorted(sizes, reverse=True)
