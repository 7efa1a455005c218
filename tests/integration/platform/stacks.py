"""The objects of our own stacks as the program makes them, in a namespace of the test's own."""

from __future__ import annotations

from typing import Any

from infra.catalog.load import load_catalog
from infra.config import parse
from infra.endpoints import without_cluster
from infra.plan import Plan, make_plan
from tests.unit.infra.recorder import kubernetes_objects, raw_settings, record

Object = dict[str, Any]
PROVIDERS = {"aws": "aws", "gke": "gcp", "aks": "azure"}
"""By flavour of nodes.yaml, as the stack file calls them."""


def plan(stack: str, namespace: str, flavour: str = "") -> Plan:
    """The plan of a stack file, but for its namespace, and the provider where a flavour of nodes is named."""
    catalog = load_catalog()
    settings = {**raw_settings(stack), "namespace": namespace}
    if flavour:
        settings["cluster"] = {**settings["cluster"], "provider": PROVIDERS[flavour]}
    return make_plan(parse(stack, settings, catalog, without_cluster()), catalog)


def objects(stack: str, namespace: str, flavour: str = "") -> list[Object]:
    """All that the program registers with the cluster."""
    return kubernetes_objects(record(plan(stack, namespace, flavour)))
