"""Tests of serve.chat.plan: real templates, a table of conversations, and grammars that take what the models write."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve.chat.parse import make_parser
from serve.chat.plan import Chat, make_chat, plan_chat
from serve.chat.types import (
    ChatMessage,
    ChatPlan,
    Content,
    Conversation,
    FormKind,
    Piece,
    Reasoning,
    ResponseFormat,
    Tool,
    ToolArguments,
    ToolCallStart,
    ToolChoice,
    ToolMode,
)
from serve.engine.errors import RefusedError
from tests.helpers.conversations import (
    CONVERSATIONS,
    NAMES,
    TIME,
    TIME_CALL,
    TOOLS,
    WEATHER,
    assistant,
    chat,
    user,
)
from tests.unit.serve.chat.matching import fits, sample

PROMPTS = Path(__file__).parents[3] / "fixtures" / "prompts"
HI = (user("Hi"),)
DAY = datetime(2026, 1, 2, tzinfo=UTC)
SCHEMA = ResponseFormat(
    FormKind.SCHEMA, '{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}'
)
REQUIRED = ToolChoice(ToolMode.REQUIRED)

QWEN, QWEN3, R1 = "Qwen-Qwen2.5-7B-Instruct", "Qwen-Qwen3-0.6B", "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B"
LLAMA, OLD_LLAMA, GPT = "meta-llama-Llama-3.2-3B-Instruct", "meta-llama-Meta-Llama-3-8B-Instruct", "openai-gpt-oss-120b"
NEMO, MINISTRAL = "mistralai-Mistral-Nemo-Instruct-2407", "mistralai-Ministral-3-14B-Reasoning-2512"
GEMMA, OLD_MISTRAL = "google-gemma-2-2b-it", "mistralai-Mistral-7B-Instruct-v0.1"

ARGUMENTS = '{"city": "Bonn"}'
# What each model writes to call get_weather, and then get_time.
ONE_CALL = {
    QWEN: f'<tool_call>\n{{"name": "get_weather", "arguments": {ARGUMENTS}}}\n</tool_call>',
    QWEN3: f'<tool_call>\n{{"name": "get_weather", "arguments": {ARGUMENTS}}}\n</tool_call>',
    LLAMA: f'{{"name": "get_weather", "parameters": {ARGUMENTS}}}',
    GPT: f"<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{ARGUMENTS}",
    NEMO: f'[TOOL_CALLS][{{"name": "get_weather", "arguments": {ARGUMENTS}, "id": "a1B2c3D4e"}}]',
    MINISTRAL: f"[TOOL_CALLS]get_weather[ARGS]{ARGUMENTS}",
    GEMMA: f'{{"tool_calls": [{{"name": "get_weather", "arguments": {ARGUMENTS}}}]}}',
    OLD_LLAMA: f'{{"tool_calls": [{{"name": "get_weather", "arguments": {ARGUMENTS}}}]}}',
    OLD_MISTRAL: f'{{"tool_calls": [{{"name": "get_weather", "arguments": {ARGUMENTS}}}]}}',
    R1: f'{{"tool_calls": [{{"name": "get_weather", "arguments": {ARGUMENTS}}}]}}',
}
TWO_CALLS = {
    QWEN: ONE_CALL[QWEN] + '\n<tool_call>\n{"name": "get_time", "arguments": {}}\n</tool_call>',
    NEMO: ONE_CALL[NEMO][:-1] + ', {"name": "get_time", "arguments": {}, "id": "123456789"}]',
    MINISTRAL: ONE_CALL[MINISTRAL] + "[TOOL_CALLS]get_time[ARGS]{}",
    GEMMA: ONE_CALL[GEMMA][:-2] + ', {"name": "get_time", "arguments": {}}]}',
}
THOUGHTS = {
    QWEN3: "<think>\nhm\n</think>\n\n",
    MINISTRAL: "[THINK]hm[/THINK]",
    GPT: "<|channel|>analysis<|message|>hm<|end|><|start|>assistant",
}


NO_THOUGHTS = '{"enable_thinking": false}'


@cache
def chat_of(name: str) -> Chat:
    """Compiled once."""
    return chat(name)


def plan(name: str, **more: object) -> ChatPlan:
    """Of a short conversation with the tools; of a model that always thinks, with its thoughts over."""
    told = NO_THOUGHTS if name == R1 else "{}"
    conversation = Conversation(HI, TOOLS, template_kwargs_json=told)
    return plan_chat(chat_of(name), replace(conversation, **more))  # type: ignore[arg-type]


def read(made: ChatPlan, text: str) -> list[Piece]:
    """What a client gets."""
    parser = make_parser(made.format, made.opened, tools=[tool.name for tool in TOOLS], new_id=lambda: "id")
    return [*parser.push(text), *parser.finish()]


@pytest.mark.parametrize("name", NAMES)
def test_the_prompts_are_those_of_the_golden_file(name: str) -> None:
    """UPDATE_GOLDEN=1 writes them anew. Transformers renders the same from the same turns and the date."""
    path = PROMPTS / f"{name}.txt"
    made = {title: plan_chat(chat_of(name), each) for title, each in CONVERSATIONS.items()}
    text = "".join(f"######## {title}\n{each.prompt}\n" for title, each in made.items())
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "expected", "opened"),
    [
        (QWEN, "hermes", ""),
        (QWEN3, "hermes+think", ""),
        (LLAMA, "llama3", ""),
        ("meta-llama-Llama-3.1-8B-Instruct", "llama3", ""),
        (OLD_LLAMA, "generic", ""),
        (GPT, "harmony", ""),
        (NEMO, "mistral", ""),
        (MINISTRAL, "mistral+mistral-think", ""),
        (GEMMA, "generic", ""),
        (OLD_MISTRAL, "generic", ""),
        (R1, "generic+think", "<think>"),
    ],
)
def test_each_template_has_its_format(name: str, expected: str, opened: str) -> None:
    """Known by the words in it, and by what it takes."""
    made = plan(name, template_kwargs_json='{"enable_thinking": true}')
    assert (made.format, made.opened) == (expected, opened)


@pytest.mark.parametrize("name", ONE_CALL)
@pytest.mark.parametrize("thinks", [False, True])
def test_a_required_call_is_what_the_grammar_takes_and_the_parser_reads(name: str, thinks: bool) -> None:
    """With thoughts before it where the model has them; never anything else."""
    made = plan(name, tool_choice=REQUIRED)
    assert made.grammar is not None
    thoughts = THOUGHTS.get(name, "") if thinks else ""
    assert made.triggers == ()
    assert fits(made.grammar, thoughts + ONE_CALL[name])
    assert not fits(made.grammar, thoughts + "Hello")
    assert not fits(made.grammar, thoughts + ONE_CALL[name].replace("get_weather", "get_wether"))
    assert not fits(made.grammar, thoughts + ONE_CALL[name].replace('"city"', '"town"'))
    expected: list[Piece] = [ToolCallStart(0, "id", "get_weather"), ToolArguments(0, ARGUMENTS)]
    assert read(made, thoughts + ONE_CALL[name]) == ([Reasoning("hm")] if thoughts else []) + expected


@pytest.mark.parametrize("name", ONE_CALL)
def test_a_call_of_the_models_own_will_is_held_to_its_form_from_the_trigger_on(name: str) -> None:
    """Before it, the model is free."""
    made = plan(name)
    assert made.grammar is not None
    trigger = next(each for each in made.triggers if each in ONE_CALL[name])
    before, _, after = ONE_CALL[name].partition(trigger)
    assert fits(made.grammar, after)
    assert not fits(made.grammar, after.replace('"city"', '"town"'))
    assert read(made, f"{before}{trigger}{after}")[0] == ToolCallStart(0, "id", "get_weather")
    assert read(made, "Hello") == [Content("Hello")]


ALWAYS = "{{ messages[-1].content }}{{ effort }}|{% if add_generation_prompt %}<think>\n{% endif %}"
"""A template that does not ask whether to think, as those of QwQ and the first R1."""


def made_of(defaults: dict[str, object], told: str, *messages: ChatMessage) -> ChatPlan:
    """The plan of a model that always thinks, with defaults of its entry, for what a request says."""
    made = make_chat(ALWAYS, bos="", eos="", vocab_has=lambda _: True, now=lambda: DAY, defaults=defaults)
    conversation = Conversation(messages or HI, template_kwargs_json=told, continue_final=bool(messages))
    return plan_chat(made, conversation)


@pytest.mark.parametrize(
    ("defaults", "told", "expected"),
    [
        ({}, "{}", "Hi|<think>\n"),
        ({"enable_thinking": False, "effort": " low"}, "{}", "Hi low|<think>\n</think>"),
        ({"enable_thinking": False, "effort": " low"}, '{"enable_thinking": true}', "Hi low|<think>\n"),
        ({"effort": " low"}, '{"effort": " high", "enable_thinking": false}', "Hi high|<think>\n</think>"),
    ],
)
def test_what_the_models_entry_says_holds_where_the_request_says_nothing(
    defaults: dict[str, object], told: str, expected: str
) -> None:
    """And whoever wants no thoughts gets none: those that the template begins are ended."""
    made = made_of(defaults, told)
    assert made.prompt == expected
    assert made.opened == ("" if expected.endswith("</think>") else "<think>")
    assert read(made, "Hello")[-1] == (Content("Hello") if made.opened == "" else Reasoning("Hello"))


def test_thoughts_that_are_there_already_are_not_ended_before_they_begin() -> None:
    """An answer that goes on with its thoughts has them, whatever the entry says."""
    made = made_of({"enable_thinking": False}, "{}", *HI, assistant("Yes", reasoning="hm"))
    assert made.prompt == "Hi|<think>\nhm\n</think>\n\nYes"
    assert made_of({"enable_thinking": False}, "{}", *HI, assistant("Yes")).prompt == "Hi|<think>\n</think>Yes"


def test_gpt_oss_may_name_the_function_before_the_channel() -> None:
    """The template writes earlier calls that way, so the model does, too."""
    call = f" to=functions.get_weather<|channel|>commentary json<|message|>{ARGUMENTS}"
    made = plan(GPT, tool_choice=REQUIRED)
    assert made.grammar is not None
    assert fits(made.grammar, call)
    assert fits(made.grammar, THOUGHTS[GPT] + call)
    made = plan(GPT)
    assert made.grammar is not None
    assert "<|start|>assistant to=functions." in made.triggers
    assert fits(made.grammar, call.removeprefix(" to=functions."))


def test_json_that_only_begins_like_a_call_is_not_bound() -> None:
    """Llama's calls begin with a name, and so does much other JSON."""
    made = plan(LLAMA)
    assert made.grammar is not None
    for rest in ('Ada", "age": 36}', 'get_wea"}', "", 'get_weather2", "x": 1}'):
        assert fits(made.grammar, rest)
    assert not fits(made.grammar, 'get_weather", "x": 1}')


