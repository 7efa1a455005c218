"""`slipway forecast`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.forecast import table
from infra.forecast.cli import app
from tests.unit.infra.forecast.samples import BERLIN, some_weeks


def history(folder: Path, number: int) -> Path:
    """A CSV of some weeks."""
    path = folder / f"weeks-{number}.csv"
    lines = [f"{each.at},{each.requests}\n" for each in some_weeks(number)]
    path.write_text("time,requests\n" + "".join(lines))
    return path


def run(*arguments: str) -> tuple[int, str]:
    """The status and all that is said."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_fit_writes_the_table_of_a_stack_and_backtest_plays_it(tmp_path: Path) -> None:
    """From past load to what it would have avoided."""
    common = ["--stack", "prod", "--model", "legal", "--folder", str(tmp_path / "forecasts")]
    status, said = run("fit", str(history(tmp_path, 3)), "--time-zone", BERLIN, *common)
    assert (status, said.strip().endswith("prod.yaml: legal")) == (0, True)
    assert table.load("prod", tmp_path / "forecasts")["legal"].hours[9] == 12
    status, said = run("backtest", str(history(tmp_path, 1)), "--target", "3.2", *common)
    assert status == 0
    assert said.startswith("legal: too few replicas for ")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["fit", "absent.csv", "--stack", "prod"], "error: "),
        (["fit", "{one}", "--stack", "prod", "--model", "legal"], "error: the samples span 7.0 days; allowed: 2 weeks"),
        (["backtest", "{one}", "--stack", "none", "--model", "legal", "--target", "2"], "none.yaml: has no legal"),
    ],
)
def test_what_is_wrong_is_one_line_and_a_status_of_its_own(tmp_path: Path, arguments: list[str], expected: str) -> None:
    """No traceback."""
    one = str(history(tmp_path, 1))
    status, said = run(*(argument.replace("{one}", one) for argument in arguments), "--folder", str(tmp_path))
    assert status == 64
    assert expected in said
    assert len(said.strip().splitlines()) == 1
