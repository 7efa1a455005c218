"""One line: quantity times price."""

from fractions import Fraction

from infra.cost.book import Price
from infra.cost.lines import Amount, Paid, line
from infra.cost.money import Range
from infra.cost.types import Confidence, Kind, Line, Unpriced

PAID = Paid(Kind.STORAGE, "slipway/weights", "GiB-months", Amount.fixed(100), "size", "slipway", "gemma")


def test_a_line_is_rounded_once() -> None:
    """100 GiB at 0.08: 8.00."""
    price = Price(Fraction("0.08"), Fraction("0.08"), Fraction("0.08"), Confidence.LIST_PRICE, "a list", "a note")
    found = line(PAID, price, "")
    assert isinstance(found, Line)
    assert found.cost == Range(800, 800, 800)
    assert (found.quantity, found.price, found.note) == (Fraction(100), Fraction("0.08"), "a note")


def test_low_and_high_take_their_own_amount_and_price() -> None:
    """10 x 1, 20 x 2, 30 x 3."""
    amount = Amount(Fraction(10), Fraction(20), Fraction(30))
    price = Price(Fraction(1), Fraction(2), Fraction(3), Confidence.ASSUMED, "")
    found = line(Paid(Kind.NETWORK, "x", "GB", amount, "traffic"), price, "")
    assert isinstance(found, Line)
    assert found.cost == Range(1000, 4000, 9000)


def test_without_a_price_there_is_a_reason() -> None:
    """Never a line of nothing."""
    assert line(PAID, None, "no such class") == Unpriced("storage slipway/weights", "no such class")
