"""What one operation tells the user."""

from tests.unit.tools.plugins.fakes import FakeLog
from tools.plugins.kubernetes.reporter import Reporter


def test_the_same_progress_is_shown_once() -> None:
    """A wait looks several times a second."""
    log = FakeLog()
    reporter = Reporter(log, "urn")
    for text in ("one", "one", "two", "one", ""):
        reporter.progress(text)
    assert log.statuses == ["one", "two", "one", ""]


def test_nothing_is_cleared_where_nothing_was_shown() -> None:
    """Most operations have nothing to say."""
    log = FakeLog()
    Reporter(log, "urn").progress("")
    assert log.statuses == []


def test_a_warning_stays_and_is_shown_once() -> None:
    """A dry run and the real thing may both warn."""
    log = FakeLog()
    reporter = Reporter(log, "urn")
    reporter.warn("careful")
    reporter.warn("careful")
    assert log.warnings == ["careful"]
