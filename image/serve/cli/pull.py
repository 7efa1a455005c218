"""`python -m serve pull REPO FILE`: a running server downloads a model, and a person watches.

The pull belongs to the server, and others may wait for it. So Ctrl-C, or a connection that breaks, ends the watching
only; asked again, the same command watches the same pull. `--cancel` ends it.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click
from tqdm import tqdm  # type: ignore[import-untyped]

from serve.cli.client import Server, message_of
from serve.cli.show import clean, duration, size
from serve.errors import SetupError

STEP = 10  # percent between two lines where no bar can be


def run(options: argparse.Namespace, server: Server) -> int:
    """Begin or join, and watch."""
    if options.cancel:
        return cancel(options, server)
    body = {"model": options.repo, "filename": options.file}
    body |= {name: value for name in ("revision", "sha256") if (value := getattr(options, name)) is not None}
    bar = Bar(options.file)
    try:
        with server.stream("/v1/api/pull", body) as lines:
            last = watch(lines, bar, is_over=lambda _: options.detach)
    except KeyboardInterrupt:
        bar.close()
        _say(f"the pull goes on: ask again to watch it, `pull --cancel {options.repo} {options.file}` ends it")
        raise
    finally:
        bar.close()
    if last["status"] == "complete":
        click.echo(" ".join(clean(each) for each in last.get("models") or [options.file]))
    else:
        _say(f"the pull has begun ({last['status']}): `models` shows how far it is")
    return 0


def watch(lines: Iterable[str], bar: Bar, is_over: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Every line until the end of the pull, or until who asked has seen enough. Returns the last one."""
    last: dict[str, Any] = {}
    for line in lines:
        if not line.strip():
            continue
        last = json.loads(line)
        bar.show(last)
        if last.get("status") in ("error", "cancelled") or "error" in last:
            told = message_of(line)
            how = "was cancelled" if last.get("status") == "cancelled" else "failed"
            raise SetupError(f"the pull {how}" + (f": {told}" if told else ""))
        if last.get("status") == "complete" or is_over(last):
            return last
    raise SetupError("the connection broke off; the pull goes on: ask again to watch it")


def cancel(options: argparse.Namespace, server: Server) -> int:
    """The pull of this file that runs."""
    for each in server.ask("GET", "/ui/state")["pulls"]:
        has_ended = each["state"] in ("complete", "failed", "cancelled")
        if (each["repo"], each["file"]) == (options.repo, options.file) and not has_ended:
            server.ask("DELETE", f"/v1/api/pulls/{each['id']}")
            _say(f"{options.file} is not pulled any more")
            return 0
    raise SetupError(f"no pull of {options.file} from {options.repo} runs: `models` shows those that do")


class Bar:
    """A bar at a terminal; elsewhere a line now and then, which a log can keep."""

    def __init__(self, file: str) -> None:
        self._file = clean(file)
        self._bar: tqdm | None = None
        self._state = ""
        self._told = 0
        self._done = self._total = 0  # lines that tell of something else do not repeat them

    def show(self, line: dict[str, Any]) -> None:
        """One line of the server."""
        state, self._total = line.get("status", ""), line.get("total_bytes") or self._total
        self._done = done = line.get("done_bytes", self._done)
        total = self._total
        if sys.stderr.isatty():
            self._draw(state, done, total, line)
        elif state != self._state or (total and 100 * done // total >= self._told + STEP):
            self._told = 100 * done // total if total else 0
            self._tell(state, done, total, line)
        self._state = state

    def _draw(self, state: str, done: int, total: int, line: dict[str, Any]) -> None:
        if self._bar is None:
            # Speed and time left are the server's, which knows what came from an earlier try.
            form = "{desc} {percentage:3.0f}%|{bar}| {n_fmt}B/{total_fmt}B{postfix}"
            about = {"desc": f"{self._file} {state}", "total": total or None, "bar_format": form}
            self._bar = tqdm(unit_scale=True, file=sys.stderr, leave=False, **about)
        bar = self._bar
        bar.total = total or None
        bar.n = done
        bar.set_description_str(f"{self._file} {state}", refresh=False)
        bar.set_postfix_str(_speed(line), refresh=False)
        bar.refresh()

    def _tell(self, state: str, done: int, total: int, line: dict[str, Any]) -> None:
        far = f" {size(done)} of {size(total)}" if total else ""
        _say(f"{self._file} {state}{far} {_speed(line)}".rstrip())

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _speed(line: dict[str, Any]) -> str:
    speed, left = line.get("bytes_per_s") or 0, line.get("eta_s") or 0
    parts = [f"{size(speed)}/s"] if speed else []
    if left:
        parts.append(f"{duration(left) if left > 90 else f'{math.ceil(left)} s'} left")
    return ", ".join(parts)


def _say(text: str) -> None:
    click.echo(text, err=True)
