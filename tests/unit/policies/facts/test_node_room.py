"""Which machines a pod may be given, and what they have to give."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from kube.objects import Object, Pod
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts import hardware, node_room
from policies.facts.placement import placement
from policies.settings import Settings


def pod(**spec: Any) -> Pod:
    """A pod with that spec."""
    return Object({"kind": "Pod", "spec": spec}).pods(Trace())[0]


def names(settings: Settings, **selector: str) -> list[str] | None:
    """The machines that a pod with that node selector may be given."""
    found = node_room.allowed(placement(pod(nodeSelector=selector)), settings)
    return None if found is None else [each.name for each in found]


def test_machines_are_those_that_the_pod_names_of_those_that_there_are() -> None:
    """None where nobody has named any, or one is in no table."""
    assert names(Settings(), machine="g5.xlarge") == ["g5.xlarge"]
    assert names(Settings()) is None
    assert names(Settings(node_types=("m5.large", "g5.xlarge"))) == ["g5.xlarge", "m5.large"]
    assert names(Settings(node_types=("m5.large", "g5.xlarge")), gpu="a10g") == ["g5.xlarge"]
    assert names(Settings(node_types=("m5.large", "tomorrow"))) is None


def test_a_machine_has_less_to_give_than_it_has() -> None:
    """A 16 GiB machine has no room for 16 GiB, and none for what is not known."""
    machine, gi = hardware.node_types()["g5.xlarge"], 2**30
    assert node_room.has_room(machine, Fraction(3), Fraction(13 * gi), Fraction(1), Settings())
    assert not node_room.has_room(machine, Fraction(3), Fraction(16 * gi), Fraction(1), Settings())
    assert not node_room.has_room(machine, Fraction(3), UNKNOWN, Fraction(1), Settings())


def test_the_scheduler_reserves_the_sum_or_the_largest_init_container() -> None:
    """A limit stands for a request, and the runtime's overhead comes on top."""
    each = {"resources": {"limits": {"cpu": "2"}, "requests": {"memory": "1Gi"}}}
    found = pod(containers=[each, each], initContainers=[{"resources": {"requests": {"cpu": 3}}}], overhead={"cpu": 1})
    assert node_room.requested(found, "cpu") == 5
    init = [{"resources": {"requests": {"cpu": cpu}}} for cpu in (3, 7)]
    assert node_room.requested(pod(containers=[each, each], initContainers=init), "cpu") == 7
    assert node_room.requested(pod(containers=[{"resources": UNKNOWN}]), "cpu") is UNKNOWN
