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
from typing import Any, Final

TIMEOUT_S = 30
KEYS: Final = {"Enter": 13, "Escape": 27, "Tab": 9}
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

    def open(self, place: Path | str, *, scheme: str = "light", width: int | None = None, height: int = 900) -> None:
        """Load a file or an address as a reader with that colour scheme, and a window of that size, would see it."""
        self._go("about:blank")  # whatever the page before it still says is said by now
        self.told, self.requests = [], []
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        if width is not None:
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
            self.call("Emulation.setDeviceMetricsOverride", **size)
        self._go(place if isinstance(place, str) else place.as_uri())

    def _go(self, url: str) -> None:
        self.is_loaded = False
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + TIMEOUT_S
        while not self.is_loaded and time.monotonic() < deadline:
            self._note(self._read())
        assert self.is_loaded

    def ask(self, expression: str) -> Any:
        """What an expression of JavaScript is in the page; of a promise, what comes of it."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, expression: str, timeout_s: float = TIMEOUT_S) -> None:
        """Wait for an expression to be something."""
        deadline = time.monotonic() + timeout_s
        while not self.ask(f"(async () => Boolean(await ({expression})))()"):
            assert time.monotonic() < deadline, f"{expression} is nothing after {timeout_s} s: {self.told}"
            time.sleep(0.02)

    def type(self, selector: str, text: str) -> None:
        """As a person who goes there and types, over what is there."""
        self.ask(f"(e => {{ e.focus(); e.select?.(); }})(document.querySelector({json.dumps(selector)}))")
        self.call("Input.insertText", text=text)

    def press(self, key: str, *, shift: bool = False) -> None:
        """A key that writes nothing by itself."""
        text = {"text": "\r"} if key == "Enter" else {}
        about = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key], "modifiers": 8 * shift}
        self.call("Input.dispatchKeyEvent", type="keyDown", **about, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def click(self, selector: str) -> None:
        """With a mouse, in the middle of it: what lies above it would get the click."""
        place = f"(b => [b.x + b.width / 2, b.y + b.height / 2])(document.querySelector({json.dumps(selector)})"
        x, y = self.ask(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'nearest'}}), "
                        f"{place}.getBoundingClientRect())")  # fmt: skip
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

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
