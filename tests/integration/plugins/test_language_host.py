"""The Python language host under the real CLI: programs, policy packs, and what is left when the CLI dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.plugins.workspace import Workspace

pytestmark = [pytest.mark.plane, pytest.mark.timeout(600)]

PATIENCE_S = 150
"""Only a guard against hanging: a program is ten thousand files, which a busy machine reads slowly."""

POLICY_PACK = """
import pulumi
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def validate(args, report):
    if args.resource_type == "kubernetes:core/v1:ConfigMap" and "owner" not in args.props.get("data", {}):
        report(f"{args.name} has no owner, on stack {pulumi.get_stack()}, level {pulumi.Config().get('level')}")

PolicyPack("probe", policies=[ResourceValidationPolicy(
    name="owner", description="every ConfigMap has an owner", enforcement_level=EnforcementLevel.LEVEL,
    validate=validate)])
"""

SLEEPER = """
import subprocess, time

def sleep(name):
    subprocess.Popen(["sleep", "600.25"])
    open("started", "w").close()
    time.sleep(600)

k8s.core.v1.ConfigMap("any", metadata={"name": "any"}).metadata["name"].apply(sleep)
"""


def policy_pack(folder: Path, level: str) -> Path:
    """A pack with one rule."""
    folder.mkdir(exist_ok=True)
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    (folder / "PulumiPolicy.yaml").write_text(json.dumps({"runtime": runtime, "version": "0.0.1"}))
    (folder / "__main__.py").write_text(textwrap.dedent(POLICY_PACK).replace("LEVEL", level))
    return folder


def test_a_program_gets_its_configuration_and_a_clean_python(blind_project: Workspace) -> None:
    """Config and stack come through; nothing of the host's own path leaks into the program."""
    blind_project.pulumi("config", "set", "level", "high")
    blind_project.pulumi("config", "set", "--secret", "password", "hidden")
    blind_project.write("""
import sys
config = pulumi.Config()
pulumi.export("level", config.require("level"))
pulumi.export("password", config.require_secret("password"))
pulumi.export("stack", pulumi.get_stack())
pulumi.export("where", os.getcwd())
pulumi.export("path", [entry for entry in sys.path if "site-packages" not in entry and "lib/python" not in entry])
pulumi.export("variables", {name: value for name, value in os.environ.items() if name.startswith("PYTHON")})
""")
    blind_project.up()
    outputs = json.loads(blind_project.run("stack", "output", "--json").stdout)
    assert outputs["level"] == "high"
    assert outputs["password"] == "[secret]"
    assert outputs["stack"] == "test"
    assert outputs["where"] == str(blind_project.project)
    assert set(outputs["path"]) <= {".", str(blind_project.project), str(blind_project.folder / "bin")}
    assert outputs["variables"] == {}


def test_a_program_that_raises_shows_its_own_traceback_once(blind_project: Workspace) -> None:
    """And nothing of the host's."""
    blind_project.write('raise ValueError("the sails are torn")')
    done = blind_project.run("preview")
    assert done.returncode != 0
    assert "ValueError: the sails are torn" in done.stdout + done.stderr
    assert "language_host" not in done.stdout + done.stderr


def test_a_program_that_exits_fails_with_its_status(blind_project: Workspace) -> None:
    """An exit code of the program is in the message."""
    blind_project.write("import sys; sys.exit(7)")
    done = blind_project.run("preview")
    assert done.returncode != 0
    assert "exit code: 7" in done.stdout + done.stderr


def test_a_missing_virtual_environment_is_named_with_its_fix(blind_project: Workspace) -> None:
    """The option, the directory, and what to do."""
    project_file = blind_project.project / "Pulumi.yaml"
    good = project_file.read_text()
    runtime = {"name": "python", "options": {"virtualenv": "no-such-environment"}}
    project_file.write_text(json.dumps({"name": "probe", "runtime": runtime}))
    try:
        done = blind_project.run("preview")
    finally:
        project_file.write_text(good)
    assert done.returncode != 0
    assert f"{blind_project.project}/no-such-environment does not exist" in done.stdout + done.stderr
    assert "pulumi install" in done.stdout + done.stderr


def test_about_names_the_python_of_the_project(blind_project: Workspace) -> None:
    """`pulumi about` shows the executable and its version."""
    done = blind_project.run("about", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["runtime"]["executable"] == f"{sys.prefix}/bin/python"


def test_a_mandatory_policy_blocks_and_an_advisory_one_does_not(blind_project: Workspace, tmp_path: Path) -> None:
    """The pack knows stack and configuration, and its message is shown."""
    blind_project.pulumi("config", "set", "level", "high")
    blind_project.write('k8s.core.v1.ConfigMap("lonely", metadata={"name": "lonely"})')
    pack = policy_pack(tmp_path / "pack", "MANDATORY")
    done = blind_project.run("preview", "--policy-pack", str(pack))
    assert done.returncode != 0
    assert "lonely has no owner, on stack test, level high" in done.stdout
    pack = policy_pack(tmp_path / "pack", "ADVISORY")
    done = blind_project.run("preview", "--policy-pack", str(pack))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lonely has no owner" in done.stdout


def test_a_policy_pack_that_can_not_start_fails_the_preview(blind_project: Workspace, tmp_path: Path) -> None:
    """A pack with a mistake in it is no reason to go on without it."""
    blind_project.write('k8s.core.v1.ConfigMap("lonely", metadata={"name": "lonely"})')
    pack = policy_pack(tmp_path / "pack", "MANDATORY")
    (pack / "__main__.py").write_text("import no_such_module")
    done = blind_project.run("preview", "--policy-pack", str(pack))
    assert done.returncode != 0
    assert "no_such_module" in done.stdout + done.stderr


def test_policies_hold_for_a_running_update_too(project: Workspace, tmp_path: Path) -> None:
    """With a cluster: the object is not created."""
    project.write('k8s.core.v1.ConfigMap("lonely", metadata={"name": "lonely"})')
    pack = policy_pack(tmp_path / "pack", "MANDATORY")
    done = project.run("up", "--yes", "--skip-preview", "--policy-pack", str(pack))
    assert done.returncode != 0
    assert "lonely" not in project.resources()
    project.write('k8s.core.v1.ConfigMap("owned", metadata={"name": "owned"}, data={"owner": "us"})')
    project.up("--policy-pack", str(pack))
    assert "owned" in project.resources()


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_running_when_the_cli_is_killed(blind_project: Workspace, signum: signal.Signals) -> None:
    """Neither host nor provider, nor the program, nor what the program has started."""
    started = blind_project.project / "started"
    started.unlink(missing_ok=True)
    blind_project.write(SLEEPER)
    cli = subprocess.Popen(
        ["pulumi", "preview", "--non-interactive"],
        cwd=blind_project.project,
        env=blind_project.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(started.exists)
        commands = " ".join(processes_of(blind_project))
        assert all(name in commands for name in ("language-python ", "-exec", "resource-kubernetes", "sleep"))
        cli.send_signal(signum)
        cli.wait(PATIENCE_S)
        wait_until(lambda: not processes_of(blind_project))
    finally:
        cli.kill()
        cli.wait()


def wait_until(is_true: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    """Poll until something holds."""
    end = time.monotonic() + timeout_s
    while not is_true():
        assert time.monotonic() < end, "still not so"
        time.sleep(0.1)


def processes_of(workspace: Workspace) -> list[str]:
    """What runs in the environment of a workspace, by its PULUMI_HOME."""
    marker = f"PULUMI_HOME={workspace.env['PULUMI_HOME']}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if marker in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return found
