"""Whether the stack costs more than it may, before it does."""

from __future__ import annotations

from kube.objects import Stack
from kube.unknown import UNKNOWN
from policies.rule import MANDATORY_IN_PROD, Findings, stack_rule
from policies.settings import Settings


@stack_rule(
    why="What costs more than was agreed is noticed on the bill, a month too late.",
    source="Infracost guardrails; FinFocus budgets; FinOps Framework, Budgeting",
    level=MANDATORY_IN_PROD,
    bad="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a, namespace: b}
    spec:
      replicas: 4  # each fills a node of 147 dollars a month
      template: {spec: {containers: [{name: a, resources: {requests: {cpu: 3}}}]}}
    """,
    good="""
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: a, namespace: b}
    spec:
      replicas: 3
      template: {spec: {containers: [{name: a, resources: {requests: {cpu: 3}}}]}}
    """,
    example_settings={
        "cost": {
            "provider": "aws",
            "region": "us-east-1",
            "control_plane": False,
            "pools": [{"name": "general", "types": ["m7i.xlarge"]}],
            "budgets": {"typical": 500},
        }
    },
)
def budget_gate(stack: Stack, settings: Settings) -> Findings:
    """Every budget of `slipway:cost` holds: at typical and at high, of each model, and per million tokens.

    The cost is that of `slipway cost`: pods packed on the stack's node pools, at the prices of the committed price
    book. Without budgets nothing is asked. Where something has no price or no known value, it is undecided. How old the
    prices are is told by `slipway cost` alone: the same objects are judged alike on any day.
    """
    if not settings.cost.get("budgets"):
        return
    from infra.cost import gate  # here: a pack without budgets never loads it

    for breach in gate.breaches(stack.objects, settings.cost):
        target = breach.target
        found = target and stack.find(target.kind, target.namespace, target.name)
        view = found or stack.objects[0].view(stack.trace)
        yield view.bad("", breach.message, breach.is_known or UNKNOWN)