@pytest.mark.parametrize("name", TWO_CALLS)
@pytest.mark.parametrize("parallel", [False, True])
def test_several_calls_come_only_if_the_client_takes_them(name: str, parallel: bool) -> None:
    """parallel_tool_calls."""
    made = plan(name, tool_choice=REQUIRED, parallel=parallel)
    assert made.grammar is not None
    assert fits(made.grammar, TWO_CALLS[name]) == parallel
    calls = [piece.name for piece in read(made, TWO_CALLS[name]) if isinstance(piece, ToolCallStart)]
    assert calls == ["get_weather", "get_time"]


@settings(deadline=None)  # the first plan of a template compiles it
@given(st.sampled_from(sorted(ONE_CALL)), st.booleans(), st.randoms(use_true_random=False))
def test_all_that_a_grammar_lets_through_is_read_as_calls(name: str, lazy: bool, random: Random) -> None:
    """Whatever a model writes under it: calls of the tools, arguments that are valid, no content beside."""
    made = plan(name) if lazy else plan(name, tool_choice=REQUIRED)
    assert made.grammar is not None
    text = sample(made.grammar, random)
    if lazy and name == LLAMA and not text.startswith(('get_weather"', 'get_time"')):
        return  # its trigger is the beginning of any JSON with a name
    found = read(made, (made.triggers[0] if lazy else "") + text)
    assert not [piece for piece in found if isinstance(piece, Content)]
    names = [piece.name for piece in found if isinstance(piece, ToolCallStart)]
    assert names
    arguments = [
        "".join(p.text for p in found if isinstance(p, ToolArguments) and p.index == i) for i in range(len(names))
    ]
    for called, each in zip(names, arguments, strict=True):
        values = json.loads(each)
        assert ("city" in values) == (called == "get_weather")
        assert values.keys() <= {"city", "days", "unit"}


