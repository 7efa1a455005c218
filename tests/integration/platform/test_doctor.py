"""`slipway doctor` against real API servers: bare, with kinds that nobody acts on, with a fleet, without rights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.platform.fleet import Fleet
from tests.integration.plugins.control_plane import ControlPlane

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[3]


def doctor(kubeconfig: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Its exit status, and its findings by id."""
    argv = [sys.executable, "-m", "slipway", "doctor", f"--kubeconfig={kubeconfig}", "--context=test", "--json"]
    done = subprocess.run([*argv, *arguments], cwd=ROOT, env=os.environ, text=True, capture_output=True, check=False)
    assert done.stdout, done.stderr
    return done.returncode, {each["id"]: each for each in json.loads(done.stdout)["findings"]}


def test_a_bare_cluster_lacks_what_a_platform_team_installs(plane: ControlPlane) -> None:
    """Nothing of it is needed by Kubernetes itself."""
    status, found = doctor(plane.kubeconfig)
    assert status == 1
    lacking = {"gpu-nodes", "ingress", "gateway", "metrics", "keda", "cert-manager", "external-secrets", "dns"}
    assert lacking <= {name for name, each in found.items() if each["state"] == "lacks"}
    assert found["version"]["state"] == "has"


def test_a_stack_is_told_what_it_needs_of_a_fleet(fleet: Fleet, platform_plane: ControlPlane) -> None:
    """GPUs and storage are there, an ingress class and metrics are not; kinds alone are told from operators."""
    fleet.stand_up("gke")
    try:
        status, found = doctor(platform_plane.kubeconfig, "--stack=prod")
    finally:
        fleet.take_down()
    assert status == 2
    assert [name for name in found if name.startswith("gpu-fit")] == []
    has = {"gpu-nodes", "gpu-labels", "storage", "rights", "image-volumes"}
    assert {name: found[name]["state"] for name in has} == dict.fromkeys(has, "has")
    assert {name for name, each in found.items() if each["state"] == "lacks" and each["is_needed"]} >= {"ingress"}
    assert "nothing is seen that acts on them" in found["keda"]["said"]


def test_what_a_user_may_not_see_is_unsure_and_what_it_may_not_do_lacks(
    platform_plane: ControlPlane, tmp_path: Path
) -> None:
    """The API server's own answers decide, not a guess."""
    somebody = tmp_path / "kubeconfig"
    text = platform_plane.kubeconfig.read_text()
    somebody.write_text(text.replace("user: {token:", "user: {as: somebody, token:"))
    status, found = doctor(somebody, "--stack=prod")
    assert status == 2
    assert found["rights"]["state"] == "lacks"
    assert found["gpu-nodes"]["state"] == "unsure"
    assert found["storage"]["state"] == "unsure"
