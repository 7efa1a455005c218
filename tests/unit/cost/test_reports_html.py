"""The page: it stands alone, every plot is described, and nothing from a manifest is more than text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from infra.cost.report import Curve, Driver, Report
from infra.cost.reports import charts, html
from infra.cost.types import Kind
from tests.unit.cost import samples

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)
VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Which elements and attributes there are, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("report", [samples.report(), samples.plain(), samples.evil()], ids=["all", "plain", "evil"])
def test_the_page_is_whole_and_asks_for_nothing(report: Report) -> None:
    """No script, no link, no image, no handler of events; its policy forbids to fetch."""
    text = html.render(report)
    page = Page(text)
    assert page.open == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "a", "base", "form"}
    assert not {name for name in page.attributes if name.startswith("on") or name in {"src", "href", "srcdoc"}}
    assert "url(" not in text
    assert "default-src &#x27;none&#x27;" in text


def test_every_plot_is_described() -> None:
    """For who does not see it: title and description of its own, told by its label."""
    plots = [ElementTree.fromstring(text) for text in SVG.findall(html.render(samples.report()))]
    assert [plot.get("id") for plot in plots] == ["week", "curve0", "tornado"]
    for plot in plots:
        ids = {each.get("id") for each in plot.iter() if each.get("id")}
        assert set((plot.get("aria-labelledby") or "").split()) <= ids
        assert plot.get("role") == "img"


def test_the_week_has_an_hour_for_each_hour() -> None:
    """Each tells its figures: 110 cents at work, 50 at night; 12 x 110 + 12 x 50 = 1,920 a day, 134.40 a week."""
    text = charts.week(samples.report().week_cents, "USD")
    assert text.count('class="hour"') == 168
    assert "<title>Mon 08:00: $1.10 (gpu $1.00, control plane $0.10)</title>" in text
    assert "At most $1.10 an hour, on Mon 08:00; $134 a week." in text
    assert set(re.findall(r'<path class="(\w+)"', text)) == {
        charts.CLASSES[Kind.GPU],
        charts.CLASSES[Kind.CONTROL_PLANE],
    }


def test_a_week_without_cost_has_no_plot() -> None:
    """An own machine costs nothing."""
    assert charts.week(({Kind.GPU: 0},) * 168, "USD") == ""
    assert charts.week((), "USD") == ""


def test_the_tornado_shows_the_three_widest() -> None:
    """In their order: 1,050, 200 and 30 dollars wide."""
    text = charts.tornado(samples.report().drivers, 78100, "USD")
    found = re.findall(r'class="bar"[^>]*><title>([^:]*):', text)
    assert found == ["replicas", "spot price", "time without spot"]


def test_a_driver_that_runs_backwards_is_drawn_forwards() -> None:
    """More of it may cost less: no bar has a width below 0."""
    text = charts.tornado((Driver("discount", 900, 100),), 500, "USD")
    assert float(re.findall(r'class="bar" x="[\d.]+" y="\d+" width="([\d.]+)"', text)[0]) > 0
    assert "-$4.00" in text
    assert "+$4.00" in text


def test_steps_stand_on_the_ground_and_rise_with_cost() -> None:
    """Four replicas, four steps, each as high as it costs; the mark stands at the typical count."""
    [curve] = samples.report().curves
    text = charts.envelope(curve, samples.report().models[0], 0, "USD")
    heights = [float(each) for each in re.findall(r'class="step"[^>]*height="([\d.]+)"', text)]
    assert heights == sorted(heights)
    assert heights[3] == pytest.approx(4 * heights[0], rel=0.01)
    assert "2 replicas: 2 nodes, $700 a month" in text
    assert text.count('class="mark"') == 1


def test_a_curve_that_costs_nothing_is_flat() -> None:
    """And divides by nothing."""
    text = charts.envelope(Curve("a/b", ((0, 0, 0),)), None, 0, "USD")
    assert 'height="0.0"' in text
