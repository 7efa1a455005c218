"""The header of a GGUF file: as the gguf package reads it, and what a wrong or hostile one gets."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.gguf.header import read_header
from infra.gguf.types import FILE_TYPES, TENSOR_TYPES, GgufError, Header, Long
from tests.helpers import tiny_gguf
from tests.unit.infra.gguf.raw import file, pair, reading, tensor, text, u32, u64

STRING, ARRAY, UINT32 = 8, 9, 4


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real file."""
    return tiny_gguf.write(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


def read(content: bytes) -> Header:
    """A header from memory."""
    return read_header(reading(content), len(content) + 2**40)


def test_a_file_reads_as_the_gguf_package_reads_it(tiny: Path) -> None:
    """Every key, every tensor, and where the data begins."""
    content = tiny.read_bytes()
    found = read_header(reading(content), len(content))
    peer = gguf.GGUFReader(tiny)
    for key, field in peer.fields.items():
        if key.startswith("GGUF."):
            continue
        value, expected = found.metadata[key], field.contents()
        assert value == (tuple(expected) if isinstance(expected, list) else expected)
    assert len(found.metadata) == len(peer.fields) - 3
    assert found.data_offset == peer.data_offset
    assert [(t.name, t.shape, t.type, t.num_bytes) for t in found.tensors] == [
        (t.name, tuple(map(int, t.shape)), t.tensor_type.name, t.n_bytes) for t in peer.tensors
    ]


def test_the_types_are_those_of_the_gguf_package() -> None:
    """A type that is new there must be added here."""
    assert {number: row[1:] for number, row in TENSOR_TYPES.items()} == {
        int(kind): GGML_QUANT_SIZES[kind] for kind in GGMLQuantizationType
    }
    assert {number: row[0] for number, row in TENSOR_TYPES.items()} == {int(k): k.name for k in GGMLQuantizationType}
    peer = {int(k): k.name.removeprefix("MOSTLY_").removeprefix("ALL_") for k in gguf.LlamaFileType if k < 1024}
    assert peer == {**FILE_TYPES, 38: "MXFP4_MOE"}


def test_both_versions_are_read() -> None:
    """2 and 3 differ in what they promise, not in bytes."""
    for version in (2, 3):
        assert read(file(pair("a", UINT32, u32(7)), version=version)).metadata == {"a": 7}


def test_long_arrays_are_counted_and_left_out() -> None:
    """Of numbers and of texts; what stands behind them is still found."""
    numbers = pair("scores", ARRAY, u32(6) + u64(5000) + bytes(20000))
    words = pair("tokens", ARRAY, u32(STRING) + u64(5000) + text("word") * 5000)
    found = read(file(numbers, words, pair("last", UINT32, u32(9))))
    assert found.metadata == {"scores": Long(5000), "tokens": Long(5000), "last": 9}


def test_short_arrays_and_all_kinds_of_scalars_are_kept() -> None:
    """Signed, floating, true and text."""
    found = read(
        file(
            pair("list", ARRAY, u32(5) + u64(2) + (-1).to_bytes(4, "little", signed=True) * 2),
            pair("true", 7, b"\x01"),
            pair("float", 6, bytes.fromhex("0000c03f")),
            pair("text", STRING, text("grüße")),
            pair("nested", ARRAY, u32(ARRAY) + u64(1) + u32(UINT32) + u64(1) + u32(3)),
        )
    )
    assert found.metadata == {"list": (-1, -1), "true": True, "float": 1.5, "text": "grüße", "nested": Long(1)}


DEEP = u32(ARRAY) + u64(1)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "magic at byte 0: the file ends in the middle of it"),
        (b"GGML" + bytes(20), "it begins with b'GGML', so it is no GGUF file"),
        (b"<!DOCTYPE html>" + bytes(9), "so it is no GGUF file"),
        (b"GGUF" + (3).to_bytes(4, "big") + bytes(16), "it is big endian"),
        (b"GGUF" + u32(1) + bytes(16), "version 1 is not allowed; allowed: 2, 3"),
        (b"GGUF" + u32(3) + u64(2**60) + u64(0), "number of tensors at byte 8: 1152921504606846976 is not allowed"),
        (b"GGUF" + u32(3) + u64(0) + u64(2**60), "number of metadata at byte 16: 1152921504606846976 is not allowed"),
        (file(pair("a", 13, b"")), "a: type 13 is not allowed; allowed: 0 to 12"),
        (file(pair("a", ARRAY, u32(99) + u64(9))), "a: type 99 is not allowed"),
        (file(pair("a", ARRAY, u32(STRING) + u64(2**50))), "length of a at byte"),
        (file(pair("a", ARRAY, u32(STRING) + u64(9000) + u64(2**63))), "the header is larger than 64 MiB"),
        (file(pair("a", ARRAY, DEEP * 4 + u32(UINT32) + u64(0))), "a: arrays within arrays; allowed: 4 deep"),
        (file(pair("a", STRING, u64(2**40))), "length of a at byte"),
        (file(pair("a", STRING, text(b"\xff\xfe"))), "a at byte 47: is no UTF-8"),
        (file(text("k" * 70000)), "length of a key at byte 24: 70000 is not allowed; allowed: 65535 or less"),
        (file(pair("a", UINT32, u32(1)), pair("a", UINT32, u32(2))), "a: is there twice"),
        (file(pair("general.alignment", UINT32, u32(33))), "general.alignment: 33 is not allowed; allowed: a power"),
        (file(pair("general.alignment", STRING, text("32"))), "general.alignment: '32' is not allowed"),
        (file(tensors=(tensor("t", 32, kind=4),)), "tensor t: type 4 is not known"),
        (file(tensors=(tensor("t", 1, 1, 1, 1, 1),)), "tensor t: 5 dimensions; allowed: 4 or less"),
        (file(tensors=(tensor("t", 33, kind=2),)), "tensor t: rows of 33 are not whole blocks of Q4_0"),
        (file(tensors=(tensor("t", 2**40, 2**40),)), "tensor t: shape (1099511627776, 1099511627776) is not allowed"),
        (file(tensors=(tensor("t", 0),)), "tensor t: shape (0,) is not allowed"),
        (file(tensors=(tensor("t", 1), tensor("t", 1))), "tensor t: is there twice"),
        (file(tensors=(tensor("t", 32, offset=2**62),)), "tensor t: ends at byte"),
        (file(pair("a", UINT32, u32(1)))[:-2], "a at byte 37: the file ends in the middle of it"),
    ],
)
def test_what_is_wrong_is_named(content: bytes, expected: str) -> None:
    """In one sentence, and quickly, however large the numbers are."""
    with pytest.raises(GgufError) as caught:
        read(content)
    (problem,) = caught.value.problems
    assert expected in problem


