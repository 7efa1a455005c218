"""Every check on a bare cluster, on a full one, and on what lies between."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.doctor import answers as paths
from slipway.doctor.answers import Answers
from slipway.doctor.checks import add_ons, examine, gpus, network, platform, storage
from slipway.doctor.finding import Finding, State
from slipway.doctor.needs import Needs, Workload
from tests.unit.slipway.doctor.recorded import an, api_service, cluster, groups, listed, node, running

HAS, LACKS, UNSURE = State.HAS, State.LACKS, State.UNSURE
POD = {"containers": [{"resources": {"limits": {"nvidia.com/gpu": "1"}}}]}
LARGE = {"key": "nvidia.com/gpu.memory", "operator": "Gt", "values": ["70000"]}
GPU_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}


def in_short(findings: list[Finding]) -> list[tuple[str, State, bool]]:
    """What a test compares."""
    return [(each.id, each.state, each.is_needed) for each in findings]


def test_without_a_stack_only_kubernetes_itself_is_needed() -> None:
    """And every lack has a sentence about what follows."""
    findings = examine(cluster(), Needs())
    assert {each.id for each in findings if each.is_needed} == {"version"}
    assert [each.id for each in findings if each.state is LACKS and not each.without] == []
    ids = [each.id for each in findings]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("minor", "state"), [("32", LACKS), ("33", HAS), ("36+", HAS)])
def test_the_version_is_needed_always(minor: str, state: State) -> None:
    """1.33 or newer."""
    assert in_short(list(platform.version(cluster(minor=minor), Needs()))) == [("version", state, True)]


def test_rights_are_asked_of_each_kind_that_is_there() -> None:
    """All at once first; one that is refused is named with its namespace."""
    kinds = frozenset({("apps/v1", "Deployment", "a"), ("keda.sh/v1alpha1", "ScaledObject", "a")})
    needs = Needs(stack="prod", kinds=kinds)
    served = {"/apis/apps/v1": {"resources": [{"name": "deployments", "kind": "Deployment"}]}}
    wanted = list(platform.wanted_rights(Answers(served), needs))
    verbs = [(verb, "apps", "deployments", "a") for verb in ("create", "patch", "delete")]
    assert wanted == [platform.ANYTHING, *verbs]
    [all_] = platform.rights(cluster(served, rights={**dict.fromkeys(wanted, False), platform.ANYTHING: True}), needs)
    [none] = platform.rights(cluster(served, rights=dict.fromkeys(wanted, False)), needs)
    [each] = platform.rights(cluster(served, rights={**dict.fromkeys(verbs, True), platform.ANYTHING: False}), needs)
    assert [found.state for found in (all_, none, each)] == [HAS, LACKS, HAS]
    assert "may not create deployments.apps in a" in none.said


@pytest.mark.parametrize(("level", "state"), [("restricted", HAS), ("baseline", LACKS), (None, LACKS)])
def test_pod_security_is_read_off_the_namespace(level: str | None, state: State) -> None:
    """Where it is there already."""
    labels = {platform.ENFORCE: level} if level else {}
    found = list(platform.pod_security(cluster({"/api/v1/namespaces/a": an("a", labels)}), Needs(namespaces=("a",))))
    assert [each.state for each in found] == [state]


def test_dns_is_known_by_its_label() -> None:
    """By which the network policies open it."""
    assert [each.state for each in platform.dns(cluster({paths.DNS_SERVICES: listed(an("dns"))}), Needs())] == [HAS]
    [hidden] = platform.dns(cluster(forbidden=frozenset({paths.DNS_SERVICES})), Needs(stack="prod"))
    assert (hidden.state, hidden.is_needed) == (UNSURE, True)


def test_gpu_nodes_are_counted_by_product_and_lack_only_where_nodes_do_not_come_by_themselves() -> None:
    """Karpenter or a cluster autoscaler may bring one."""
    needs = Needs(stack="prod", workloads=(Workload("Deployment m", POD),))
    [found] = gpus.nodes(cluster({paths.NODES: listed(node("a", 1), node("b", 1), node("c"))}), needs)
    assert (found.state, found.said) == (HAS, "2 nodes with NVIDIA-L4")
    assert in_short(list(gpus.nodes(cluster({paths.NODES: listed(node())}), needs))) == [("gpu-nodes", LACKS, True)]
    grows = cluster({paths.GROUPS: groups("karpenter.sh/v1")})
    assert in_short(list(gpus.nodes(grows, needs))) == [("gpu-nodes", UNSURE, True)]


@pytest.mark.parametrize("why", ["too small", "taint", "too few"])
def test_a_pod_that_no_node_is_right_for_is_told(why: str) -> None:
    """By GPU memory, by a taint, by how many GPUs a node has."""
    required = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [LARGE]}]}
    }
    two = {"containers": [{"resources": {"limits": {"nvidia.com/gpu": "2"}}}]}
    large_only = {**POD, "affinity": {"nodeAffinity": required}}
    specs: dict[str, Any] = {"too small": large_only, "taint": POD, "too few": two}
    taints = [GPU_TAINT] if why == "taint" else []
    needs = Needs(stack="prod", workloads=(Workload("Deployment m", specs[why]),))
    findings = list(gpus.nodes(cluster({paths.NODES: listed(node("a", 1, None, *taints))}), needs))
    assert in_short(findings)[1:] == [("gpu-fit:Deployment m", LACKS, True)]


def test_labels_of_gpu_nodes_are_needed_where_none_has_them() -> None:
    """One without them is only lost."""
    bare = node("bare", 1)
    bare["metadata"]["labels"] = {}
    some = list(gpus.discovery(cluster({paths.NODES: listed(bare, node("a", 1))}), Needs()))
    none = list(gpus.discovery(cluster({paths.NODES: listed(bare)}), Needs()))
    assert in_short([*some, *none]) == [("gpu-labels", LACKS, False), ("gpu-labels", LACKS, True)]
    assert list(gpus.discovery(cluster(), Needs())) == []


@pytest.mark.parametrize("label", gpus.DRIVERS)
def test_a_driver_that_is_older_than_the_images_cuda_is_told(label: str) -> None:
    """By the label of either time; a node that does not tell it is not accused."""
    needs = Needs(stack="prod", workloads=(Workload("Deployment m", POD),))
    nodes = [node("a", 1, {label: "535"}), node("b", 1, {label: "580"}), node("c", 1, {label: "x"}), node("d", 1)]
    [found] = gpus.driver(cluster({paths.NODES: listed(*nodes)}), needs)
    assert in_short([found]) == [("gpu-driver", LACKS, True)]
    assert "1 GPU nodes have an older one than 580, such as a with 535" in found.said
    [new] = gpus.driver(cluster({paths.NODES: listed(*nodes[1:])}), Needs())
    assert in_short([new]) == [("gpu-driver", HAS, False)]
    assert list(gpus.driver(cluster({paths.NODES: listed(nodes[3])}), needs)) == []


def test_device_classes_must_be_there_where_claims_name_them() -> None:
    """A driver alone is for whoever wants it."""
    slices = {paths.RESOURCE_SLICES: listed(an("a", spec={"driver": "gpu.nvidia.com"}))}
    wanted = Needs(stack="prod", device_classes=frozenset({"gpu.nvidia.com"}))
    assert in_short(list(gpus.dynamic_allocation(cluster(slices), Needs()))) == [("dra", HAS, False)]
    assert in_short(list(gpus.dynamic_allocation(cluster(slices), wanted))) == [("dra", LACKS, True)]
    full = {**slices, paths.DEVICE_CLASSES: listed(an("gpu.nvidia.com"))}
    assert in_short(list(gpus.dynamic_allocation(cluster(full), wanted))) == [("dra", HAS, True)]


@pytest.mark.parametrize(
    ("provisioner", "mode", "state"),
    [
        ("efs.csi.aws.com", "ReadWriteMany", None),
        ("ebs.csi.aws.com", "ReadWriteMany", LACKS),
        ("example.com/unheard", "ReadWriteMany", UNSURE),
        ("example.com/unheard", "ReadWriteOnce", None),
    ],
)
def test_a_class_must_do_what_its_claims_ask(provisioner: str, mode: str, state: State | None) -> None:
    """Many pods on many nodes can only share what is made for it; whether that is so is not always known."""
    found = cluster({paths.STORAGE_CLASSES: listed(an("fast", provisioner=provisioner))})
    first, *others = storage.classes(found, Needs(stack="prod", claims=frozenset({("fast", mode)})))
    assert first.state is HAS
    assert [each.state for each in others] == ([] if state is None else [state])


def test_a_class_that_is_not_there_is_told_once() -> None:
    """Not also that there is none at all."""
    needs = Needs(stack="prod", claims=frozenset({("fast", "ReadWriteOnce")}))
    assert in_short(list(storage.classes(cluster(), needs))) == [("storage:fast:ReadWriteOnce", LACKS, True)]
    hidden = cluster(forbidden=frozenset({paths.STORAGE_CLASSES}))
    assert in_short(list(storage.classes(hidden, needs))) == [("storage", UNSURE, True)]


def test_image_volumes_go_by_versions() -> None:
    """Of Kubernetes, and of the nodes' runtimes."""
    old = node()
    old["status"]["nodeInfo"]["containerRuntimeVersion"] = "containerd://2.0.5"
    clusters = cluster(minor="34"), cluster({paths.NODES: listed(old)}), cluster({paths.NODES: listed(node())})
    assert [each.state for one in clusters for each in storage.image_volumes(one, Needs())] == [UNSURE, LACKS, HAS]


