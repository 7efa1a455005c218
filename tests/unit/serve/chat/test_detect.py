"""Tests of serve.chat.formats.detect: by the words in a template."""

from __future__ import annotations

import pytest

from serve.chat.formats.detect import detect, must_show
from tests.helpers.conversations import NAMES, TEMPLATES

LLAMA3 = "<|start_header_id|>{{ '\"parameters\": ' }}"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("", "generic"),
        ("<tool_call>", "hermes"),
        ("<tool_call> <think>", "hermes+think"),
        ("<tool_call> </think>", "hermes+think"),
        ("<tool_call><function=", "generic"),
        ("<tool_call>{name}<arg_key>", "generic"),
        (LLAMA3, "llama3"),
        ("<|start_header_id|>", "generic"),
        ("[TOOL_CALLS]", "mistral"),
        ("[TOOL_CALLS] [ARGS] [THINK]", "mistral+mistral-think"),
        ("<｜tool▁call▁begin｜>", "deepseek"),  # noqa: RUF001
        ("<|channel|><|start|><|message|>", "harmony"),
    ],
)
def test_the_words_of_a_template_tell_the_format(source: str, name: str) -> None:
    """What nobody knows is generic."""
    assert detect(source, describes_tools=True).name == name


def test_a_template_that_describes_no_tools_is_generic_whatever_its_words() -> None:
    """Old calls may be written there, but nothing would tell the model of new ones."""
    assert detect("[TOOL_CALLS] [THINK]", describes_tools=False).name == "generic+mistral-think"
    assert detect("<｜tool▁call▁begin｜></think>", describes_tools=False).name == "generic+think"  # noqa: RUF001


@pytest.mark.parametrize(("tokens", "shown"), [((), False), (("<tool_call>",), True), (("[TOOL_CALLS]",), False)])
def test_control_tokens_are_asked_for_only_if_the_marks_are_tokens(tokens: tuple[str, ...], shown: bool) -> None:
    """Else they come as text anyway."""
    assert must_show(detect("<tool_call>", describes_tools=True), lambda text: text in tokens) == shown


@pytest.mark.parametrize("name", NAMES)
def test_every_real_template_is_found(name: str) -> None:
    """One name, and thoughts only where the template speaks of them."""
    source = (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
    found = detect(source, describes_tools=True)
    assert (found.thoughts is not None) == ("think>" in source or "[THINK]" in source)
