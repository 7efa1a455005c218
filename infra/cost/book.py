"""What things cost by the list: the interface that the estimate asks. Where the figures come from: data/."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from infra.cost.types import Capacity, Confidence, NodeType

READ_PER_WRITTEN = 3
"""Tokens that a chat reads for each that it writes. Prices and speeds of both kinds are mixed by it."""


@dataclass(frozen=True, slots=True)
class Price:
    """Of one unit, in the currency. One list price has low = typical = high; spot has a range over zones."""

    low: Fraction
    typical: Fraction
    high: Fraction
    confidence: Confidence
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ApiPrice:
    """What a hosted model costs; `name` says whose and as of when."""

    name: str
    per_million: Fraction  # dollars, input and output mixed as a chat does


class Prices(Protocol):
    """A price book with a stack's region, discounts, overrides and currency applied. None: it has no such price."""

    def machine(self, node: NodeType, capacity: Capacity) -> Price | None:
        """An hour of a node."""

    def storage(self, storage_class: str) -> Price | None:
        """A GiB-month of a claim of that class."""

    def load_balancer(self) -> Price | None:
        """An hour."""

    def control_plane(self) -> Price | None:
        """An hour of the cluster's control plane."""

    def egress(self) -> Price | None:
        """A GB to the internet."""

    def nat(self) -> Price | None:
        """A GB through a NAT gateway."""

    def nat_gateway(self) -> Price | None:
        """An hour of one, without what goes through it."""
