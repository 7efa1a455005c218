"""How fast weights come from a storage class, from the table in infra/data: the one place for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

TABLE: Final = Path(__file__).parent / "data" / "storage.yaml"
MB: Final = 10**6


def read_bytes_s(storage_class: str, kinds: Mapping[str, str] | None = None) -> int:
    """At worst, for one reader. `kinds` says what the stack's own classes are, as `slipway:cost.storage_kinds` does."""
    table = _table()
    kind = (kinds or {}).get(storage_class) or table["classes"].get(storage_class, storage_class)
    return int(table["kinds"].get(kind, table["default"])) * MB


@cache
def _table() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return found
