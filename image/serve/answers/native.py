"""llama.cpp's own completions: chunks, and whole answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from serve.answers.frame import Chunk, progress, timings
from serve.answers.logprobs import entries
from serve.answers.text import said_text
from serve.answers.turns import Begun, Ended, Reading, Said, Turn, Turns
from serve.engine.types import FinishReason, TokenScore


@dataclass(frozen=True, slots=True)
class NativeFrame:
    """What all answers to one request have. `settings` are of each prompt."""

    model: str
    settings: tuple[Chunk, ...]
    num_choices: int
    num_probs: int
    returns_tokens: bool
    timings_per_token: bool
    fields: tuple[str, ...]  # which of an answer's are wanted; none: all
    slot: int = 0  # that was asked for; which one it was the last chunk tells


@dataclass(slots=True)
class _Choice:
    content: list[str] = field(default_factory=list)
    scores: list[TokenScore] = field(default_factory=list)
    prompt: str = ""
    ended: Ended | None = None


class _Native:
    """What a stream and a whole answer share: the choices as they grow, and what is told of one that has ended."""

    def __init__(self, frame: NativeFrame, turns: Turns) -> None:
        self._frame = frame
        self._turns = turns
        self._choices: dict[int, _Choice] = {}

    def _take(self, turn: Turn) -> _Choice:
        choice = self._choices.setdefault(turn.choice, _Choice())
        match turn:
            case Begun():
                choice.prompt = turn.echo
            case Said():
                choice.content.append(said_text(turn.pieces))
                choice.scores.extend(turn.scores)
            case Ended():
                choice.ended = turn
        return choice

    def _final(self, index: int, content: str, scores: list[TokenScore]) -> Chunk:
        frame, choice = self._frame, self._choices[index]
        assert choice.ended is not None
        ended, finished = choice.ended, choice.ended.finished
        settings = frame.settings[index // frame.num_choices]
        is_limit = ended.reason == FinishReason.LENGTH
        answer: Chunk = {
            "index": index,
            "content": content,
            "tokens": [score.token for score in scores] if frame.returns_tokens else [],
            "id_slot": finished.slot,
            "stop": True,
            "model": frame.model,
            "tokens_predicted": finished.num_generated_tokens,
            "tokens_evaluated": finished.num_prompt_tokens,
            "generation_settings": settings,
            "prompt": choice.prompt,
            "has_new_line": "\n" in "".join(choice.content),
            "truncated": is_limit and finished.num_generated_tokens != settings["n_predict"],
            "stop_type": "limit" if is_limit else "word" if ended.stop else "eos",
            "stopping_word": ended.stop or "",
            "tokens_cached": finished.num_prompt_tokens + finished.num_generated_tokens,
            "timings": timings(self._turns.tally),
        }
        if frame.num_probs and scores:
            answer["completion_probabilities"] = entries(scores)
        return answer


class NativeStream(_Native):
    """Turns -> chunks."""

    def chunks(self, turns: list[Turn]) -> Iterator[Chunk]:
        """One for each thing said."""
        for turn in turns:
            self._take(turn)
            match turn:
                case Reading():
                    yield self._chunk(turn.choice, "", ()) | progress(turn.read)
                case Said():
                    # A token that ends inside of a character has a chunk of its own, without text.
                    for score in turn.scores[:-1]:
                        yield self._chunk(turn.choice, "", (score,))
                    yield self._chunk(turn.choice, said_text(turn.pieces), turn.scores[-1:])
                case Ended():
                    yield self._final(turn.choice, "", [])

    def last(self) -> Iterator[Chunk]:
        """Nothing: the last chunk of each choice says that it is."""
        return iter(())

    def _chunk(self, index: int, content: str, scores: tuple[TokenScore, ...]) -> Chunk:
        frame, tally = self._frame, self._turns.tally
        chunk: Chunk = {
            "index": index,
            "content": content,
            "tokens": [score.token for score in scores],
            "stop": False,
            "id_slot": frame.slot,
            "tokens_predicted": len(self._choices[index].scores),
            "tokens_evaluated": tally.num_prompt_tokens,
        }
        if frame.num_probs:
            chunk["completion_probabilities"] = entries(scores)
        if frame.timings_per_token:
            chunk["timings"] = timings(tally)
        return chunk


class WholeNative(_Native):
    """Turns -> one answer, or a list of them."""

    def __init__(self, frame: NativeFrame, turns: Turns, *, as_list: bool) -> None:
        super().__init__(frame, turns)
        self._as_list = as_list

    def take(self, turns: list[Turn]) -> None:
        """More of it."""
        for turn in turns:
            self._take(turn)

    def answer(self) -> Chunk | list[Chunk]:
        """When all choices have ended."""
        found = []
        for index, choice in sorted(self._choices.items()):
            answer = self._final(index, "".join(choice.content), choice.scores)
            found.append(_only(answer, self._frame.fields))
        return found if self._as_list else found[0]


def _only(answer: Chunk, fields: tuple[str, ...]) -> Chunk:
    """The wanted fields, those inside others by a path with slashes; what is not there is not told."""
    if not fields:
        return answer
    found: Chunk = {}
    for path in fields:
        value: object = answer
        for name in path.split("/"):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            found[path] = value
    return found
