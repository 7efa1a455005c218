"""Go programs say what they were linked from; other programs say nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.image.sbom import golang
from tools.image.sbom.component import Kind

PATH = "usr/bin/cloudflared"
MODULES = (
    "path\tgithub.com/cloudflare/cloudflared/cmd/cloudflared\n"
    "mod\tgithub.com/cloudflare/cloudflared\t(devel)\t\n"
    "dep\tgolang.org/x/net\tv0.40.0\th1:aaa=\n"
    "dep\tgithub.com/old/one\tv1.0.0\n"
    "=>\tgithub.com/new/one\tv1.0.1\th1:ccc=\n"
    "dep\tgopkg.in/yaml.v3\tv3.0.1\th1:bbb=\n"
    "build\tCGO_ENABLED=0\n"
)


def length(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    found = b""
    while number >= 0x80:
        found, number = found + bytes([number & 0x7F | 0x80]), number >> 7
    return found + bytes([number])


def program(release: str = "go1.26.8", modules: str = MODULES, flags: int = golang.INLINE) -> bytes:
    """A file as Go links it, as far as it is read."""
    guarded = b"<" * golang.GUARD_BYTES + modules.encode() + b">" * golang.GUARD_BYTES
    header = (golang.MARK + bytes([8, flags])).ljust(golang.HEADER_BYTES, b"\0")
    texts = b"".join(length(len(text)) + text for text in (release.encode(), guarded))
    return b"\x7fELF" + b"\0" * 60 + header + texts + b"\0" * 9


def test_a_program_its_modules_and_gos_own_library_are_found() -> None:
    """Each by the name under which holes in it are published; what was replaced is not there."""
    found = {c.purl: c for c in golang.read(PATH, program())}
    assert set(found) == {
        "pkg:golang/stdlib@1.26.8",
        "pkg:golang/github.com/cloudflare/cloudflared",
        "pkg:golang/golang.org/x/net@v0.40.0",
        "pkg:golang/github.com/new/one@v1.0.1",
        "pkg:golang/gopkg.in/yaml.v3@v3.0.1",
    }
    assert found["pkg:golang/github.com/cloudflare/cloudflared"].kind == Kind.APPLICATION


@pytest.mark.parametrize("content", [b"#!/bin/sh\n", b"\x7fELF" + b"\0" * 99, program(flags=0), golang.MARK, b""])
def test_other_programs_say_nothing(content: bytes) -> None:
    """Scripts, C, and Go before 1.18."""
    assert list(golang.read(PATH, content)) == []


def test_only_programs_are_looked_into() -> None:
    """A library of hundreds of megabytes is no program."""
    assert golang.is_wanted(PATH)
    assert golang.is_wanted("bin/a")
    assert not golang.is_wanted("usr/lib/libcublasLt.so.13")


@given(cut=st.integers(0, len(program())))
def test_a_program_that_is_cut_off_is_no_error(cut: int) -> None:
    """What can be read of it is."""
    assert all(c.name for c in golang.read(PATH, program()[:cut]))
