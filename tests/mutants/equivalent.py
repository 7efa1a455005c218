"""The mutants that can't differ from the original, each with its reason: `equivalent.yaml`."""

from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("equivalent.yaml")


@cache
def load() -> dict[str, str]:
    """Reasons by mutant."""
    return yaml.safe_load(FILE.read_text()) or {}
