"""What a worker tells of a generation, choice by choice, whatever API it is for: begun, said, ended.

Here text becomes content, reasoning and tool calls, and here is counted what was read and written and how long it took.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from serve.chat.parse import Parser
from serve.chat.types import Content, Piece, Reasoning, ToolCallStart
from serve.engine.types import Accepted, Delta, Finished, FinishReason, PromptRead, PromptScores, TokenScore
from serve.messages import Prepared
from serve.supervision.generation import Batch

TOOL_CALLS = "tool_calls"


@dataclass(frozen=True, slots=True)
class Begun:
    """A choice begins. `echo` and `scores` are of its prompt, where they were asked for."""

    choice: int
    echo: str = ""
    scores: tuple[TokenScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The prompt of this choice is computed so far, before anything is said."""

    choice: int
    read: PromptRead


@dataclass(frozen=True, slots=True)
class Said:
    """A choice goes on."""

    choice: int
    pieces: tuple[Piece, ...]
    scores: tuple[TokenScore, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """A choice has ended. `stop` is the stop string that ended it."""

    choice: int
    reason: str
    stop: str | None
    finished: Finished


Turn = Begun | Reading | Said | Ended


@dataclass(slots=True)
class Tally:
    """Tokens and times of all choices together. Times are as seen from here, in seconds."""

    num_prompt_tokens: int = 0
    num_cached_tokens: int = 0
    num_generated_tokens: int = 0
    num_reasoning_tokens: int = 0  # of those
    num_drafted_tokens: int = 0  # that were guessed
    num_accepted_tokens: int = 0  # guesses that were right
    began_s: float = 0.0
    first_s: float = 0.0
    last_s: float = 0.0


@dataclass(slots=True)
class _Prompt:
    prepared: Prepared | None = None
    accepted: Accepted | None = None
    scores: tuple[TokenScore, ...] = ()
    has_begun: bool = False


@dataclass(slots=True)
class _Choice:
    parser: Parser | None
    calls_tools: bool = False
    num_deltas: int = 0
    num_unread: int = 0  # of them, those that no piece has come of yet
    num_thoughts: int = 0  # of them, those that thoughts came of

    def heard(self, pieces: tuple[Piece, ...]) -> None:
        """Of one more delta came this."""
        self.num_deltas += 1
        self.num_unread += 1
        if pieces:
            is_thought = isinstance(pieces[0], Reasoning)
            self.num_thoughts += self.num_unread if is_thought else 0
            self.num_unread = 0
            self.calls_tools = self.calls_tools or any(isinstance(piece, ToolCallStart) for piece in pieces)

    def reasoning_tokens(self, num_generated: int) -> int:
        """A delta is a token, and the end of the answer is one; what is more than that came with drafts."""
        num_more = max(0, num_generated - self.num_deltas - 1)
        return self.num_thoughts + round(num_more * self.num_thoughts / max(1, self.num_deltas))


@dataclass(slots=True)
class Turns:
    """Batches in, turns out. `num_choices` are for each prompt; choice numbers go through all prompts.

    `make_parser` is for chats; text is content as it is. `waits_for_scores`: no choice begins before its prompt's.
    """

    num_choices: int
    clock: Callable[[], float]
    make_parser: Callable[[str, str], Parser] | None = None
    waits_for_scores: bool = False
    tally: Tally = field(default_factory=Tally)
    _prompts: dict[int, _Prompt] = field(default_factory=dict)
    _choices: dict[int, _Choice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Word that it was accepted may come with the first token: until then is what counts as reading the prompt.
        self.tally.began_s = self.clock()

    def read(self, batch: Batch) -> list[Turn]:
        """What this brings."""
        turns: list[Turn] = []
        self.tally.last_s = self.clock()
        for index, told in batch:
            match told:
                case Delta():
                    self._delta(index, told, turns)
                case Accepted():
                    self._prompt(index).accepted = told
                    self.tally.num_prompt_tokens += told.num_prompt_tokens
                    if not self.waits_for_scores:
                        self._begin(index, turns)
                case Finished():
                    self._finish(index, told, turns)
                case PromptRead() if not self.waits_for_scores:
                    self._begin(index, turns)
                    turns.append(Reading(index * self.num_choices, told))
                case PromptScores():
                    self._prompt(index).scores = told.scores
                    self._begin(index, turns)
                case Prepared():
                    self._prompt(index).prepared = told
                case _:
                    pass
        return turns

    @property
    def prompt_text(self) -> str:
        """The first prompt's, if it was asked for."""
        prepared = self._prompt(0).prepared
        return "" if prepared is None else prepared.echo

    def _prompt(self, index: int) -> _Prompt:
        return self._prompts.setdefault(index, _Prompt())

    def _begin(self, index: int, turns: list[Turn]) -> None:
        prompt = self._prompt(index)
        if prompt.has_begun:
            return
        prompt.has_begun = True
        prepared = prompt.prepared or Prepared(0)
        first = index * self.num_choices
        for choice in range(first, first + self.num_choices):
            make = self.make_parser
            self._choices[choice] = _Choice(make(prepared.format, prepared.opened) if make else None)
            turns.append(Begun(choice, prepared.echo, prompt.scores))

    def _delta(self, index: int, delta: Delta, turns: list[Turn]) -> None:
        self._begin(index, turns)
        tally = self.tally
        tally.first_s = tally.first_s or tally.last_s
        number = index * self.num_choices + delta.choice
        choice = self._choices[number]
        pieces = tuple(choice.parser.push(delta.text)) if choice.parser else _plain(delta.text)
        choice.heard(pieces)
        if pieces or delta.scores:
            turns.append(Said(number, pieces, delta.scores))

    def _finish(self, index: int, finished: Finished, turns: list[Turn]) -> None:
        self._begin(index, turns)
        number = index * self.num_choices + finished.choice
        choice = self._choices[number]
        if choice.parser and (pieces := tuple(choice.parser.finish())):
            choice.calls_tools = choice.calls_tools or any(isinstance(piece, ToolCallStart) for piece in pieces)
            turns.append(Said(number, pieces))
        self.tally.num_generated_tokens += finished.num_generated_tokens
        self.tally.num_reasoning_tokens += choice.reasoning_tokens(finished.num_generated_tokens)
        self.tally.num_drafted_tokens += finished.drafts[0]
        self.tally.num_accepted_tokens += finished.drafts[1]
        if finished.choice == 0:  # the others share what this one computed
            self.tally.num_cached_tokens += finished.num_cached_tokens
        called = choice.calls_tools and finished.reason is FinishReason.STOP
        reason = TOOL_CALLS if called else finished.reason.value
        turns.append(Ended(number, reason, finished.stop, finished))


def _plain(text: str) -> tuple[Piece, ...]:
    return (Content(text),) if text else ()
