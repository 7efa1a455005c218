"""Tests of serve.chat.parse with all its formats: what models write, and what clients get of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.chat.machine import join
from serve.chat.parse import make_parser
from serve.chat.types import Content, Piece, Reasoning, ReasoningFormat, ToolArguments, ToolCallStart

TOOLS = ("get_weather", "get", "time")
CITY = '{"city": "Bonn"}'


def call(index: int, name: str, arguments: str = CITY) -> list[Piece]:
    """A whole call."""
    return [ToolCallStart(index, f"id{index}", name), ToolArguments(index, arguments)]


WEATHER = call(0, "get_weather")
TIME = call(1, "time", "{}")

# format, prompt's end, answer, what it means
CASES: list[tuple[str, str, str, list[Piece]]] = [
    ("plain", "", "Hello <tool_call>", [Content("Hello <tool_call>")]),
    # between tags
    ("hermes", "", "Hello", [Content("Hello")]),
    ("hermes", "", " a < b \n", [Content(" a < b \n")]),
    (
        "hermes",
        "",
        f'<tool_call>\n{{"name": "get_weather", "arguments": {CITY}}}\n</tool_call>',
        WEATHER,
    ),
    (
        "hermes",
        "",
        f'I look.\n\n<tool_call>{{"arguments": {CITY}, "name": "get_weather"}}</tool_call>\n'
        '<tool_call>\n{"name": "time"}\n</tool_call>\n',
        [Content("I look."), *WEATHER, *TIME],
    ),
    ("hermes", "", '<tool_call>{"name": "get", "arguments": "{\\"a\\": 1}"}</tool_call>', call(0, "get", '{"a": 1}')),
    ("hermes", "", '<tool_call>{"name": "get", "arguments": null}</tool_call>', call(0, "get", "{}")),
    ("hermes", "", '<tool_call>{"name": "rm"}</tool_call>', [Content('<tool_call>{"name": "rm"}</tool_call>')]),
    ("hermes", "", "the tag <tool_call> is", [Content("the tag <tool_call> is")]),
    ("hermes", "", '<tool_call>{"na', [Content('<tool_call>{"na')]),
    (
        "hermes",
        "",
        '<tool_call>{"name": "get", "arguments": {"a": [1, {"b": "}\\"]',
        [*call(0, "get", '{"a": [1, {"b": "}\\"]')],
    ),
    # between tags, with thoughts
    ("hermes+think", "", "<think>\nhm <tool_call>\n</think>\n\nYes", [Reasoning("hm <tool_call>"), Content("Yes")]),
    ("hermes+think", "<think>", "\nhm\n</think>Yes", [Reasoning("hm"), Content("Yes")]),
    ("hermes+think", "<think>", "hm, a\n\nb", [Reasoning("hm, a\n\nb")]),
    ("hermes+think", "", "a <think>b</think>", [Content("a <think>b</think>")]),
    ("hermes+think", "", "<th", [Content("<th")]),
    (
        "hermes+think",
        "<think>",
        f'hm</think>\n<tool_call>\n{{"name": "get_weather", "arguments": {CITY}}}\n</tool_call>',
        [Reasoning("hm"), *WEATHER],
    ),
    # bare JSON
    ("llama3", "", f'{{"name": "get_weather", "parameters": {CITY}}}', WEATHER),
    (
        "llama3",
        "",
        f'<|python_tag|>{{"type": "function", "name": "get_weather", "parameters": {CITY}}}; '
        '{"name": "time", "parameters": {}}',
        [*WEATHER, *TIME],
    ),
    ("llama3", "", f'{{"function": {{"name": "get_weather", "parameters": {CITY}}}}}', WEATHER),
    (
        "llama3",
        "",
        f'One moment: {{"name": "get_weather", "parameters": {CITY}}}',
        [Content("One moment:"), *WEATHER],
    ),
    ("llama3", "", '{"name": "Ada", "age": 36}', [Content('{"name": "Ada", "age": 36}')]),
    ("llama3", "", 'f(x) = {x | x > 0} or {"a": 1}', [Content('f(x) = {x | x > 0} or {"a": 1}')]),
    # a list after a token, or a name
    (
        "mistral",
        "",
        f'[TOOL_CALLS] [{{"name": "get_weather", "arguments": {CITY}, "id": "abcdefghi"}}, {{"name": "time"}}]',
        [*WEATHER, *TIME],
    ),
    ("mistral", "", f"Yes.[TOOL_CALLS]get_weather[ARGS]{CITY}", [Content("Yes."), *WEATHER]),
    ("mistral", "", f"[TOOL_CALLS]get_weather{CITY}[TOOL_CALLS]time[CALL_ID]123456789[ARGS]{{}}", [*WEATHER, *TIME]),
    ("mistral", "", "[TOOL_CALLS]rm[ARGS]{}", [Content("[TOOL_CALLS]rm[ARGS]{}")]),
    ("mistral", "", '[TOOL_CALLS] [{"name": "rm"}] ok', [Content('[TOOL_CALLS] [{"name": "rm"}] ok')]),
    ("mistral+mistral-think", "", "[THINK]hm[/THINK]Yes", [Reasoning("hm"), Content("Yes")]),
    # harmony
    (
        "harmony",
        "",
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes<|return|>",
        [Reasoning("hm"), Content("Yes")],
    ),
    (
        "harmony",
        "",
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather "
        f"<|constrain|>json<|message|>{CITY}<|call|>",
        [Reasoning("hm"), *WEATHER],
    ),
    (
        "harmony",
        "",
        f" to=functions.get_weather<|channel|>commentary json<|message|>{CITY}<|call|>",
        WEATHER,
    ),
    (
        "harmony",
        "",
        "<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>analysis to=functions.get_weather "
        f"code<|message|>{CITY}",
        [Content("I look."), *WEATHER],
    ),
    (
        "harmony",
        "",
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>analysis<|message|>b<|end|>",
        [Reasoning("a\nb")],
    ),
    ("harmony", "", "Just text", [Content("Just text")]),
    (
        "harmony",
        "",
        "<|channel|>commentary to=assistant<|channel|>analysis<|message|>hm<|end|>",
        [Reasoning("hm")],
    ),
    ("harmony", "", "<|channel|>final", []),
    ("harmony", "<|channel|>final<|message|>Once", " upon a time", [Content(" upon a time")]),
    (
        "harmony",
        "",
        "<|channel|>commentary to=functions.rm json<|message|>{}<|call|>",
        [Content("{}")],
    ),
    # DeepSeek
    (
        "deepseek+think",
        "<think>",
        "hm</think>Ok.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n"  # noqa: RUF001
        f"{CITY}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>time\n```json\n"  # noqa: RUF001
        "{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",  # noqa: RUF001
        [Reasoning("hm"), Content("Ok."), *WEATHER, *TIME],
    ),
    (
        "deepseek",
        "",
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{CITY}<｜tool▁call▁end｜>",  # noqa: RUF001
        WEATHER,
    ),
    (
        "deepseek",
        "",
        "<｜tool▁calls▁begin｜> what {is} this",  # noqa: RUF001
        [Content("<｜tool▁calls▁begin｜> what {is} this")],  # noqa: RUF001
    ),
    # our own
    (
        "generic",
        "",
        f'{{"tool_calls": [{{"name": "get_weather", "arguments": {CITY}}}, {{"name": "time", "arguments": {{}}}}]}}',
        [*WEATHER, *TIME],
    ),
    (
        "generic",
        "",
        f'Sure.\n```json\n{{\n  "tool_calls": [\n {{"name": "get_weather", "arguments": {CITY}}}\n]\n}}\n```\n',
        [Content("Sure."), *WEATHER],
    ),
    ("generic", "", f'{{"tool_call": {{"name": "get_weather", "arguments": {CITY}}}}}', WEATHER),
    ("generic", "", f'{{"name": "get_weather", "arguments": {CITY}}} ok', [*WEATHER, Content("ok")]),
    ("generic", "", '```json\n{"a": 1}\n```', [Content('```json\n{"a": 1}\n```')]),
    ("generic", "", "```\nx = {}\n```", [Content("```\nx = {}\n```")]),
    ("generic", "", '{"tool_calls": [{"name": "rm"}]}', [Content('{"tool_calls": [{"name": "rm"}]}')]),
]
FORMATS = sorted({name for name, *_ in CASES})
MARKS = [
    *(
        "<tool_call>",
        "</tool_call>",
        "<think>",
        "</think>",
        "[THINK]",
        "[/THINK]",
        "[TOOL_CALLS]",
        "[ARGS]",
        "[CALL_ID]",
    ),
    *("<|python_tag|>", "<|channel|>", "<|message|>", "<|end|>", "<|start|>", "<|call|>", "to=functions.get", "final"),
    *("<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>", "```json", "```"),  # noqa: RUF001
    *(
        '{"name": "get"',
        '"arguments": {',
        '"parameters": {"a": "b"}',
        '{"tool_calls": [',
        '"function": {',
        "get_weather",
    ),
    "x" * 600,
    *("{", "}", "[", "]", ",", ":", '"', "\\", " ", "\n", "a", "1", "analysis", "commentary", "assistant", ";"),
]


def pieces(
    name: str, opened: str, parts: Iterable[str], reasoning: ReasoningFormat = ReasoningFormat.AUTO
) -> list[Piece]:
    """All pieces, joined."""
    ids = count()
    parser = make_parser(name, opened, tools=TOOLS, reasoning=reasoning, new_id=lambda: f"id{next(ids)}")
    found = [piece for part in parts for piece in parser.push(part)] + parser.finish()
    result: list[Piece] = []
    for piece in found:
        joined = join(result[-1], piece) if result else None
        result[-1:] = [joined] if joined else [*result[-1:], piece]
    return result


@pytest.mark.parametrize(("name", "opened", "text", "expected"), CASES)
def test_an_answer_becomes_pieces(name: str, opened: str, text: str, expected: list[Piece]) -> None:
    """In one push and character by character."""
    assert pieces(name, opened, [text]) == expected
    assert pieces(name, opened, text) == expected


@given(st.sampled_from(FORMATS), st.lists(st.sampled_from(MARKS), max_size=14), st.data())
def test_the_cut_of_the_text_never_matters(name: str, marks: list[str], data: st.DataObject) -> None:
    """Any text out of all that is special to any format, cut anywhere: never an error, always the same."""
    text = "".join(marks)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    parts = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    expected = pieces(name, "", [text])
    assert pieces(name, "", parts) == expected
    assert pieces(name, "", text) == expected


@given(st.sampled_from([each for each in CASES if isinstance(each[3][-1:], list)]), st.data())
def test_an_answer_cut_off_gives_what_is_there(case: tuple[str, str, str, list[Piece]], data: st.DataObject) -> None:
    """Calls come in the same order with the beginning of the same arguments."""
    name, opened, text, expected = case
    found = pieces(name, opened, [text[: data.draw(st.integers(0, len(text)))]])
    calls = [piece for piece in expected if isinstance(piece, ToolCallStart)]
    assert [piece for piece in found if isinstance(piece, ToolCallStart)] == calls[
        : sum(isinstance(p, ToolCallStart) for p in found)
    ]
    whole = {piece.index: piece.text for piece in expected if isinstance(piece, ToolArguments)}
    for piece in found:
        if isinstance(piece, ToolArguments):
            assert whole[piece.index].startswith(piece.text)


@given(st.sampled_from(["hermes", "llama3", "mistral", "generic", "deepseek"]), st.text("ab <{[\n`|", max_size=30))
def test_text_without_calls_is_content_to_the_letter(name: str, text: str) -> None:
    """Nothing is lost, nothing is added."""
    assert pieces(name, "", text) == ([Content(text)] if text else [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=4), st.booleans())
def test_arguments_come_through_as_they_are(arguments: dict[str, object], escaped: bool) -> None:
    """Whatever JSON they are."""
    text = json.dumps(arguments, ensure_ascii=escaped)
    written = f'<tool_call>{{"name": "get", "arguments": {text}}}</tool_call>'
    assert pieces("hermes", "", written) == call(0, "get", text)
    assert pieces("mistral", "", f"[TOOL_CALLS]get[ARGS]{text}") == call(0, "get", text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("harmony", "<|channel|>final" + "x" * 1000),
        ("mistral", "[TOOL_CALLS]get[CALL_ID]" + "x" * 1000),
        ("deepseek", "<｜tool▁calls▁begin｜>" + "x" * 1000),  # noqa: RUF001
    ],
)
def test_what_is_too_long_for_a_header_is_content_at_once(name: str, text: str) -> None:
    """It is not held back until the end."""
    parser = make_parser(name, tools=TOOLS)
    assert "x" * 400 in "".join(piece.text for piece in parser.push(text) if isinstance(piece, Content))
    assert pieces(name, "", text) == pieces(name, "", [text])


def test_arguments_stream_while_they_come() -> None:
    """Not only when the call is complete."""
    parser = make_parser("hermes", tools=TOOLS, new_id=lambda: "id")
    assert parser.push('<tool_call>{"name": "get", "arguments": {"a": "lo') == [
        ToolCallStart(0, "id", "get"),
        ToolArguments(0, '{"a": "lo'),
    ]
    assert parser.push("ng") == [ToolArguments(0, "ng")]


@pytest.mark.parametrize(
    ("name", "opened", "text"),
    [
        ("hermes+think", "", " <think>\n a </think> \nb"),
        ("plain+think", "", "<think>a</think>b"),
        ("mistral+mistral-think", "", "[THINK]a[/THINK]\nb"),
    ],
)
def test_thoughts_stay_where_they_are_if_nobody_wants_them_split(name: str, opened: str, text: str) -> None:
    """reasoning_format none."""
    assert pieces(name, opened, text, ReasoningFormat.NONE) == [Content(text)]


def test_without_tools_nothing_is_a_call() -> None:
    """The client did not ask for any, so it could not read one."""
    text = '<tool_call>{"name": "get"}</tool_call>'
    assert make_parser("hermes").push(text) == [Content(text)]


def test_a_format_of_a_newer_worker_is_plain_text() -> None:
    """During a rollout both run."""
    assert make_parser("new+newer", tools=TOOLS).push("x") == [Content("x")]


@pytest.mark.parametrize(("name", "size"), [("mistral", 9), ("hermes", 29)])
def test_calls_get_ids_of_the_length_that_the_templates_take(name: str, size: int) -> None:
    """Mistral's want nine characters."""
    parser = make_parser(name, tools=TOOLS)
    text = '<tool_call>{"name": "get"}</tool_call>' if name == "hermes" else '[TOOL_CALLS][{"name": "get"}]'
    (start, _) = parser.push(text)
    assert isinstance(start, ToolCallStart)
    assert len(start.id) == size
