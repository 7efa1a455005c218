"""What is asked of Prometheus about a model: the only place with metric names outside the server itself.

Requests in all replicas of a model, those that run and those that wait: the total, since an autoscaler divides it by
the number of replicas. No other number of ours tells load as well: a GPU is busy at any load, and so is a processor.
"""

from typing import Final

WAITING: Final = "queue_depth"
RUNNING: Final = "model_running_requests"


def requests(model: str, namespace: str) -> str:
    """Running and waiting, of all tiers; no answer at all where no replica is scraped."""
    labels = f'{{namespace="{namespace}",model="{model}"}}'
    return f"sum({RUNNING}{labels}) + sum({WAITING}{labels})"


def demand(model: str, namespace: str, *, shift: float, may_be_none: bool) -> str:
    """Requests of which a tier has its part: more by what is kept warm, less by what another tier has.

    `may_be_none`: there are hours without a replica, when no answer means no request. Elsewhere it is a fault, and the
    autoscaler must see it.
    """
    asked = requests(model, namespace)
    if may_be_none:
        asked = f"({asked} or vector(0))"
    if not shift:
        return asked
    return f"clamp_min({asked} {'+' if shift > 0 else '-'} {abs(shift):g}, 0)"