def test_the_ingress_class_of_the_stack_must_be_there() -> None:
    """Another one does not do."""
    needs = Needs(stack="prod", ingress_classes=frozenset({"nginx"}))
    other = cluster({paths.INGRESS_CLASSES: listed(an("traefik"))})
    [found] = network.ingress(other, needs)
    assert (found.state, found.is_needed) == (LACKS, True)
    assert "traefik" in found.said
    assert [each.state for each in network.ingress(other, Needs())] == [HAS]


def test_a_gateway_needs_a_class_that_somebody_serves() -> None:
    """Kinds alone take every object, and nothing follows."""
    kinds = {paths.GROUPS: groups("gateway.networking.k8s.io/v1")}
    accepted = an("a", status={"conditions": [{"type": "Accepted", "status": "True"}]})
    served = {**kinds, paths.GATEWAY_CLASSES: listed(accepted)}
    needs = Needs(stack="prod", kinds=frozenset({("gateway.networking.k8s.io/v1", "HTTPRoute", "a")}))
    found = [in_short(list(network.gateway(cluster(bodies), needs))) for bodies in ({}, kinds, served)]
    assert found == [[("gateway", LACKS, True)], [("gateway", LACKS, True)], [("gateway", HAS, True)]]


def test_who_keeps_network_policies_is_guessed_by_name() -> None:
    """Never said to be missing: the API does not tell."""
    names = ["calico-node", "aws-node", "kindnet"]
    found = [cluster({paths.DAEMON_SETS: listed(an(name, status={"numberReady": 1}))}) for name in names]
    assert [each.state for one in found for each in network.policies(one, Needs())] == [HAS, UNSURE, UNSURE]


