"""Why rules that look at one object alone are nevertheless not said in CEL. Stack rules need no entry."""

from collections.abc import Mapping
from typing import Final

REASONS: Final[Mapping[str, str]] = {}
