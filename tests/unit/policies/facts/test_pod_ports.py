"""The ports that pods declare, and what a name or a number of one means."""

from typing import Any

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts.pod_ports import Ports, ports_of


def declared(**spec: Any) -> Ports:
    """The ports of one pod."""
    return ports_of(Object({"kind": "Pod", "spec": spec}).pods(Trace()))


def test_containers_and_sidecars_declare_ports_but_not_what_ends_before() -> None:
    """A port without a number is none."""
    sidecar = {"restartPolicy": "Always", "ports": [{"containerPort": 2}]}
    ended = {"ports": [{"name": "c", "containerPort": 3}]}
    found = declared(
        containers=[{"ports": [{"name": "a", "containerPort": 1}, {"name": "b"}]}, {}], initContainers=[sidecar, ended]
    )
    assert found.numbers == {1, 2}
    assert [found.resolve(port) for port in ("a", 1, 9, "b", "c", None, [1], UNKNOWN)] == [
        *(1, 1, 9, None, None, None, None),
        UNKNOWN,
    ]
    assert found.more is None


@pytest.mark.parametrize(
    "spec",
    [
        {"containers": UNKNOWN},
        {"initContainers": UNKNOWN},
        {"containers": [UNKNOWN]},
        {"containers": [{"ports": UNKNOWN}]},
        {"containers": [{"ports": [UNKNOWN]}]},
        {"containers": [{"ports": [{"containerPort": UNKNOWN}]}]},
        {"containers": [{"ports": [{"name": UNKNOWN, "containerPort": 1}]}]},
    ],
)
def test_there_may_be_more_ports_than_are_known(spec: Any) -> None:
    """Wherever something on the way to a port is not known."""
    assert declared(**spec).more is UNKNOWN
    known = Object({"kind": "Pod", "spec": {"containers": [{}]}})
    objects = [known, Object({"kind": "Pod", "spec": spec})]
    assert ports_of([pod for each in objects for pod in each.pods(Trace())]).more is UNKNOWN