def test_metrics_are_needed_by_what_scales_by_them() -> None:
    """Each kind of metric has a server of its own."""
    needs = Needs(stack="prod", metrics=frozenset({"ContainerResource", "Pods"}))
    found = cluster({paths.API_SERVICES: listed(api_service(add_ons.RESOURCE_METRICS))})
    assert in_short([*add_ons.metrics(found, needs), *add_ons.queue_metrics(found, needs)]) == [
        ("metrics", HAS, True),
        ("metrics:Pods", LACKS, True),
    ]


@pytest.mark.parametrize("operator", [add_ons.KEDA, add_ons.CERT_MANAGER, add_ons.EXTERNAL_SECRETS, add_ons.PROMETHEUS])
def test_an_operator_is_there_when_its_kinds_are_and_it_runs(operator: add_ons.Operator) -> None:
    """Needed by a stack that has such objects; who may not see Deployments can't tell."""
    kinds = {paths.GROUPS: groups(f"{operator.group}/v1")}
    runs = {**kinds, paths.DEPLOYMENTS: listed(running(operator.workloads[0]))}
    needs = Needs(stack="prod", kinds=frozenset({(f"{operator.group}/v1", "Thing", "a")}))
    hidden = cluster(kinds, forbidden=frozenset({paths.DEPLOYMENTS}))
    found = [add_ons._operator(one, needs, operator) for one in (cluster(), cluster(kinds), cluster(runs), hidden)]
    assert [each.state for each in found] == [LACKS, LACKS, HAS, UNSURE]
    assert all(each.is_needed for each in found)
    assert not add_ons._operator(cluster(), Needs(), operator).is_needed
