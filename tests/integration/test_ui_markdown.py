"""What the page makes of a model's Markdown, in a real browser: the usual shapes, and never anything but text."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.helpers.browser import Page
from tests.helpers.running_server import RunningServer

pytestmark = [pytest.mark.engine, pytest.mark.timeout(120)]

SHOWN = """
import('/ui/markdown.js').then(({ show }) => {
  const node = document.createElement('div');
  for (const text of %s) show(node, text);
  return node.%s;
})
"""


@pytest.fixture(scope="module")
def page(browser: Page, server: RunningServer) -> Iterator[Page]:
    """Open."""
    browser.open(f"{server.url}/ui")
    browser.until("document.querySelector('#model').value")
    yield browser
    assert browser.told == []


def html(page: Page, *texts: str) -> str:
    """What is shown after these, one after the other, as the browser would write it."""
    return str(page.ask(SHOWN % (json.dumps(texts), "innerHTML")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\ntwo\n\nthree", "<p>one\ntwo</p><p>three</p>"),
        (
            "**b** *i* _i_ ~~s~~ `c*c*`",
            "<p><strong>b</strong> <em>i</em> <em>i</em> <del>s</del> <code>c*c*</code></p>",
        ),
        ("**b *i* b**", "<p><strong>b <em>i</em> b</strong></p>"),
        ("2*3*4 snake_case_name a * b * c **", "<p>2*3*4 snake_case_name a * b * c **</p>"),
        ("# One\n### Three ", "<h3>One</h3><h5>Three </h5>"),
        ("---\n***", "<hr><hr>"),
        ("> a\n> **b**", "<blockquote><p>a\n<strong>b</strong></p></blockquote>"),
        ("- a\n- b\n  - c\n- d", "<ul><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ul>"),
        ("3. a\n4. b\n\n   more", '<ol start="3"><li>a</li><li>b<p>more</p></li></ol>'),
        ("- [ ] a", "<ul><li>[ ] a</li></ul>"),
        (
            "| a | b |\n|---|:-:|\n| 1 | *2* |",
            '<div class="wide" tabindex="0"><table><thead><tr><th>a</th><th>b</th></tr></thead>'
            "<tbody><tr><td>1</td><td><em>2</em></td></tr></tbody></table></div>",
        ),
        ("a | b", "<p>a | b</p>"),
    ],
)
def test_the_usual_shapes(page: Page, text: str, expected: str) -> None:
    """As a reader of Markdown expects them; what is none stays as it is."""
    assert html(page, text) == expected


@pytest.mark.parametrize("text", ["```py\na <b>\n\n# c\n```", "~~~py\na <b>\n\n# c\n~~~", "```py\na <b>\n\n# c"])
def test_code_is_shown_as_it_is(page: Page, text: str) -> None:
    """With its language and a button to copy it, also while its end is still to come."""
    shown = html(page, text)
    assert "<span>py</span>" in shown
    assert ">Copy</button>" in shown
    assert "<code>a &lt;b&gt;\n\n# c</code>" in shown


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](http://127.0.0.1:9/x.png)",
        "[x](javascript:alert(1))",
        "[x](JavaScript:alert(1)) [y](data:text/html,<b>) [z](//evil.example)",
        "<a href='javascript:alert(1)'>x</a>",
        "```<script>\n</script>\n```",
        "**<iframe src=x>** *<svg onload=alert(1)>* `<style>`",
        "| <script> | b |\n|---|---|\n| <img src=x> | `<b>` |",
        "[<b>](https://a.example/\"onmouseover=alert(1))",
    ],
)  # fmt: skip
def test_nothing_that_a_model_writes_is_more_than_text(page: Page, text: str) -> None:
    """No element but ours, no attribute but ours, no address but http and https."""
    tags = page.ask(SHOWN % (json.dumps([text]), "querySelectorAll('script,img,iframe,svg,style,object,form').length"))
    assert tags == 0
    links = page.ask(SHOWN % (json.dumps([text]), "querySelectorAll('a').length && node.querySelector('a').protocol"))
    assert links in (0, "https:", "http:")
    attributes = page.ask(
        SHOWN % (json.dumps([text]), "querySelectorAll('*').values().flatMap(e => e.getAttributeNames()).toArray()")
    )
    assert set(attributes) <= {"class", "href", "target", "rel", "type", "tabindex", "start"}


def test_links_leave_without_telling_where_from(page: Page) -> None:
    """In a window of their own; the full stop behind an address is not a part of it."""
    shown = html(page, "[a](https://a.example/x_y_z) and https://b.example/c.")
    assert shown.count('target="_blank" rel="noopener noreferrer"') == 2
    assert 'href="https://a.example/x_y_z"' in shown
    assert '<a href="https://b.example/c"' in shown
    assert shown.endswith("</a>.</p>")


def test_what_is_shown_already_is_not_made_anew(page: Page) -> None:
    """An answer grows at its end: a selection further up stays, and long answers stay fast."""
    script = """
    import('/ui/markdown.js').then(({ show }) => {
      const node = document.createElement('div');
      show(node, 'one\\n\\ntwo'); const [one, two] = node.children;
      show(node, 'one\\n\\ntwo more'); const kept = node.children[0] === one && node.children[1] !== two;
      show(node, 'one'); return [kept, node.children.length];
    })
    """
    assert page.ask(script) == [True, 1]


@pytest.mark.parametrize(
    "text",
    ["> " * 5000 + "x", "- " * 3000 + "x", "*" * 19_000 + "x", "[" * 20_000, "`" * 20_001, "_a" * 20_000, "|" * 5000],
)
def test_hostile_shapes_neither_fail_nor_hang(page: Page, text: str) -> None:
    """Depth and length are bounded: what is beyond is shown as it is."""
    assert len(page.ask(SHOWN % (json.dumps([text]), "textContent"))) > 0
