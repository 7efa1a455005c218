"""Durations as people say them, and lines as programs print them."""

import pytest

from tools.progress import Progress, duration


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.42, "0.4 s"), (12, "12 s"), (119, "119 s"), (200, "3 min 20 s"), (3600, "60 min 00 s")]
)
def test_durations_are_short_and_have_a_unit(seconds: float, said: str) -> None:
    """No figure without its unit."""
    assert duration(seconds) == said


def test_brackets_in_what_programs_print_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A build's `[1/7]`, or `[/x]`, is no markup: it neither vanishes nor breaks."""
    progress = Progress()
    progress.say("said [bold]x[/y]")
    with progress.step("step [1/7] [/a]") as step:
        step._last_plain -= 100
        step.update("line [red]")
        step.note = "note [/b]"
    said = capsys.readouterr().out
    for text in ("said [bold]x[/y]", "step [1/7] [/a]: line [red]", "step [1/7] [/a] - note [/b]"):
        assert text in said
