"""The simulated fleet as the scheduler sees it."""

import yaml

from tools.cluster import fleet


def test_every_pool_stands_in_every_zone_and_names_are_unique() -> None:
    """Three zones are what spreading and spot loss are tested with."""
    data = yaml.safe_load(fleet.DATA.read_text())
    nodes = list(fleet.nodes(data))
    names = [n["metadata"]["name"] for n in nodes]
    assert len(set(names)) == len(names) == sum(p["per_zone"] for p in data["pools"]) * len(data["zones"])
    for pool in data["pools"]:
        zones = {
            n["metadata"]["labels"]["topology.kubernetes.io/zone"]
            for n in nodes
            if f"-{pool['name']}-zone" in n["metadata"]["name"]
        }
        assert zones == set(data["zones"])


def test_no_pod_lands_on_a_simulated_node_unless_it_tolerates_a_simulation() -> None:
    """A real model must never be placed where nothing runs."""
    for node in fleet.nodes(yaml.safe_load(fleet.DATA.read_text())):
        assert {"key": fleet.SIMULATED, "value": "true", "effect": "NoSchedule"} in node["spec"]["taints"]


def test_gpu_nodes_offer_gpus_and_refuse_pods_without_one() -> None:
    """As device plugins and managed clusters do."""
    gpus = [
        n for n in fleet.nodes(yaml.safe_load(fleet.DATA.read_text())) if "nvidia.com/gpu" in n["status"]["capacity"]
    ]
    assert gpus
    assert all("nvidia.com/gpu" in [t["key"] for t in n["spec"]["taints"]] for n in gpus)
