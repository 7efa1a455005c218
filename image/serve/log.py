"""Logs as one JSON object per line, each with the id of the request that it belongs to. No prompts, no answers."""

from __future__ import annotations

import json
import logging
import secrets
import sys
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

ID_HEADER = "x-request-id"
request_id: ContextVar[str] = ContextVar("request_id", default="")
trace_id: ContextVar[str] = ContextVar("trace_id", default="")
"""Of the W3C trace that the request belongs to."""

_PLAIN_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


def new_id() -> str:
    """For a request that brought none."""
    return secrets.token_hex(16)


class JsonFormatter(logging.Formatter):
    """A record's own fields, whose it is, what is `always` so in this process, then whatever came as `extra`."""

    def __init__(self, **always: str) -> None:
        super().__init__()
        self._always = always

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {v.name: v.get() for v in (request_id, trace_id) if v.get()}
        line |= self._always
        line |= {k: v for k, v in vars(record).items() if k not in _PLAIN_RECORD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up_logging(level: str, **always: str) -> None:
    """Everything goes to stderr in the one form, Python's own last words and warnings included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(**always))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _on_uncaught
    threading.excepthook = lambda args: _on_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    # What they say at `info` is said by us already, or by nobody needed.
    for noisy in ("uvicorn", "httpx", "httpx2", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _on_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("serve").critical("nobody caught an error", exc_info=(kind, error, trace))
