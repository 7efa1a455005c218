"""The search for cheaper node types, for programs. For people it is in words: `optimise_text.py`."""

from __future__ import annotations

import json
from typing import Any

from infra.cost.optimise import Optimisation, Trial


def render_json(found: Optimisation, currency: str) -> str:
    """Cents a month, of nodes alone."""
    saving = found.saving
    data = {
        "version": 1,
        "currency": currency,
        "savingLowCents": saving.low_cents,
        "savingTypicalCents": saving.typical_cents,
        "savingHighCents": saving.high_cents,
        "now": _trial(found.now),
        "best": _trial(found.best),
        "nextBest": _trial(found.next_best) if found.next_best else None,
        "tooSmall": _trial(found.too_small) if found.too_small else None,
        "trials": found.num_trials,
        "isWhole": found.is_whole,
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "pools": {pool.name: [node.name for node in pool.types] for pool in trial.pools},
        "lowCents": trial.cost.low_cents,
        "typicalCents": trial.cost.typical_cents,
        "highCents": trial.cost.high_cents,
        "unplacedPods": trial.num_unplaced,
        "why": trial.why,
    }
