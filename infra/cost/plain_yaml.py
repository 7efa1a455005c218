"""YAML that a user wrote -> plain values, or a YAMLError: PyYAML itself has other errors as well, for a day that no
month has and for lists in lists without end.
"""

from __future__ import annotations

from typing import Any

import yaml


def load(text: str) -> Any:
    """YAMLError where it can't be read, for whatever reason."""
    try:
        return yaml.safe_load(text)
    except RecursionError:
        raise yaml.YAMLError("nested too deep") from None
    except ValueError as error:
        raise yaml.YAMLError(str(error)) from None