def test_templates_that_take_one_call_a_turn_never_get_several() -> None:
    """The answer would have to go back through the template."""
    made = plan(LLAMA, tool_choice=REQUIRED, parallel=True)
    assert made.grammar is not None
    assert not fits(made.grammar, f"{ONE_CALL[LLAMA]}; {ONE_CALL[LLAMA]}")


@pytest.mark.parametrize("mode", [ToolMode.AUTO, ToolMode.REQUIRED])
def test_only_the_named_tools_may_be_called(mode: ToolMode) -> None:
    """The prompt describes all of them, so that it stays the same and its cache counts."""
    made = plan(QWEN, tool_choice=ToolChoice(mode, ("get_time",)))
    assert made.grammar is not None
    assert "get_weather" not in made.grammar
    assert "get_time" in made.grammar
    assert made.prompt == plan(QWEN).prompt


@pytest.mark.parametrize("name", ONE_CALL)
def test_an_answer_by_schema_may_be_thought_about_first(name: str) -> None:
    """The grammar begins where the answer does; a client never sees a 400 for it."""
    made = plan(name, tools=(), response_format=SCHEMA)
    assert made.grammar is not None
    header = "<|channel|>final<|message|>" if name == GPT else ""
    assert fits(made.grammar, header + '{"a": 1}')
    assert fits(made.grammar, THOUGHTS.get(name, "") + header + '{"a": 1}')
    assert not fits(made.grammar, THOUGHTS.get(name, "") + header + '{"a": "b"}')
    assert not fits(made.grammar, header + "Hello")
    assert read(made, header + '{"a": 1}') == [Content('{"a": 1}')]


