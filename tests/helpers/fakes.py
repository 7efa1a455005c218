"""Small real stand-ins for what the server gets passed in: clock, disk, worker processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from serve.engine.types import Accepted, Delta, Event, Finished, FinishReason, Stats
from serve.messages import Cancel, Events, Generate, Load, Loaded, Message, Ping, Pong, Stop


class FakeClock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


WRITTEN_AT = 1_700_000_000


@dataclass
class FakeDisk:
    """A models directory."""

    files: set[str] = field(default_factory=set)
    pulling: set[str] = field(default_factory=set)
    error: OSError | None = None

    async def written_at(self, file: str) -> int | None:
        """All at one time, or the error that the test asked for."""
        if self.error is not None:
            raise self.error
        return WRITTEN_AT if file in self.files else None

    async def is_pulling(self, file: str) -> bool:
        """Is it being written?"""
        return file in self.pulling


class FakeWorker:
    """A worker process that does what the test says, through `say` and `end`."""

    def __init__(self, on_message: Callable[[Message], None], on_end: Callable[[str], None]) -> None:
        self.say = on_message
        self.end = on_end
        self.heard: list[Message] = []
        self.is_killed = False

    def send(self, message: Message) -> None:
        """Remember it."""
        self.heard.append(message)

    def kill(self) -> None:
        """Remember it."""
        self.is_killed = True


class EchoWorker(FakeWorker):
    """A worker that loads at once, answers pings, and repeats the prompt word by word, unless told to hold back."""

    hold_back = False

    def send(self, message: Message) -> None:
        """Answer like a real one."""
        super().send(message)
        match message:
            case Load():
                self.say(Loaded(1000, trained_context_tokens=64, load_s=0.1))
            case Ping():
                self.say(Pong(0.0, Stats(num_slots=2)))
            case Generate():
                self.say(Events(tuple(self._answer(message))))
            case Cancel():
                pass
            case Stop():
                self.end("ended with code 0")

    def _answer(self, message: Generate) -> list[Event]:
        request = message.request
        words = (request.text or request.messages[-1].content or "").split()
        accepted = Accepted(message.id, len(words))
        if self.hold_back:
            return [accepted]
        deltas = [Delta(message.id, f"{word} ") for word in words]
        return [accepted, *deltas, Finished(message.id, FinishReason.STOP, len(words), len(words))]


class FakeLauncher:
    """Starts workers of one kind and keeps them for the test."""

    def __init__(self, kind: type[FakeWorker] = FakeWorker) -> None:
        self._kind = kind
        self.workers: list[FakeWorker] = []
        self.error: OSError | None = None

    async def launch(
        self, name: str, on_message: Callable[[Message], None], on_end: Callable[[str], None]
    ) -> FakeWorker:
        """One more, or the error that the test asked for."""
        if self.error is not None:
            raise self.error
        self.workers.append(self._kind(on_message, on_end))
        return self.workers[-1]
