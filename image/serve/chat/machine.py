"""The base of all parsers: text arrives in any pieces, states take from it what is certain.

Every decision depends on the text alone, never on where a push ended. So the joined pieces are always the same.
"""

from __future__ import annotations

from collections.abc import Callable

from serve.chat.types import Content, Piece, Reasoning, ToolArguments

State = Callable[[], bool]  # takes from the text; False: more is needed (or nothing is left)


class Machine:
    """A parser as states. Subclasses set `state` and take from `text`."""

    def __init__(self, state: State) -> None:
        self.text = ""
        self.ended = False
        self.state = state
        self._pieces: list[Piece] = []

    def push(self, text: str) -> list[Piece]:
        """More text; what is certain by now."""
        self.text += text
        return self._run()

    def finish(self) -> list[Piece]:
        """No more text comes; the rest."""
        self.ended = True
        return self._run()

    def _run(self) -> list[Piece]:
        while self.state():
            pass
        pieces, self._pieces = self._pieces, []
        return pieces

    def say(self, piece: Piece) -> None:
        """Give this out, joined to the last piece where they are one."""
        last = self._pieces[-1] if self._pieces else None
        joined = last and join(last, piece)
        if joined:
            self._pieces[-1] = joined
        elif getattr(piece, "text", True):  # empty text is nothing to say
            self._pieces.append(piece)

    def take(self, num_chars: int) -> str:
        """Remove so much from the front of the text."""
        taken, self.text = self.text[:num_chars], self.text[num_chars:]
        return taken

    def take_until(self, *tags: str) -> tuple[str, str]:
        """What is certainly before the first of these tags, and the tag, or "" while none is complete. Takes both."""
        found = [(at, tag) for tag in tags if (at := self.text.find(tag)) >= 0]
        if found:
            at, tag = min(found, key=lambda each: (each[0], -len(each[1])))
            before = self.take(at)
            if not self.ended and any(longer != tag and longer.startswith(self.text) for longer in tags):
                return before, ""  # it may become a longer one
            self.take(len(tag))
            return before, tag
        held = 0 if self.ended else max(possible_start(self.text, tag) for tag in tags)
        return self.take(len(self.text) - held), ""

    def starts(self, *tags: str) -> str | None:
        """Which of these the text begins with; "" = none of them, None = not clear yet."""
        for tag in sorted(tags, key=len, reverse=True):
            if self.text.startswith(tag):
                return tag
            if not self.ended and tag.startswith(self.text):
                return None
        return ""

    def skip_space(self) -> None:
        """White space at the front means nothing here."""
        self.text = self.text.lstrip()


def possible_start(text: str, tag: str) -> int:
    """How many characters at the end of the text may be the beginning of the tag."""
    for size in range(min(len(text), len(tag) - 1), 0, -1):
        if tag.startswith(text[-size:]):
            return size
    return 0


def join(first: Piece, second: Piece) -> Piece | None:
    """Both as one piece, or None where they are two."""
    match first, second:
        case Content(a), Content(b):
            return Content(a + b)
        case Reasoning(a), Reasoning(b):
            return Reasoning(a + b)
        case ToolArguments(i, a), ToolArguments(j, b) if i == j:
            return ToolArguments(i, a + b)
    return None
