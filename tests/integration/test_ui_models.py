"""The page at /ui, on servers of its own: models that come and go, pulls, keys."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.browser import Page
from tests.helpers.hub_server import HubState, hub_server
from tests.helpers.running_server import RunningServer

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

KEY, ADMIN = "sk-a-key-of-a-client", "sk-a-key-of-admins"
REPO = "owner/tiny-GGUF"


@pytest.fixture(scope="module")
def hub(tiny_model: Path) -> Iterator[HubState]:
    """With the same small file under some names."""
    names = ("pulled.gguf", "slow.gguf")
    with hub_server({f"{REPO}/{name}": tiny_model for name in names}, has_sums=True) as state:
        yield state


@pytest.fixture(scope="module")
def folder(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models directory with a model that nobody has configured."""
    made = tmp_path_factory.mktemp("discovered")
    shutil.copy(tiny_model, made / "tiny.gguf")
    return made


@pytest.fixture(scope="module")
def discovering(folder: Path, hub: HubState) -> Iterator[RunningServer]:
    """A server that serves whatever is there."""
    with RunningServer(folder, None, hub=hub.url) as running:
        yield running


def opened(browser: Page, server: RunningServer) -> Page:
    """The page, after its first look at the server."""
    browser.open(f"{server.url}/ui")
    browser.until("document.querySelector('#health').textContent")
    return browser


def pull(page: Page, file: str) -> None:
    """Fill in the form and send it."""
    page.type("#repo", REPO)
    page.type("#file", file)
    page.click("#pull button")


def test_a_model_is_loaded_and_unloaded(browser: Page, discovering: RunningServer) -> None:
    """By its button, which says what it would do; its memory comes and goes."""
    page = opened(browser, discovering)
    page.until("document.querySelector('[aria-label=\"Load tiny\"]')")
    page.click('[aria-label="Load tiny"]')
    page.until("document.querySelector('#models .state.serving')")
    page.until("document.querySelector('#models .soft').textContent.includes('in memory')")
    page.click('[aria-label="Unload tiny"]')
    page.until("document.querySelector('[aria-label=\"Load tiny\"]')")
    page.until("document.querySelector('#models .state').textContent === 'ready on disk'")
    assert page.told == []


# Each state that is shown, with how far it is.
SEEN = """
window.seen = new Set();
new MutationObserver(() => {
  const row = document.querySelector('#pulls .item');
  if (row) seen.add(`${row.querySelector('.state').textContent} ${row.querySelector('progress').value}`);
}).observe(document.querySelector('#pulls'), { subtree: true, childList: true, characterData: true });
"""


def test_a_pull_is_seen_from_its_first_byte_to_its_first_answer(
    browser: Page, discovering: RunningServer, hub: HubState
) -> None:
    """Bytes, speed and the rest of the time; then the model is there, and answers."""
    hub.bytes_per_s = 300_000
    page = opened(browser, discovering)
    page.ask(SEEN)
    pull(page, "pulled.gguf")
    page.until("document.querySelector('#pulls .state.complete')")
    shares = page.ask("[...seen].filter(each => each.startsWith('downloading')).map(each => +each.split(' ')[1])")
    assert len({share for share in shares if 0 < share < 1}) >= 2
    page.until("[...document.querySelector('#model').options].some(each => each.value === 'pulled')")
    page.ask("document.querySelector('#model').value = 'pulled'; document.querySelector('#temperature').value = '0'")
    page.type("#prompt", "Hello there")
    page.press("Enter")
    page.until("document.querySelector('.assistant .copy')")
    assert page.told == []


def test_a_pull_can_be_cancelled(browser: Page, discovering: RunningServer, hub: HubState, folder: Path) -> None:
    """Nothing of it stays."""
    hub.bytes_per_s = 30_000
    page = opened(browser, discovering)
    pull(page, "slow.gguf")
    page.until("document.querySelector('#pulls .state.downloading')")
    page.click('[aria-label="Cancel slow.gguf"]')
    page.until("document.querySelector('#pulls .state.cancelled')")
    assert [path.name for path in folder.iterdir() if "slow" in path.name and not path.name.endswith(".lock")] == []
    assert page.told == []


def test_a_pull_that_can_t_be_says_why(browser: Page, discovering: RunningServer) -> None:
    """Below the form."""
    page = opened(browser, discovering)
    pull(page, "nothing.gguf")
    page.until("document.querySelector('#pull-told').textContent")
    assert "it has no such file" in page.ask("document.querySelector('#pull-told').textContent")
    assert all("404" in each for each in page.told)  # the browser's own word on it


def test_a_key_is_asked_for_and_kept_for_this_tab_only(browser: Page, folder: Path, tmp_path: Path) -> None:
    """A wrong one is asked for again; what only administrators may is told as that."""
    for name, key in (("keys", KEY), ("admins", ADMIN)):
        (tmp_path / name).write_text(key)
    keys, admins = tmp_path / "keys", tmp_path / "admins"
    with RunningServer(folder, None, api_keys_file=keys, admin_keys_file=admins) as server:
        page = opened(browser, server)
        for key, words in (("sk-a-wrong-key-of-nobody", "an API key is missing"), (KEY, "not known here")):
            page.until(f"document.querySelector('#key-why').textContent.includes({json.dumps(words)})")
            page.until("document.querySelector('#key-dialog').open")
            page.type("#key-input", key)
            page.press("Enter")
        page.until("document.querySelector('#models .item')")
        assert not page.ask("document.querySelector('#key-dialog').open")
        assert page.ask("document.querySelector('#key-input').value") == ""
        kept = page.ask("[JSON.stringify({...sessionStorage}), localStorage.length, document.cookie]")
        assert (json.loads(kept[0]).get("slipway-key"), kept[1:]) == (KEY, [0, ""])
        page.click("#models .line button")
        page.until("document.querySelector('#models .error').textContent")
        assert "Not allowed: the key" in page.ask("document.querySelector('#models .error').textContent")
        assert KEY not in server.log
        assert all("401" in each or "403" in each for each in page.told)
        page.ask("sessionStorage.clear()")
