"""CronJobs that call kubectl scale."""

from typing import Any

import pytest

from infra.cost.scale_jobs import scale_jobs
from infra.cost.types import Window
from tests.unit.cost.manifests import manifest, stack

APP = ("Deployment", "slipway", "app")


def job(name: str, schedule: str, *command: str, **spec: Any) -> dict[str, Any]:
    """A CronJob with one container."""
    template = {"spec": {"containers": [{"name": "kubectl", "command": list(command)}]}}
    return manifest(
        "CronJob", name, spec={"schedule": schedule, "jobTemplate": {"spec": {"template": template}}, **spec}
    )


def call(text: str) -> tuple[str, ...]:
    """As shells and arrays have it."""
    return tuple(text.split())


def test_each_firing_holds_until_the_next_one() -> None:
    """Up on workdays at 7, down at 20: 13 hours on five days, and the other hours."""
    up = job("up", "0 7 * * 1-5", *call("kubectl scale deployment/app --replicas=4"))
    down = job("down", "0 20 * * 1-5", *call("kubectl scale deployment/app --replicas=0"))
    found = scale_jobs(stack(up, down), "UTC")[APP]
    assert (found.least, found.most) == (0, 4)
    days = [window for window in found.schedule if window.min_replicas == 4]
    assert days == [Window(day * 24 + 7, day * 24 + 20, 4, 4) for day in range(5)]
    assert found.schedule[-1] == Window(116, 7, 0, 0)  # from Friday 20:00 to Monday 7:00


@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("kubectl scale deploy app --replicas 2", APP),
        ("kubectl -n other scale sts/app --replicas=2", ("StatefulSet", "other", "app")),
        ("kubectl scale --replicas=2 statefulset app --namespace=x", ("StatefulSet", "x", "app")),
        ("kubectl scale deployments.apps/app --replicas=2", APP),
        ("sh -c kubectl get pods && kubectl scale deployment app --replicas=2", APP),
    ],
)
def test_calls_are_read_as_people_write_them(command: str, target: tuple[str, str, str]) -> None:
    """Long and short names, options anywhere."""
    found = scale_jobs(stack(job("j", "0 7 * * *", *call(command))), "UTC")
    assert list(found) == [target]
    assert found[target].most == 2


@pytest.mark.parametrize(
    ("schedule", "command"),
    [("0 7 1 * *", "kubectl scale deploy/app --replicas=2"), ("0 7 * * *", "kubectl get deploy/app --replicas=2"),
     ("0 7 * * *", "kubectl scale deploy/app"), ("0 7 * * *", "./scale.sh app 2")],
)  # fmt: skip
def test_what_is_no_such_call_is_none(schedule: str, command: str) -> None:
    """A schedule that no week tells, no number, a script."""
    assert scale_jobs(stack(job("j", schedule, *call(command))), "UTC") == {}


def test_its_time_zone_counts() -> None:
    """7:00 in Berlin is 6:00 in UTC."""
    found = scale_jobs(
        stack(
            job("up", "0 7 * * 1", *call("kubectl scale deploy/app --replicas=1"), timeZone="Europe/Berlin"),
            job("down", "0 9 * * 1", *call("kubectl scale deploy/app --replicas=0"), timeZone="Europe/Berlin"),
        ),
        "UTC",
    )
    assert Window(6, 8, 1, 1) in found[APP].schedule
