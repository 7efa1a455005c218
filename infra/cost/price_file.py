"""infra/cost/data/prices.json -> the prices as they stand there, held to their own hash. Made by `make prices`.

A file that was changed by hand, or half written, is refused: what it says of itself would no longer be true.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from infra.cost.errors import PriceBookError

PATH: Final = Path(__file__).parent / "data" / "prices.json"
FORMAT: Final = 1


@cache
def load(path: Path = PATH) -> Mapping[str, Any]:
    """The content of the file; whoever gets it must not change it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PriceBookError([f"{path.name}: can't be read: {error}; `make prices` writes it anew"]) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise PriceBookError([f"{path.name}: not of format {FORMAT}; `make prices` writes it anew"])
    if (found := digest(content)) != content.get("sha256"):
        raise PriceBookError(
            [f"{path.name}: its content has the hash {found}, it says {content.get('sha256')}: it was changed by hand"]
        )
    return content


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical content: all keys but `sha256`, sorted, without spaces."""
    without = {key: value for key, value in content.items() if key != "sha256"}
    text = json.dumps(without, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
