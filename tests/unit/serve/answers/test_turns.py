"""Tests of serve.answers.turns."""

from __future__ import annotations

from serve.answers.turns import Begun, Ended, Said, Turns
from serve.chat.types import Content, Piece, ToolArguments, ToolCallStart
from serve.engine.types import Accepted, Delta, Finished, FinishReason, PromptScores, TokenScore
from serve.messages import Prepared
from tests.helpers.fakes import FakeClock
from tests.unit.serve.answers.telling import EVENTS, batch, turns

SCORE = TokenScore(5, b"a", -0.5)


class Caller:
    """A parser that takes everything for a call."""

    def __init__(self) -> None:
        self.num = 0

    def push(self, text: str) -> list[Piece]:
        """The call begins with the first text."""
        self.num += 1
        return [ToolCallStart(0, "id", "f")] if self.num == 1 else [ToolArguments(0, text)]

    def finish(self) -> list[Piece]:
        """What it held back."""
        return [Content("rest")]


def test_a_choice_begins_goes_on_and_ends() -> None:
    """Tokens without text say nothing."""
    found = turns().read(batch(*EVENTS))
    end = EVENTS[-1]
    assert isinstance(end, Finished)
    assert found == [Begun(0), Said(0, (Content("Hé"),)), Said(0, (Content("llo"),)), Ended(0, "stop", None, end)]


def test_choices_of_all_prompts_are_numbered_through() -> None:
    """Two prompts with two choices each."""
    reading = turns(num_choices=2)
    found = reading.read([(1, Accepted(8, 3)), (0, Accepted(7, 3)), (1, Delta(8, "a", 1)), (0, Delta(7, "b", 1))])
    assert [each.choice for each in found] == [2, 3, 0, 1, 3, 1]


def test_what_the_parser_reads_is_said_and_a_call_is_the_reason() -> None:
    """Of an answer that stopped; one that was cut off is still too long."""
    for reason, told in ((FinishReason.STOP, "tool_calls"), (FinishReason.LENGTH, "length")):
        reading = turns(make_parser=lambda *_: Caller())
        found = reading.read(batch(Accepted(1, 1), Delta(1, "x"), Delta(1, "{}"), Finished(1, reason, 1, 2)))
        assert [each.pieces[0] for each in found if isinstance(each, Said)] == [
            ToolCallStart(0, "id", "f"),
            ToolArguments(0, "{}"),
            Content("rest"),
        ]
        assert isinstance(found[-1], Ended)
        assert found[-1].reason == told


def test_the_parser_is_made_of_what_was_said_of_the_prompt() -> None:
    """Each choice has its own."""
    seen: list[tuple[str, str]] = []

    def make(format_name: str, opened: str) -> Caller:
        seen.append((format_name, opened))
        return Caller()

    turns(2, make_parser=make).read(batch(Prepared(1, "hermes", "<think>"), Accepted(1, 1)))
    assert seen == [("hermes", "<think>")] * 2


def test_an_echo_waits_for_its_scores() -> None:
    """Where they are asked for; each choice begins with it."""
    reading = turns(2, waits_for_scores=True)
    assert reading.read(batch(Prepared(1, echo="a"), Accepted(1, 1))) == []
    assert reading.read(batch(PromptScores(1, (SCORE,)))) == [Begun(0, "a", (SCORE,)), Begun(1, "a", (SCORE,))]
    assert reading.prompt_text == "a"


def test_scores_are_said_with_and_without_text() -> None:
    """A token inside of a character has a score, too."""
    assert turns().read(batch(Accepted(1, 1), Delta(1, "", 0, (SCORE,))))[1] == Said(0, (), (SCORE,))


def test_tokens_and_times_are_counted_over_all_choices() -> None:
    """The prompt once for each prompt, what was there already by its first choice."""
    clock = FakeClock()
    reading = Turns(2, clock)
    reading.read([(0, Accepted(1, 5)), (1, Accepted(2, 7))])
    clock.now += 2
    reading.read([(0, Delta(1, "a"))])
    clock.now += 3
    for index, number in ((0, 1), (1, 2)):
        for choice in (0, 1):
            end = Finished(number, FinishReason.STOP, 5, 10, choice, num_cached_tokens=3, drafts=(6, 2))
            reading.read([(index, end)])
    tally = reading.tally
    assert (tally.num_drafted_tokens, tally.num_accepted_tokens) == (24, 8)
    assert (tally.num_prompt_tokens, tally.num_generated_tokens, tally.num_cached_tokens) == (12, 40, 6)
    assert (tally.first_s - tally.began_s, tally.last_s - tally.first_s) == (2, 3)
