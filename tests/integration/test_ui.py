"""The page at /ui in a real browser, on a real server with a tiny model: what it asks, shows, and never does."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.helpers.browser import Page
from tests.helpers.running_server import RunningServer

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

IDLE = "document.querySelector('#stop').hidden"
LAST = "document.querySelector('#turns').lastElementChild"
# What the page asks, kept for the test; what it shows, each time it grows while the answer is written.
WATCH = """
window.bodies = []; window.steps = new Set(); window.real = window.fetch;
window.more = { ignore_eos: true, temperature: 0 }; // the same each time, and never nothing
window.fetch = (url, options) => {
  if (!options.body) return real(url, options);
  bodies.push(JSON.parse(options.body));
  return real(url, { ...options, body: JSON.stringify({ ...bodies.at(-1), ...window.more }) });
};
new MutationObserver(() => {
  const last = document.querySelector('.assistant[aria-busy=true] > .text');
  if (last) steps.add(last.textContent.length);
}).observe(document.querySelector('#turns'), { subtree: true, childList: true, characterData: true });
"""
# An answer that a test makes up.
STUB = """
window.fetch = async (url) => {
  if (String(url).endsWith('ui/state')) return window.real(url, {});
  return new Response(%s, { status: %d, headers: %s });
};
"""


@pytest.fixture
def page(browser: Page, server: RunningServer) -> Iterator[Page]:
    """Open, with its first look at the server behind it; afterwards it must have said nothing and asked nobody else."""
    yield opened(browser, server)
    quiet(browser, server)


def opened(browser: Page, server: RunningServer, **how: Any) -> Page:
    """The page, watched."""
    browser.open(f"{server.url}/ui", **how)
    browser.until("document.querySelectorAll('#models .item').length && document.querySelector('#model').value")
    browser.ask(WATCH)
    return browser


def quiet(browser: Page, server: RunningServer) -> None:
    """No word on the console; no request but to the server."""
    assert browser.told == []
    assert [url for url in browser.requests if not url.startswith(server.url)] == []


def send(page: Page, text: str, **settings: object) -> None:
    """As a person does."""
    for field, value in settings.items():
        page.ask(f"document.querySelector('#{field.replace('_', '-')}').value = {json.dumps(value)}")
    page.type("#prompt", text)
    page.press("Enter")


def stub(page: Page, body: str, status: int = 200, headers: dict[str, str] | None = None) -> None:
    """The next answers."""
    page.ask(STUB % (json.dumps(body), status, json.dumps(headers or {})))


def events(*deltas: dict[str, str], done: bool = True) -> str:
    """A streamed answer."""
    chunks = "".join(f"data: {json.dumps({'choices': [{'delta': each}]})}\n\n" for each in deltas)
    return chunks + ("data: [DONE]\n\n" if done else "")


# ---- chat ----


def test_an_answer_is_shown_as_it_is_written(page: Page) -> None:
    """Piece by piece; then its counts and a button to copy it."""
    send(page, "Hello there", max_tokens="500", temperature="0")
    page.until(f"{IDLE} && {LAST}.querySelector('.copy')")
    assert page.ask("steps.size") >= 2
    assert "24 tokens read" in page.ask(f"{LAST}.querySelector('.foot').textContent")
    assert page.ask(f"{LAST}.ariaBusy") == "false"
    assert page.ask("document.querySelector('#told').textContent") == "The answer is complete"


def test_settings_and_all_that_was_said_are_sent(page: Page) -> None:
    """What is not filled in is the model's own."""
    send(page, "one", max_tokens="4")
    page.until(f"{IDLE} && {LAST}.className === 'assistant'")
    assert "ended at its most tokens" in page.ask(f"{LAST}.querySelector('.foot').textContent")
    send(page, "two", system="Be kind", temperature="0.5")
    page.until(f"{IDLE} && document.querySelectorAll('.assistant').length === 2")
    first, second = page.ask("bodies")
    assert (first["model"], first["max_tokens"], "temperature" in first) == ("tiny", 4, False)
    assert [each["role"] for each in second["messages"]] == ["system", "user", "assistant", "user"]
    assert (second["temperature"], second["messages"][0]["content"]) == (0.5, "Be kind")
    page.click("#new")
    assert page.ask("document.querySelector('#turns').children.length") == 0


def test_stop_ends_the_answer_at_the_server_too(page: Page, server: RunningServer) -> None:
    """What was written stays; nobody computes on. By button and by Escape."""
    stops: list[Callable[[], None]] = [lambda: page.click("#stop"), lambda: page.press("Escape")]
    for stop in stops:
        send(page, "Hello there", max_tokens="2500")  # what was written before is a part of the next prompt
        page.until(f"{LAST}.querySelector(':scope > .text').textContent.length")
        stop()
        page.until(f"{IDLE} && {LAST}.querySelector('.foot').textContent.includes('stopped')")
        assert page.ask("document.activeElement.id") == "prompt"
        page.until("real('/ui/state').then(r => r.json()).then(s => s.models[0].num_running === 0)")
    assert httpx.get(f"{server.url}/ui/state").json()["models"][0]["num_waiting"] == 0


def test_shift_and_enter_begin_a_line(page: Page) -> None:
    """Enter alone sends; nothing is sent that is empty."""
    page.press("Enter")
    page.type("#prompt", "one")
    page.press("Enter", shift=True)
    page.call("Input.insertText", text="two")
    assert page.ask("document.querySelector('#prompt').value") == "one\ntwo"
    assert page.ask("bodies") == []


