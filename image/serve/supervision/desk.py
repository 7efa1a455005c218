"""Takes the requests of one model to its worker, as long as there is one that serves, and what is told back to them."""

from __future__ import annotations

from collections.abc import Callable

from serve.engine.types import Failed
from serve.errors import ModelNotReadyError, OverloadedError, RequestError, from_engine
from serve.log import request_id as http_request
from serve.messages import Cancel, Generate, GenerateRequest, Message, Question
from serve.supervision.link import Link
from serve.supervision.ports import Options
from serve.supervision.requests import Inbox, Requests, Told
from serve.supervision.waking import Wish


class Desk:
    """Open while the model serves. What was taken while it was open may end, or go on elsewhere, after that."""

    def __init__(
        self, wish: Wish, options: Options, clock: Callable[[], float], not_ready: Callable[[], ModelNotReadyError]
    ) -> None:
        self._wish = wish
        self._options = options
        self._not_ready = not_ready
        self._requests = Requests(clock)
        self._link: Link | None = None
        self._is_open = False

    def __len__(self) -> int:
        return len(self._requests)

    def open(self, link: Link) -> None:
        """This worker serves. What an earlier one had not begun is asked again first."""
        self._link, self._is_open = link, True
        for message in self._requests.replay():
            link.send(message)

    def shut(self) -> None:
        """Nothing new is taken; what runs may end."""
        self._is_open = False

    def lose(self, error: RequestError, *, keeps_unbegun: bool = False) -> None:
        """The worker is gone."""
        self._link, self._is_open = None, False
        self._requests.lose(error, keeps_unbegun=keeps_unbegun)

    def deliver(self, told: Told) -> None:
        """To its request."""
        self._requests.deliver(told)

    # ---- for whoever asks ----

    def start(self, request: GenerateRequest, inbox: Inbox) -> int:
        """Send a request to the worker, or say why not. What is told of it comes into the inbox."""
        link = self._serving_link()
        # The worker bounds its queue too; this bound also covers prompts that it has not read yet.
        num_requests, num_slots = len(self._requests), self._wish.entry.num_slots
        if num_requests >= num_slots + self._options.max_waiting:
            raise OverloadedError(
                f"model {self._wish.entry.id!r} has {num_requests} requests: "
                f"{num_slots} may run and {self._options.max_waiting} may wait",
                retry_after_s=self._requests.retry_after_s(num_slots),
            )
        return self._send(link, lambda number: Generate(number, request, http_request.get()), inbox)

    def ask(self, question: Callable[[int], Question], inbox: Inbox) -> int:
        """Send a question about text and tokens, made with its id. It needs no slot."""
        return self._send(self._serving_link(), question, inbox)

    def error(self, failed: Failed) -> RequestError:
        """What its client is told of a failure."""
        entry = self._wish.entry
        retry_after_s = self._requests.retry_after_s(entry.num_slots)
        return from_engine(failed, context_tokens=entry.context_tokens, retry_after_s=retry_after_s)

    def finish(self, request_id: int) -> None:
        """Nobody listens any more; when it has not ended by itself, cancel it."""
        self._wish.used()
        if self._requests.drop(request_id) and self._link is not None:
            self._link.send(Cancel(request_id))

    def _send(self, link: Link, make: Callable[[int], Message], inbox: Inbox) -> int:
        self._wish.used()
        request_id = self._requests.open(inbox)
        try:
            message = make(request_id)
            self._requests.asks(request_id, message)
            link.send(message)
        except Exception:  # what can't be made or written was never asked
            self._requests.drop(request_id)
            raise
        return request_id

    def _serving_link(self) -> Link:
        if self._link is None or not self._is_open:
            raise self._not_ready()
        return self._link
