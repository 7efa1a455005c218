"""Which kinds are waited for, and what is looked at beside them."""

from tools.plugins.kubernetes.readiness.registry import AWAITERS, NOTHING, awaiter_of
from tools.plugins.kubernetes.values import Object


def selected(obj: Object) -> dict[str, str]:
    """Related kind -> label selector."""
    return {relation.kind.kind: relation.labels(obj) for relation in awaiter_of(obj).related}


def test_pods_of_a_workload_are_found_by_its_labels() -> None:
    """The claims by their names, so all are looked at."""
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"selector": {"matchLabels": {"a": "1", "b": "2"}}}}
    assert selected(obj) == {"ReplicaSet": "a=1,b=2", "Pod": "a=1,b=2", "PersistentVolumeClaim": ""}


def test_a_replication_controller_has_its_labels_one_level_higher() -> None:
    """An older shape."""
    obj = {"apiVersion": "v1", "kind": "ReplicationController", "spec": {"selector": {"a": "1"}}}
    assert selected(obj) == {"Pod": "a=1"}


def test_a_selector_of_expressions_looks_at_all_pods() -> None:
    """Who owns them is checked afterwards."""
    expressions = [{"key": "a", "operator": "Exists"}]
    obj = {"apiVersion": "apps/v1", "kind": "DaemonSet", "spec": {"selector": {"matchExpressions": expressions}}}
    assert selected(obj) == {"Pod": ""}


def test_endpoints_are_found_by_the_name_of_the_service() -> None:
    """Their own names are made up."""
    obj = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    assert selected(obj) == {"EndpointSlice": "kubernetes.io/service-name=web"}


def test_kinds_that_nobody_knows_are_not_waited_for() -> None:
    """Only the program can say when a custom resource is ready."""
    assert awaiter_of({"apiVersion": "test.example/v1", "kind": "Deployment"}) is NOTHING
    assert ("v1", "ConfigMap") not in AWAITERS
