"""A real browser, driven over its own protocol: a headless Chromium with one page, and what that page did.

No driver package: Chromium speaks JSON over two pipes (`--remote-debugging-pipe`), each message ends with a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT_S = 30
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--remote-debugging-pipe",
)  # fmt: skip


@dataclass
class Page:
    """One page. `told` is what it wrote to the console or threw, `requests` what it asked for."""

    to_browser: int
    from_browser: int
    session: str = ""
    told: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    is_loaded: bool = False
    _rest: bytes = b""
    _next_id: int = 0

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A command and its answer; events that come before it are kept."""
        self._next_id += 1
        message = {"id": self._next_id, "method": method, "params": params}
        session = {"sessionId": self.session} if self.session else {}
        os.write(self.to_browser, json.dumps(message | session).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._next_id:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def open(self, path: Path, *, scheme: str = "light") -> None:
        """Load a file as a reader with that colour scheme would see it."""
        self.told, self.requests, self.is_loaded = [], [], False
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + TIMEOUT_S
        while not self.is_loaded and time.monotonic() < deadline:
            self._note(self._read())
        assert self.is_loaded

    def ask(self, expression: str) -> Any:
        """What an expression of JavaScript is in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def names(self, role: str) -> list[str]:
        """What who does not see the page is told of all things of that role."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == role and "name" in node]

    def picture(self, path: Path) -> None:
        """A PNG of the whole page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self.from_browser, 1 << 20)
            assert more, "the browser has ended"
            self._rest += more
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        match event.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(event["params"]["request"]["url"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded":
                self.told.append(json.dumps(event["params"]))
            case "Page.loadEventFired":
                self.is_loaded = True


@contextmanager
def page(program: str, folder: Path, width: int = 1200) -> Iterator[Page]:
    """A browser with one empty page; it ends with the block. `folder` takes what it writes."""
    commands, answers = os.pipe(), os.pipe()

    def connect() -> None:
        # The browser reads commands from 3 and writes answers to 4; they may be in the way of each other before.
        for number, end in ((30, commands[0]), (31, answers[1])):
            os.dup2(end, number)
        os.dup2(30, 3)
        os.dup2(31, 4)

    argv = [program, *FLAGS, f"--user-data-dir={folder}", f"--window-size={width},900", "about:blank"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(argv, preexec_fn=connect, close_fds=False, stdin=quiet, stdout=quiet, stderr=quiet)
    os.close(commands[0])
    os.close(answers[1])
    try:
        opened = Page(commands[1], answers[0])
        target = opened.call("Target.createTarget", url="about:blank")["targetId"]
        opened.session = opened.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            opened.call(f"{domain}.enable")
        yield opened
    finally:
        process.kill()
        process.wait()
        os.close(commands[1])
        os.close(answers[0])
