"""Tests of serve.pulls.names."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.errors import ForbiddenError, InvalidRequestError, ModelNotFoundError, RequestError
from serve.pulls import names
from serve.pulls.types import PullOrder

SHA256 = "0" * 64
Q2 = "tinyllama-1.1b-chat-v1.0.Q2_K.gguf"


@pytest.mark.parametrize(
    "order",
    [
        PullOrder("TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF", Q2),
        PullOrder("org/m", "folder/with space/m.gguf", "refs/pr/3", SHA256, "1a-m.gguf"),
        PullOrder("org/m", "*Q4_K_M*.gguf"),
        PullOrder("org/m", "m-00001-of-00003.gguf"),
    ],
)
def test_what_people_ask_for_is_taken(order: PullOrder) -> None:
    """As it is found on the hub."""
    names.check_order(order)


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (PullOrder("m", "m.gguf"), "model"),
        (PullOrder("../etc", "m.gguf"), "model"),
        (PullOrder("o/..", "m.gguf"), "model"),
        (PullOrder("o/m/../../x", "m.gguf"), "model"),
        (PullOrder("-o/m", "m.gguf"), "model"),
        (PullOrder("o/m?x=1", "m.gguf"), "model"),
        (PullOrder("o/m", "../m.gguf"), "filename"),
        (PullOrder("o/m", "a/../../m.gguf"), "filename"),
        (PullOrder("o/m", "/etc/m.gguf"), "filename"),
        (PullOrder("o/m", "a//m.gguf"), "filename"),
        (PullOrder("o/m", ".m.gguf"), "filename"),
        (PullOrder("o/m", "-m.gguf"), "filename"),
        (PullOrder("o/m", "m\0.gguf"), "filename"),
        (PullOrder("o/m", "m\n.gguf"), "filename"),
        (PullOrder("o/m", "a\\m.gguf"), "filename"),
        (PullOrder("o/m", "m.safetensors"), "filename"),
        (PullOrder("o/m", "m.gguf.part"), "filename"),
        (PullOrder("o/m", "é.gguf"), "filename"),
        (PullOrder("o/m", "a" * 200 + ".gguf"), "filename"),
        (PullOrder("o/m", "a/" * 600 + "m.gguf"), "filename"),
        (PullOrder("o/m", "../*.gguf"), "filename"),
        (PullOrder("o/m", "*;rm.gguf"), "filename"),
        (PullOrder("o/m", "m-00004-of-00003.gguf"), "filename"),
        (PullOrder("o/m", "m-00000-of-00003.gguf"), "filename"),
        (PullOrder("o/m", "m-00001-of-99999.gguf"), "filename"),
        (PullOrder("o/m", "m.gguf", ".."), "revision"),
        (PullOrder("o/m", "m.gguf", "a b"), "revision"),
        (PullOrder("o/m", "m.gguf", "--x"), "revision"),
        (PullOrder("o/m", "m.gguf", sha256="A" * 64), "sha256"),
        (PullOrder("o/m", "*.gguf", sha256=SHA256), "sha256"),
        (PullOrder("o/m", "m-00001-of-00003.gguf", sha256=SHA256), "sha256"),
        (PullOrder("o/m", "m.gguf", stored="../m.gguf"), "stored"),
    ],
)
def test_what_leads_elsewhere_is_refused_with_its_field(order: PullOrder, field: str) -> None:
    """Out of the directory, into a command line, to another address: all are names first."""
    with pytest.raises(InvalidRequestError) as caught:
        names.check_order(order)
    assert caught.value.param == field


@given(st.text(alphabet="am.-_/\\ *?[]!\0\n", max_size=30).map(lambda text: f"{text}.gguf"))
def test_no_name_that_is_taken_leads_out_of_a_folder(file: str) -> None:
    """Whatever is taken is stored under a plain name that no shell, no option and no hidden file looks like."""
    try:
        names.check_order(PullOrder("o/m", file))
    except RequestError:
        return
    if not names.is_pattern(file):
        for part in names.parts(file):
            stored = names.stored_name(part)
            assert PurePosixPath(stored).name == stored
            assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.gguf", stored)


def test_one_part_means_all_of_them() -> None:
    """In order; what is not split is itself."""
    three = ("a/m-00001-of-00003.gguf", "a/m-00002-of-00003.gguf", "a/m-00003-of-00003.gguf")
    assert names.parts(three[1]) == three
    assert names.parts("m.gguf") == ("m.gguf",)


FILES = (
    "README.md",
    Q2,
    "m-Q4_K_M.gguf",
    "mmproj-Q4_K_M.gguf",
    "Q8_0/m-Q8_0-00001-of-00002.gguf",
    "Q8_0/m-Q8_0-00002-of-00002.gguf",
)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*q4_k_m*", FILES[2:3]),
        ("*Q8_0*.gguf", FILES[4:]),
        ("q8_0/*", FILES[4:]),
        ("mmproj*", FILES[3:4]),
        ("*[q]2_k.gguf", FILES[1:2]),
    ],
)
def test_a_pattern_means_one_model(pattern: str, found: tuple[str, ...]) -> None:
    """Whole, in any case, and never what lies beside a model unless that is asked for."""
    assert names.chosen(pattern, FILES) == found


def test_a_pattern_that_means_several_models_or_none_is_told() -> None:
    """With those that it could mean."""
    with pytest.raises(InvalidRequestError, match=r"3 models there fit '\*\.gguf': .*m-Q4_K_M.gguf"):
        names.chosen("*.gguf", FILES)
    with pytest.raises(ModelNotFoundError, match="no GGUF file there fits"):
        names.chosen("*iq1*", FILES)


def test_a_hub_that_lists_evil_names_is_not_believed() -> None:
    """Its list is checked as an order is."""
    with pytest.raises(InvalidRequestError):
        names.chosen("*evil*", ["../../evil.gguf"])


def test_only_repositories_on_the_list_are_allowed() -> None:
    """In any case, by pattern; without a list, all."""
    names.check_allowed("thebloke/m", ["ggml-org/m", "TheBloke/*"])
    names.check_allowed("any/m", [])
    with pytest.raises(ForbiddenError, match=r"any/m may not be pulled by this server: TheBloke/\* may"):
        names.check_allowed("any/m", ["TheBloke/*"])
