"""Gets the bytes of one file into its part, however often the connection breaks, and checks them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from serve.errors import HubError
from serve.pulls.hub import Hub, Remote
from serve.pulls.part import Part
from serve.pulls.retry import Patience, TemporaryError

ASK_TRIES = 4  # for what somebody waits for who has not seen an answer yet
READ_TRIES = 8  # in vain, one after the other: half a minute

Answer = TypeVar("Answer")
OnProgress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A hub, and how to wait between tries."""

    hub: Hub
    sleep: Callable[[float], None]
    jitter: Callable[[], float]

    def ask(self, question: Callable[[Hub], Answer]) -> Answer:
        """The hub's answer; asked again where that may help."""
        patience = self._patience(ASK_TRIES)
        while True:
            try:
                return question(self.hub)
            except TemporaryError as failure:
                patience.wait(failure)

    def fill(self, part: Part, remote: Remote, on_bytes: OnProgress, on_hashed: OnProgress) -> None:
        """Get what is missing. HubError when the bytes are not those that are wanted: then none of them is kept."""
        was_begun = part.done_bytes > 0
        self._read(part, remote, on_bytes)
        found = part.found_sha256(on_hashed)
        if found != part.sha256 and was_begun:
            # A machine that lost its power may have left anything there; the hub is not to blame for that.
            part.begin_anew()
            self._read(part, remote, on_bytes)
            found = part.found_sha256(on_hashed)
        if found != part.sha256:
            part.discard()
            raise HubError(f"{remote.source} has the SHA-256 {found}: {part.sha256} is wanted")

    def _read(self, part: Part, remote: Remote, on_bytes: OnProgress) -> None:
        """Until all are there. Only bytes that were never there before count as moving on."""
        patience, most = self._patience(READ_TRIES), part.done_bytes
        on_bytes(part.done_bytes)
        while part.done_bytes < part.size_bytes:
            try:
                self._read_once(part, remote, on_bytes)
            except TemporaryError as failure:
                if failure.begins_anew:
                    part.begin_anew()
                patience.wait(failure, has_moved=part.done_bytes > most)
            else:
                if part.done_bytes <= most:  # it ended well, and early
                    patience.wait(TemporaryError(HubError(f"the hub sends no more of {remote.source}")))
            most = max(most, part.done_bytes)

    def _read_once(self, part: Part, remote: Remote, on_bytes: OnProgress) -> None:
        with self.hub.read(remote, part.done_bytes) as stream:
            if stream.first != part.done_bytes:
                part.begin_anew()
            for chunk in stream.chunks:
                if part.done_bytes + len(chunk) > part.size_bytes:
                    told = f"the hub sends more than the {part.size_bytes} bytes of {remote.source}"
                    raise TemporaryError(HubError(told), begins_anew=True)
                part.write(chunk)
                on_bytes(part.done_bytes)

    def _patience(self, tries: int) -> Patience:
        return Patience(tries, sleep=self.sleep, jitter=self.jitter)
