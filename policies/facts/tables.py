"""The tables in `data/`: what is known of hardware, engines and models, kept apart from the rules that use it.

Read on first use, once. Whoever gets a table must not change it.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parents[1] / "data"


@cache
def table(name: str) -> Any:
    """The content of `data/<name>.yaml`."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