def test_thoughts_that_the_prompt_has_opened_end_before_the_grammar_begins() -> None:
    """Until then the model is free, and nothing of it is the answer."""
    made = plan(R1, tools=(), response_format=SCHEMA, template_kwargs_json='{"enable_thinking": true}')
    assert (made.opened, made.triggers) == ("<think>", ("</think>",))
    assert made.grammar is not None
    assert fits(made.grammar, '\n\n{"a": 1}')
    assert not fits(made.grammar, "Hello")
    assert read(made, 'hm</think>\n\n{"a": 1}') == [Reasoning("hm"), Content('{"a": 1}')]


@pytest.mark.parametrize("name", ONE_CALL)
def test_with_tools_and_a_schema_an_answer_is_one_of_them(name: str) -> None:
    """Both hold."""
    made = plan(name, response_format=SCHEMA)
    assert made.grammar is not None
    header = "<|channel|>final<|message|>" if name == GPT else ""
    for text in (ONE_CALL[name], header + '{"a": 1}'):
        assert fits(made.grammar, text)
    assert not fits(made.grammar, header + "Hello")


@pytest.mark.parametrize(
    ("name", "triggers"), [(QWEN, ()), (GPT, ("<|channel|>final<|message|>",)), (R1, ("</think>",))]
)
def test_a_grammar_of_the_clients_own_holds_for_the_answer(name: str, triggers: tuple[str, ...]) -> None:
    """It knows nothing of headers and thoughts."""
    made = plan(
        name,
        tools=(),
        response_format=ResponseFormat(FormKind.GRAMMAR, 'root ::= "yes" | "no"'),
        template_kwargs_json='{"enable_thinking": true}',
    )
    assert (made.grammar, made.triggers) == ('root ::= "yes" | "no"', triggers)


def test_json_mode_is_any_object() -> None:
    """response_format json_object."""
    made = plan(QWEN, tools=(), response_format=ResponseFormat(FormKind.JSON))
    assert made.grammar is not None
    assert fits(made.grammar, '{"a": [1, null]}')
    assert not fits(made.grammar, "[1]")


def test_an_answer_that_was_begun_goes_on() -> None:
    """The parser starts where the prompt ends."""
    begun = assistant('{"a"')
    made = plan_chat(chat_of(QWEN), Conversation((*HI, begun), continue_final=True))
    assert made.prompt.endswith('<|im_start|>assistant\n{"a"')
    assert read(made, ": 1}") == [Content(": 1}")]
    thought = assistant("Yes", reasoning="hm")
    made = plan_chat(chat_of(GPT), Conversation((*HI, thought), continue_final=True))
    assert made.prompt.endswith("hm<|end|><|start|>assistant<|channel|>final<|message|>Yes")
    assert read(made, ", sir.") == [Content(", sir.")]


@pytest.mark.parametrize(
    ("name", "end", "rest"),
    [
        (QWEN3, "<think>\nhm", "\n</think>\n\nYes"),
        (MINISTRAL, "[THINK]\nhm", "[/THINK]Yes"),
        (GPT, "<|channel|>analysis<|message|>hm", "<|end|><|start|>assistant<|channel|>final<|message|>Yes"),
    ],
)
def test_thoughts_that_were_begun_go_on(name: str, end: str, rest: str) -> None:
    """A message of thoughts alone; a schema holds after them."""
    begun = Conversation((*HI, assistant(None, reasoning="hm")), continue_final=True)
    made = plan_chat(chat_of(name), begun)
    assert made.prompt.endswith(end)
    assert read(made, rest) == [Content("Yes")]
    assert read(made, ", or so" + rest) == [Reasoning(", or so"), Content("Yes")]
    made = plan_chat(chat_of(name), replace(begun, response_format=SCHEMA))
    assert made.grammar is not None
    ruled = rest.replace("Yes", '{"a": 1}')
    for trigger in made.triggers:
        ruled = ruled.partition(trigger)[2]
    assert fits(made.grammar, ruled)
    assert not fits(made.grammar, ruled.replace("1", "b"))


