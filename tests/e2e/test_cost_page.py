"""The page of a cost report in a real browser: every plot is drawn, nothing complains, nothing is fetched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cost.report import Report
from infra.cost.reports import html
from tests.helpers.browser import Page, page
from tests.unit.cost import samples

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

VISIBLE = """
[...document.querySelectorAll('svg')].map(svg => {
  const drawn = [...svg.querySelectorAll('path, rect.step, rect.bar')].map(each => each.getBoundingClientRect());
  return drawn.filter(box => box.width > 0 && box.height > 0).length;
})
"""
COLOURS = """
[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor,
 getComputedStyle(document.querySelector('.step')).fill]
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One for all tests."""
    program = os.environ.get("SLIPWAY_BROWSER", "")
    assert program, "SLIPWAY_BROWSER must name a Chromium"
    with page(program, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def open_report(browser: Page, report: Report, folder: Path, scheme: str = "light") -> Page:
    """The page of a report, loaded."""
    path = folder / "cost.html"
    path.write_text(html.render(report), encoding="utf-8")
    browser.open(path, scheme=scheme)
    return browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("report", [samples.report(), samples.plain(), samples.evil()], ids=["all", "plain", "evil"])
def test_the_page_is_quiet_and_alone(browser: Page, report: Report, scheme: str, tmp_path: Path) -> None:
    """No word on the console, no request but for the page itself, whatever names a report has."""
    shown = open_report(browser, report, tmp_path, scheme)
    assert shown.told == []
    assert shown.requests == [(tmp_path / "cost.html").as_uri()]
    assert shown.ask("document.scripts.length") == 0


def test_every_plot_is_drawn(browser: Page, tmp_path: Path) -> None:
    """Two kinds in the week, four steps, three bars."""
    assert open_report(browser, samples.report(), tmp_path).ask(VISIBLE) == [2, 4, 3]


def test_every_plot_is_told_to_who_does_not_see_it(browser: Page, tmp_path: Path) -> None:
    """As a screen reader is told: an image with its name and what it shows."""
    names = open_report(browser, samples.report(), tmp_path).names("image")
    assert [name.split(" ")[0] for name in names] == ["Cost", "slipway/llama", "What"]
    assert "$134 a week" in names[0]


def test_light_and_dark_are_the_readers(browser: Page, tmp_path: Path) -> None:
    """Text, ground and plots change together."""
    light, dark = (open_report(browser, samples.report(), tmp_path, each).ask(COLOURS) for each in ("light", "dark"))
    assert all(one != other for one, other in zip(light, dark, strict=True))


def test_details_open_without_a_script(browser: Page, tmp_path: Path) -> None:
    """And then they are there."""
    shown = open_report(browser, samples.report(), tmp_path)
    height = "document.querySelector('details').getBoundingClientRect().height"
    closed = shown.ask(height)
    shown.ask("document.querySelector('summary').click()")
    assert shown.ask(height) > closed + 200


def test_the_page_is_no_wider_than_the_window(browser: Page, tmp_path: Path) -> None:
    """Wide tables scroll by themselves."""
    shown = open_report(browser, samples.evil(), tmp_path)
    assert shown.ask("document.documentElement.scrollWidth <= window.innerWidth")
