"""What is asked of Prometheus about a model: the only place with metric names outside the server itself.

Requests in all replicas of a model, those that run and those that wait: the total, since an autoscaler divides it by
the number of replicas. No other number of ours tells load as well: a GPU is busy at any load, and so is a processor.
"""

from typing import Final

WAITING: Final = "queue_depth"
RUNNING: Final = "model_running_requests"
STATE, SERVING = "model_state", "serving"
RESTARTS: Final = "worker_restarts_total"
SLOTS: Final = "model_slots"
KV_HELD, KV_CAPACITY = "model_kv_reserved_tokens", "model_kv_tokens_capacity"


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


def serving(model: str, namespace: str) -> str:
    """Replicas that serve; 0 also where none is scraped."""
    labels = f'{{namespace="{namespace}",model="{model}",state="{SERVING}"}}'
    return f"(sum({STATE}{labels}) or vector(0))"


def restarts(namespace: str, over: str) -> str:
    """Workers that had to be replaced, of each model."""
    return f'sum by (model) (increase({RESTARTS}{{namespace="{namespace}"}}[{over}]))'


def waiting_by_slot(namespace: str) -> str:
    """Requests that wait, by those that can run: 1 is a whole round more."""
    return _ratio(WAITING, SLOTS, namespace)


def kv_share(namespace: str) -> str:
    """How much of the cache running requests hold."""
    return _ratio(KV_HELD, KV_CAPACITY, namespace)


def _ratio(part: str, whole: str, namespace: str) -> str:
    labels = f'{{namespace="{namespace}"}}'
    return f"sum by (model) ({part}{labels}) / sum by (model) ({whole}{labels})"
