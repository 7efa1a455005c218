"""What the loader would not find is found before."""

from tests.unit.tools.image.made import file, root
from tools.image.checks import libraries
from tools.image.elf import Wants

ROOT = root(
    file("lib", kind="link", target="usr/lib"),
    file("usr/lib/x86_64-linux-gnu/libc.so.6"),
    file("venv/lib/llama_cpp/lib/libggml.so"),
    file("usr/lib/x86_64-linux-gnu/libssl.so.3", kind="link", target="libssl.so.3.0"),
)


def test_a_library_is_found_in_the_systems_folders_and_beside_the_file() -> None:
    """$ORIGIN is the folder of the file that wants it."""
    wanted = {
        "venv/lib/llama_cpp/lib/libllama.so": Wants(("libggml.so", "libc.so.6"), ("$ORIGIN",)),
        "usr/bin/python3": Wants(("libc.so.6",), ()),
    }
    assert list(libraries.findings(ROOT, wanted)) == []


def test_a_library_that_is_not_there_is_named_with_who_wants_it() -> None:
    """Also where only a link to it is there."""
    found = list(libraries.findings(ROOT, {"usr/bin/x": Wants(("libssl.so.3", "libggml.so"), ())}))
    assert found == [
        "/usr/bin/x: wants libssl.so.3, which is not in the image",
        "/usr/bin/x: wants libggml.so, which is not in the image",
    ]


def test_the_drivers_libraries_come_from_the_node() -> None:
    """An image that had its own would fit one driver only."""
    assert list(libraries.findings(ROOT, {"usr/lib/libggml-cuda.so": Wants(("libcuda.so.1",), ())})) == []