@pytest.mark.parametrize("name", [QWEN, OLD_LLAMA, GEMMA])
def test_without_tools_nothing_is_asked_of_the_engine(name: str) -> None:
    """No grammar, no control tokens in the text."""
    made = plan(name, tools=())
    assert (made.grammar, made.triggers, made.show_special) == (None, (), False)


@pytest.mark.parametrize("name", [QWEN, GPT, NEMO])
def test_marks_that_are_tokens_must_come_as_text(name: str) -> None:
    """The parsers live on them."""
    assert plan(name).show_special


ODD = Tool("odd", parameters_json='{"type": "object", "not": {"required": ["a"]}}')


def test_what_a_schema_asks_too_much_is_a_wish_unless_it_is_strict() -> None:
    """As with OpenAI."""
    made = plan(QWEN, tools=(ODD,), tool_choice=REQUIRED)
    assert made.grammar is not None
    assert fits(made.grammar, '<tool_call>\n{"name": "odd", "arguments": {"b": 1}}\n</tool_call>')
    with pytest.raises(RefusedError, match="the parameters of the tool 'odd': "):
        plan(QWEN, tools=(replace(ODD, strict=True),), tool_choice=REQUIRED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tools": (), "tool_choice": REQUIRED}, "there are no tools"),
        ({"tool_choice": ToolChoice(ToolMode.AUTO, ("rm",))}, "names 'rm': the tools are get_time, get_weather"),
        ({"tools": (TIME, TIME)}, "two tools have the same name"),
        ({"tools": (Tool('a"b'),)}, "1 to 128 letters, digits and"),
        ({"tools": (Tool(""),)}, "1 to 128 letters, digits and"),
        ({"tools": (Tool("x", parameters_json="[]"),)}, "the parameters of the tool 'x' must be an object"),
        ({"tools": (Tool("x", parameters_json="{"),)}, "the parameters of the tool 'x': Expecting"),
        ({"template_kwargs_json": '{"messages": []}'}, "sets 'messages', which is the server's own"),
        ({"template_kwargs_json": "1"}, "chat_template_kwargs must be an object"),
        ({"continue_final": True}, "it must be the assistant's, without calls"),
        ({"messages": (*HI, assistant(None, TIME_CALL)), "continue_final": True}, "it must be the assistant's"),
        ({"response_format": ResponseFormat(FormKind.GRAMMAR, "root ::= [a]")}, "can't be combined with tools"),
        ({"tools": (), "response_format": ResponseFormat(FormKind.SCHEMA, '{"not": {}}')}, "not"),
        ({"tools": (), "response_format": ResponseFormat(FormKind.SCHEMA, "{")}, "the schema is no JSON"),
    ],
)
def test_what_can_not_be_had_is_refused_with_the_reason(change: dict[str, object], message: str) -> None:
    """As a client's error, before anything is generated."""
    with pytest.raises(RefusedError, match=message):
        plan(QWEN, **change)


def test_a_tool_with_an_empty_schema_takes_an_object() -> None:
    """Clients leave the type out."""
    made = plan(QWEN, tools=(Tool("x", parameters_json="{}"),), tool_choice=REQUIRED)
    assert made.grammar is not None
    assert fits(made.grammar, '<tool_call>\n{"name": "x", "arguments": {}}\n</tool_call>')
    assert not fits(made.grammar, '<tool_call>\n{"name": "x", "arguments": 1}\n</tool_call>')


def test_the_weather_tool_is_described_where_the_template_knows_no_tools() -> None:
    """In words that any model may follow."""
    made = plan(OLD_LLAMA)
    assert WEATHER.description in made.prompt
    assert '{"tool_calls": [{"name": "<name>", "arguments": {<arguments>}}]}' in made.prompt
    assert "Call at least one of them" in plan(OLD_LLAMA, tool_choice=REQUIRED).prompt


def test_the_beginning_of_an_answer_can_be_left_out() -> None:
    """As `add_generation_prompt: false` asks; all before it is the same."""
    whole, without = plan(QWEN).prompt, plan(QWEN, adds_prompt=False).prompt
    assert whole == without + "<|im_start|>assistant\n"
