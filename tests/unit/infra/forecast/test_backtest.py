"""What a table would have done."""

import dataclasses

from hypothesis import given, settings
from hypothesis import strategies as st

from infra import weeks
from infra.forecast.backtest import Backtest, World, backtest
from infra.forecast.fit import fit
from infra.plan.windows import forecast_week
from tests.unit.infra.forecast.samples import BERLIN, some_weeks

WORLD = World(least=1, most=8, target=3.2, load_s=600, quiet_s=600)
LATER = some_weeks(1, "2027-02-01")
TABLE = fit(some_weeks(3), BERLIN)


def play(ahead_s: int, world: World = WORLD) -> Backtest:
    """A week that the table has not seen."""
    return backtest(LATER, forecast_week(TABLE, world.target, ahead_s, world.most), BERLIN, world)


def test_a_wave_that_comes_every_day_finds_replicas_that_have_loaded() -> None:
    """Without the table people wait every morning, for as long as replicas load."""
    result = play(ahead_s=900)
    assert result.without.short_s >= 5 * 2 * 600
    assert result.with_table.short_s == 0
    assert result.with_table.waiting_s == 0 < result.without.waiting_s
    assert result.without.replica_s < result.with_table.replica_s < 1.1 * result.without.replica_s


def test_a_forecast_that_comes_later_than_replicas_load_avoids_less() -> None:
    """`ahead_s` has to be longer than a replica takes."""
    late, early = play(ahead_s=300), play(ahead_s=900)
    assert early.with_table.short_s < late.with_table.short_s < late.without.short_s


def test_the_result_says_what_was_avoided_and_what_it_cost() -> None:
    """One line for people."""
    text = str(play(ahead_s=900))
    assert text.startswith("too few replicas for ")
    assert " 0 min with it; " in text
    assert "request minutes of waiting avoided, for +" in text


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 8), st.integers(0, 3600), st.integers(60, 3600))
def test_a_table_never_makes_it_worse_and_nothing_beats_the_bounds(most: int, load_s: int, ahead_s: int) -> None:
    """More replicas at some hours, fewer at none; and never more than there may be."""
    world = dataclasses.replace(WORLD, most=most, load_s=load_s)
    result = play(ahead_s, world)
    assert result.with_table.short_s <= result.without.short_s
    assert result.with_table.replica_s >= result.without.replica_s
    assert result.with_table.replica_s <= most * 7 * 86_400


def test_gaps_in_the_record_are_left_out() -> None:
    """Nobody knows what was then."""
    whole = weeks.week_of([], 1)
    thin = [LATER[0], *LATER[-2:]]
    assert backtest(thin, whole, BERLIN, WORLD).without.replica_s == 300