def test_every_truncation_is_told(tiny: Path) -> None:
    """Wherever the download broke off within the header."""
    content = tiny.read_bytes()
    end = read_header(reading(content)).data_offset
    for length in [*range(0, 200), *range(200, end - 40, 61)]:
        with pytest.raises(GgufError, match="the file ends in the middle"):
            read_header(reading(content[:length]))


def test_a_file_that_is_shorter_than_its_tensors_is_told(tiny: Path) -> None:
    """The header is whole, the weights are not."""
    content = tiny.read_bytes()
    with pytest.raises(GgufError, match="ends at byte"):
        read_header(reading(content), len(content) - 1)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Never another error, never without end."""
    _read_or_refuse(b"GGUF" + u32(3) + content)


@settings(max_examples=200)
@given(st.data())
def test_a_file_with_any_changed_bytes_is_read_or_refused(data: st.DataObject) -> None:
    """Bits flip in memory, on the way, and on purpose."""
    content = bytearray(
        file(
            pair("general.architecture", STRING, text("llama")),
            pair("list", ARRAY, u32(UINT32) + u64(3) + u32(1) * 3),
            pair("words", ARRAY, u32(STRING) + u64(2) + text("one") + text("two")),
            tensors=(tensor("token_embd.weight", 32, 4), tensor("output.weight", 32, 4, kind=8)),
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    _read_or_refuse(bytes(content))


def _read_or_refuse(content: bytes) -> None:
    with contextlib.suppress(GgufError):
        read(content)


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_a_reader_that_asks_in_pieces_sees_the_same(tiny: Path, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size of the first request."""
    content = tiny.read_bytes()
    expected = read_header(reading(content))
    monkeypatch.setattr("infra.gguf.cursor.FIRST_PIECE", piece)
    assert read_header(reading(content)) == expected


def test_a_header_is_fetched_in_few_growing_pieces() -> None:
    """A vocabulary of 250,000 words: 1, 2 and 4 MiB, and nothing of the weights behind."""
    words = pair("tokens", ARRAY, u32(STRING) + u64(250_000) + text("word") * 250_000)
    content = file(words) + bytes(2**24)
    asked: list[tuple[int, int]] = []
    source: Callable[[int, int], bytes] = reading(content)

    def watched(offset: int, length: int) -> bytes:
        asked.append((offset, length))
        return source(offset, length)

    read_header(watched)
    assert [length for _, length in asked] == [2**20, 2**21]
