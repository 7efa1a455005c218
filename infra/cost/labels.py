"""Which model an object serves: by its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from infra import names

MODEL_LABELS: Final = (names.MODEL_LABEL, "model")


def model_of(*label_sets: Mapping[str, Any]) -> str | None:
    """The first that says it; None for what serves no model."""
    for labels in label_sets:
        for key in MODEL_LABELS:
            if isinstance(labels.get(key), str):
                return str(labels[key])
    return None


def texts(labels: Mapping[str, Any]) -> dict[str, str]:
    """The labels that are known, and text as they must be."""
    return {str(key): value for key, value in labels.items() if isinstance(value, str)}
