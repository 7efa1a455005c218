"""What can go wrong with an estimate for a reason that its reader can act on."""

from __future__ import annotations

from infra.errors import SlipwayError


class CostSettingsError(SlipwayError):
    """A setting of `slipway:cost` is missing or wrong."""

    heading = "The stack's cost settings are wrong"


class PriceBookError(SlipwayError):
    """The price book can't be read, or is not what it says."""

    heading = "The price book is wrong"


class ThroughputError(SlipwayError):
    """The throughput table can't be read, or has wrong entries."""

    heading = "The throughput table is wrong"


class SnapshotError(SlipwayError):
    """A preview, a state or a manifest can't be read."""

    heading = "What is to be priced can't be read"


class ReconcileError(SlipwayError):
    """What OpenCost measured can't be read."""

    heading = "OpenCost's allocations can't be read"


class WhatIfError(SlipwayError):
    """A what-if names something that is not there, or no number."""

    heading = "What if what? The question can't be answered"
