"""Numbers between bounds, digit by digit and exactly.

Numbers with bounds are written without an exponent and with at most 15 digits, so that reading them as doubles never
moves one across a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from serve.grammar.json_text import DIGIT, MAX_DIGITS, any_integer, any_number
from serve.grammar.nodes import EMPTY, NOTHING, Node, Text, alt, chars, repeat, seq

MAX_BOUND_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`; None: no bound. Open ends are not part of it."""

    low: Decimal | None = None
    high: Decimal | None = None
    is_low_open: bool = False
    is_high_open: bool = False

    def is_unbounded(self) -> bool:
        """Is it all numbers?"""
        return self.low is None and self.high is None


@lru_cache(maxsize=256)
def integer(interval: Interval) -> Node:
    """The integers of an interval."""
    if interval.is_unbounded():
        return any_integer()
    farthest = 10 ** max(
        MAX_DIGITS, *(_num_digits(end) + 1 for end in (interval.low, interval.high) if end is not None)
    )
    low = -farthest + 1 if interval.low is None else _ceiling(interval.low, is_open=interval.is_low_open)
    high = farthest - 1 if interval.high is None else -_ceiling(-interval.high, is_open=interval.is_high_open)
    negative = _between(max(-high, 1), -low) if low < 0 else NOTHING
    return alt([seq("-", negative), _between(max(low, 0), high) if high >= 0 else NOTHING])


def _num_digits(number: Decimal) -> int:
    return max(number.adjusted(), 0) + 1


def _ceiling(number: Decimal, *, is_open: bool) -> int:
    whole = int(number.to_integral_value(rounding="ROUND_CEILING"))
    return whole + 1 if is_open and whole == number else whole


def _between(low: int, high: int) -> Node:
    """The integers from low to high, neither of them negative."""
    options: list[Node] = []
    for num_digits in range(len(str(low)), len(str(high)) + 1):
        first = max(low, 10 ** (num_digits - 1) if num_digits > 1 else 0)
        last = min(high, 10**num_digits - 1)
        if first <= last:
            options.append(_same_length(str(first), str(last)))
    return alt(options)


def _same_length(low: str, high: str) -> Node:
    """The digit strings between two of the same length."""
    if not low:
        return EMPTY
    if low == "0" * len(low) and high == "9" * len(high):
        return repeat(DIGIT, len(low), len(low))
    if low[0] == high[0]:
        return seq(low[0], _same_length(low[1:], high[1:]))
    rest = len(low) - 1
    first, last = int(low[0]), int(high[0])
    options: list[Node] = []
    if low[1:] != "0" * rest:
        options.append(seq(low[0], _same_length(low[1:], "9" * rest)))
        first += 1
    ending: list[Node] = []
    if high[1:] != "9" * rest:
        ending.append(seq(high[0], _same_length("0" * rest, high[1:])))
        last -= 1
    if first <= last:
        options.append(seq(_digits(first, last), repeat(DIGIT, rest, rest)))
    return alt([*options, *ending])


def _digits(first: int, last: int) -> Node:
    return Text(str(first)) if first == last else chars((0x30 + first, 0x30 + last))


@lru_cache(maxsize=256)
def number(interval: Interval) -> Node:
    """The numbers of an interval."""
    if interval.is_unbounded():
        return any_number()
    ends = [end for end in (interval.low, interval.high) if end is not None]
    num_digits = max(9, *(_num_digits(end) for end in ends))
    farthest = Decimal(10**num_digits - 1)
    places = max(MAX_BOUND_DIGITS - num_digits, 0)
    low, is_low_open = (-farthest, False) if interval.low is None else (interval.low, interval.is_low_open)
    high, is_high_open = (farthest, False) if interval.high is None else (interval.high, interval.is_high_open)
    options: list[Node] = []
    if low < 0:
        mirrored = Interval(max(-high, Decimal(0)), -low, is_high_open and high <= 0, is_low_open)
        options.append(seq("-", _positive(mirrored, places)))
    if high >= 0:
        options.append(_positive(Interval(max(low, Decimal(0)), high, is_low_open and low >= 0, is_high_open), places))
    return alt(options)


def _positive(interval: Interval, places: int) -> Node:
    """The numbers between two that are not negative."""
    low, high = interval.low, interval.high
    assert low is not None
    assert high is not None
    if low > high:
        return NOTHING
    low_whole, low_part = _parts(low)
    high_whole, high_part = _parts(high)
    at_low = _Fraction(low_part, interval.is_low_open)
    at_high = _Fraction(high_part, interval.is_high_open)
    if low_whole == high_whole:
        return seq(str(low_whole), _fraction(at_low, at_high, places))
    options = [seq(str(low_whole), _fraction(at_low, None, places))]
    if low_whole + 1 < high_whole:
        options.append(seq(_between(low_whole + 1, high_whole - 1), _fraction(None, None, places)))
    return alt([*options, seq(str(high_whole), _fraction(None, at_high, places))])


def _parts(number: Decimal) -> tuple[int, str]:
    """The digits before the point and those after it."""
    whole, _, part = f"{number:f}".partition(".")
    return int(whole), part.rstrip("0")


@dataclass(frozen=True, slots=True)
class _Fraction:
    """The digits after the point of a bound that is one of the numbers, or not (`is_open`)."""

    digits: str
    is_open: bool


def _fraction(low: _Fraction | None, high: _Fraction | None, places: int) -> Node:
    """What may follow the whole part: nothing, or a point and at least one digit."""
    can_end = (low is None or (not low.digits and not low.is_open)) and (
        high is None or bool(high.digits) or not high.is_open
    )
    return alt([EMPTY if can_end else NOTHING, seq(".", _after_point(low, high, places, is_first=True))])


def _after_point(low: _Fraction | None, high: _Fraction | None, places: int, *, is_first: bool = False) -> Node:
    """Digits between two bounds that both begin here; a missing bound has been left behind."""
    can_end = (low is None or (not low.digits and not low.is_open)) and (
        high is None or bool(high.digits) or not high.is_open
    )
    end = EMPTY if can_end and not is_first else NOTHING
    if places == 0:
        return end
    if low is None and high is None:
        return repeat(DIGIT, 1 if is_first else 0, places)
    low_digit = int(low.digits[:1] or "0") if low else 0
    high_digit = int(high.digits[:1] or "0") if high else 9
    if low_digit > high_digit:
        return end
    next_low = _Fraction(low.digits[1:], low.is_open) if low else None
    next_high = _Fraction(high.digits[1:], high.is_open) if high else None
    if low_digit == high_digit:
        return alt([end, seq(str(low_digit), _after_point(next_low, next_high, places - 1))])
    options: list[Node] = [end]
    first, last = low_digit + (low is not None), high_digit - (high is not None)
    if low is not None:
        options.append(seq(str(low_digit), _after_point(next_low, None, places - 1)))
    if first <= last:
        options.append(seq(_digits(first, last), _after_point(None, None, places - 1)))
    if high is not None:
        options.append(seq(str(high_digit), _after_point(None, next_high, places - 1)))
    return alt(options)
