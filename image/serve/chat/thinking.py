"""Thoughts before the answer, between two tags: split off, and the rest is for another parser."""

from __future__ import annotations

from dataclasses import dataclass

from serve.chat.machine import Machine
from serve.chat.types import Content, Piece, Reasoning, ReasoningFormat


@dataclass(frozen=True, slots=True)
class Tags:
    """What thoughts stand between."""

    start: str
    end: str


THINK = Tags("<think>", "</think>")
MISTRAL_THINK = Tags("[THINK]", "[/THINK]")


class Thinking(Machine):
    """Tags at the very beginning only: an answer may talk about tags."""

    def __init__(self, tags: Tags, answer: Machine, reasoning: ReasoningFormat) -> None:
        super().__init__(self._before)
        self._tags = tags
        self._answer = answer
        self._as_content = reasoning is ReasoningFormat.NONE
        self._space = ""  # at the end of what came: it counts only if more thoughts follow

    def _before(self) -> bool:
        rest = self.text.lstrip()
        if not rest and not self.ended:
            return False
        if rest.startswith(self._tags.start):
            self._whole(self.take(len(self.text) - len(rest) + len(self._tags.start)))
            self.state = self._begin
            return True
        if not self.ended and self._tags.start.startswith(rest):
            return False
        self.state = self._after
        return True

    def _begin(self) -> bool:
        if not self._as_content:
            self.skip_space()
        if self.text:
            self.state = self._inside
        return bool(self.text)

    def _inside(self) -> bool:
        thoughts, tag = self.take_until(self._tags.end)
        if self._as_content:
            self._whole(thoughts + tag)
        elif thoughts:
            kept = (self._space + thoughts).rstrip()
            self._space = (self._space + thoughts)[len(kept) :]
            self.say(Reasoning(kept))
        if tag:
            self.state = self._after if self._as_content else self._gap
        return bool(tag)

    def _gap(self) -> bool:
        self.skip_space()
        if self.text:
            self.state = self._after
        return bool(self.text)

    def _after(self) -> bool:
        for piece in self._answer.push(self.take(len(self.text))):
            self.say(piece)
        return False

    def finish(self) -> list[Piece]:
        """The rest of both."""
        pieces = super().finish()
        for piece in self._answer.finish():
            self.say(piece)
        return pieces + self._run()

    def _whole(self, text: str) -> None:
        if self._as_content:
            self.say(Content(text))