def test_thoughts_are_folded(page: Page) -> None:
    """They are there for who opens them, and are not sent back to the model."""
    stub(page, events({"reasoning_content": "hm"}, {"content": "**yes**"}))
    send(page, "Is it?")
    page.until(f"{IDLE} && {LAST}.querySelector('strong')")
    assert page.ask(f"{LAST}.querySelector('details').open") is False
    assert page.ask(f"{LAST}.querySelector('details .text').textContent") == "hm"
    assert page.ask(f"{LAST}.querySelector('summary').textContent") == "Thoughts"
    page.ask(WATCH)
    send(page, "Really?", max_tokens="2")
    page.until(IDLE)
    assert page.ask("bodies[0].messages[1]") == {"role": "assistant", "content": "**yes**"}


# ---- what goes wrong ----


def test_what_the_server_refuses_is_told_in_its_words(page: Page) -> None:
    """With a way to try again, which does not ask twice what was asked once."""
    send(page, "Hello", max_tokens="100000")
    page.until(f"{IDLE} && {LAST}.querySelector('.error')")
    assert "exceeds the available context size" in page.ask(f"{LAST}.querySelector('.error').textContent")
    page.ask("document.querySelector('#max-tokens').value = '3'")
    page.click(".error button")
    page.until(f"{IDLE} && {LAST}.querySelector('.copy')")
    assert len(page.ask("bodies.at(-1).messages")) == 1
    assert all("400 (Bad Request)" in each for each in page.told)  # the browser's own word on it
    page.told.clear()


@pytest.mark.parametrize(
    ("status", "body", "headers", "words"),
    [
        (429, '{"error": {"message": "too many"}}', {"retry-after": "7"}, "too many It may be tried again in 7 s."),
        (403, '{"error": {"message": "an admin key may"}}', {}, "Not allowed: an admin key may"),
        (202, '{"error": {"message": "it is being pulled"}}', {}, "it is being pulled"),
        (502, "<html>a gateway's own</html>", {}, "The answer was 502"),
        (200, events({"content": "half"}, done=False), {}, "The connection was lost before the answer was whole."),
        (200, 'data: {"error": {"message": "the worker died"}}\n\n', {}, "the worker died"),
    ],
)  # fmt: skip
def test_every_failure_has_words(page: Page, status: int, body: str, headers: dict[str, str], words: str) -> None:
    """In the answer's place, and when to come back."""
    stub(page, body, status, headers)
    send(page, "Hello")
    page.until(f"{IDLE} && {LAST}.querySelector('.error')")
    assert words in page.ask(f"{LAST}.querySelector('.error').textContent")


# ---- what it looks like, and to whom ----


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_every_screen_in_both_colours(browser: Page, server: RunningServer, scheme: str, width: int) -> None:
    """Nothing is wider than the window; text and ground differ by what the reader's system wants."""
    page = opened(browser, server, scheme=scheme, width=width)
    for view in ("chat", "models"):
        page.ask(f"document.querySelector('nav [data-view={view}]').click()")
        size = page.ask("(e => [e.scrollWidth, e.scrollHeight])(document.documentElement)")
        assert size == [width, 900]
        seen = page.ask("['#chat', '#side'].map(each => document.querySelector(each).offsetWidth > 0)")
        assert seen == ([view == "chat", view == "models"] if width == 360 else [True, True])
    dark = page.ask("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"
    assert dark == (scheme == "dark")
    quiet(page, server)


def test_everything_has_a_name_for_who_does_not_see_it(page: Page) -> None:
    """Buttons, fields, lists: as a screen reader is told."""
    assert {"Send", "New chat", "Pull", "Unload tiny"} <= set(page.names("button"))
    assert {"Message", "Repository", "File"} <= set(page.names("textbox"))
    assert page.names("combobox") == ["Model"]
    assert all(page.names("button"))
    assert all(page.names("textbox"))
    assert page.names("log") in ([], ["Conversation"])


def test_the_browser_holds_the_page_to_its_policy(page: Page) -> None:
    """Nothing from elsewhere is loaded or asked, and no text becomes a script, whatever a script here might try."""
    page.ask("window.broken = []; addEventListener('securitypolicyviolation', e => broken.push(e.effectiveDirective))")
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/x"
        page.ask(f"real('{url}').catch(() => 0)")
        page.ask(f"void (document.createElement('img').src = '{url}')")
        page.ask("try { document.createElement('p').innerHTML = '<b>'; } catch (e) { void e; }")
        page.until("broken.length === 3")
        assert set(page.ask("broken")) == {"connect-src", "img-src", "require-trusted-types-for"}
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    page.told.clear()  # the browser told of each
    page.requests.clear()


def test_it_asks_nothing_while_it_is_not_seen(page: Page) -> None:
    """And at once when it is seen again."""
    page.ask("Object.defineProperty(document, 'hidden', { get: () => window.away ?? false })")
    page.ask("window.away = true; window.timers = 0; window.later = setTimeout")
    page.ask("window.setTimeout = (...all) => { timers += 1; return later(...all); }")
    page.ask("document.dispatchEvent(new Event('visibilitychange'))")
    page.ask("new Promise(done => { document.addEventListener('state', () => later(done, 50), { once: true });"
             " document.dispatchEvent(new Event('look')); })")  # fmt: skip
    assert page.ask("timers") == 0
    page.ask("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.until("timers > 0")
