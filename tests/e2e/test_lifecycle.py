"""`make up`, again, interrupted, `make status` and `make down`, as people run them, on a cluster of the test's own.

Needs a machine without a running local cluster: `make test` runs it before it starts the one for the other tests.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra import endpoints as endpoints_file
from tests.e2e.workspace import PATIENCE_S, ROOT, TIMEOUT_S

pytestmark = [pytest.mark.lifecycle, pytest.mark.timeout(TIMEOUT_S * 3)]

SYSCTLS = ("net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet", "vm/overcommit_memory", "kernel/panic")
INTERRUPT_AFTER_S = 25
"""In the middle of `pulumi up`, or of the build before it: wherever this machine is by then."""


class Machine:
    """Runs the commands in a state folder of its own."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.env = dict(os.environ) | {
            "SLIPWAY_STATE_DIR": str(state), "SLIPWAY_REGISTRY_PORT": "0", "SLIPWAY_INGRESS_PORT": "0",
        }  # fmt: skip

    def run(self, command: str) -> str:
        """One command to its end; its output."""
        argv = [sys.executable, "-m", "tools", command]
        done = subprocess.run(
            argv, cwd=ROOT, env=self.env, text=True, capture_output=True, check=False, timeout=TIMEOUT_S
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def interrupt_up(self) -> None:
        """Begin `up` and kill all of it, as a lost terminal or a power cut would."""
        argv = [sys.executable, "-m", "tools", "up"]
        with subprocess.Popen(
            argv, cwd=ROOT, env=self.env, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as up:
            time.sleep(INTERRUPT_AFTER_S)
            os.killpg(up.pid, signal.SIGKILL)


def traces() -> dict[str, list[str]]:
    """What a local cluster changes on a machine, apart from its state folder."""
    found = {"sysctls": [Path("/proc/sys", key).read_text().strip() for key in SYSCTLS]}
    for name, argv in {
        "rules": ["iptables-save"],
        "rules of IPv6": ["ip6tables-save"],
        "routes": ["ip", "route"],
        "links": ["ip", "-o", "link"],
    }.items():
        shown = subprocess.run(argv, text=True, capture_output=True, check=True).stdout.splitlines()
        marks = ("KUBE", "SLIPWAY", "CNI", "slipway", "10.244.", "10.96.")
        found[name] = sorted(line for line in shown if any(mark in line for mark in marks))
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    found["mounts"] = [m for m in mounts if "slipway" in m]
    return found


@pytest.fixture
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:  # sockets in it: their paths must be short
        machine = Machine(Path(folder))
        try:
            yield machine
        finally:
            machine.run("down")


def test_up_goes_on_after_a_kill_repeats_without_a_change_and_down_leaves_no_trace(machine: Machine) -> None:
    """The whole life of a local stack."""
    before = traces()
    machine.interrupt_up()
    said = machine.run("up")
    endpoints = endpoints_file.load(machine.state)
    assert endpoints is not None
    assert f"curl -s {endpoints.ingress_url}/v1/chat/completions" in said
    assert "slipway@v" in said  # the policy pack has run
    body = {
        "model": "gemma-3-270m",
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
    }
    answer = httpx.post(f"{endpoints.ingress_url}/v1/chat/completions", json=body, timeout=PATIENCE_S)
    assert "Paris" in answer.json()["choices"][0]["message"]["content"]
    again = machine.run("up")
    assert "unchanged" in again
    assert not [
        line for line in again.splitlines() if line.strip().startswith(("+ ", "~ ", "- ")) and "created" in line
    ]
    assert endpoints.ingress_url in machine.run("status")
    machine.run("down")
    assert traces() == before
    assert not (machine.state / "cluster").exists()
