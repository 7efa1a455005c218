"""The stack's `slipway:cost` for the rule about budgets: passed on as it is, and checked where it has budgets.

Only then: a stack without budgets never waits for the cost engine, and is not refused because of what no rule reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.errors import SettingsError


def with_cost(data: Any, cost: Any) -> Any:
    """The pack's settings with those of the cost engine, unless they say their own."""
    if not isinstance(data, Mapping) or not isinstance(cost, Mapping):
        return data
    return {"cost": cost, **data}


def check(cost: Mapping[str, Any]) -> None:
    """SettingsError that names each wrong setting, before any rule is asked."""
    if cost.get("budgets"):
        # Here: it brings the price book and the packer.
        from infra.cost import settings_file
        from infra.cost.errors import CostSettingsError

        try:
            settings_file.parse(cost)
        except CostSettingsError as error:
            raise SettingsError(list(error.problems)) from None
