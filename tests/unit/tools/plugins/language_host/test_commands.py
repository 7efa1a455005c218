"""Command lines and environments of the children."""

import json
from pathlib import Path

from google.protobuf.struct_pb2 import Struct

from tools.plugins.language_host import commands
from tools.plugins.language_host.interpreter import Interpreter
from tools.plugins.protocol import analyzer_pb2, language_pb2

PYTHON = Interpreter(python=Path("/env/bin/python"), env={"PATH": "/env/bin"}, virtualenv=Path("/env"))
INFO = language_pb2.ProgramInfo(
    root_directory="/project", program_directory="/project/app", entry_point=".", options=Struct()
)


def test_a_program_runs_through_the_executor_with_all_that_the_engine_says() -> None:
    """Empty values are left out; booleans are lower case; the entry point is last, then its arguments."""
    request = language_pb2.RunRequest(
        project="p", stack="s", pwd="/project/app", dryRun=True, parallel=4, monitor_address="m:1", info=INFO,
        args=["--flag"],
    )  # fmt: skip
    command = commands.program(PYTHON, "/bin/exec", "e:1", "", request)
    assert command.argv == (
        "/env/bin/python", "-u", "/bin/exec", "--monitor", "m:1", "--engine", "e:1", "--project", "p",
        "--root_directory", "/project", "--stack", "s", "--pwd", "/project/app", "--dry_run", "true", "--parallel", "4",
        ".", "--flag",
    )  # fmt: skip


def test_configuration_goes_in_the_environment() -> None:
    """As JSON, with the names of the secret ones beside it."""
    request = language_pb2.RunRequest(info=INFO, config={"p:a": "1"}, configSecretKeys=["p:a"])
    env = commands.program(PYTHON, "exec", "e:1", "", request).env
    assert json.loads(env["PULUMI_CONFIG"]) == {"p:a": "1"}
    assert json.loads(env["PULUMI_CONFIG_SECRET_KEYS"]) == ["p:a"]
    assert env["PATH"] == "/env/bin"


def test_a_policy_pack_runs_in_its_own_directory_and_knows_its_stack() -> None:
    """The directory is the last argument; the engine's own variables win."""
    info = language_pb2.ProgramInfo(program_directory="/pack")
    request = language_pb2.RunPluginRequest(info=info, args=["e:1"], env=["PULUMI_STACK=theirs", "no-value"])
    stack = analyzer_pb2.AnalyzerStackConfigureRequest(project="p", stack="s", dry_run=True, config={"p:a": "1"})
    command = commands.policy_pack(PYTHON, request, stack)
    assert command.argv == ("/env/bin/python", "-u", "-m", "pulumi.policy", "e:1", "/pack")
    assert command.cwd == Path("/pack")
    assert command.env["PULUMI_PROJECT"] == "p"
    assert command.env["PULUMI_STACK"] == "theirs"
    assert command.env["PULUMI_DRY_RUN"] == "true"
    assert json.loads(command.env["PULUMI_CONFIG"]) == {"p:a": "1"}
    assert "PULUMI_ORGANIZATION" not in command.env


def test_a_policy_pack_without_a_stack_gets_no_stack() -> None:
    """`pulumi policy publish` starts a pack for none."""
    info = language_pb2.ProgramInfo(program_directory="/pack")
    command = commands.policy_pack(PYTHON, language_pb2.RunPluginRequest(info=info), None)
    assert not any(name.startswith("PULUMI_") for name in command.env)


def test_another_plugin_runs_where_the_engine_says() -> None:
    """Its directory is the program."""
    info = language_pb2.ProgramInfo(program_directory="/plugin")
    command = commands.plugin(PYTHON, language_pb2.RunPluginRequest(info=info, pwd="/work", args=["e:1"]))
    assert command.argv == ("/env/bin/python", "/plugin", "e:1")
    assert command.cwd == Path("/work")


def test_mypy_leaves_out_the_virtual_environment() -> None:
    """It may lie inside the project."""
    assert commands.typecheck(PYTHON, "mypy", "/p").argv[1:] == ("-m", "mypy", "--exclude", "env", "/p")
    assert commands.typecheck(PYTHON, "pyright", "/p").argv[1:] == ("-m", "pyright", "/p")


def test_listing_leaves_out_what_others_need_unless_asked() -> None:
    """`pulumi about` shows the top of the tree."""
    assert "--not-required" in commands.list_packages(PYTHON, Path("/p"), transitive=False).argv
    assert "--not-required" not in commands.list_packages(PYTHON, Path("/p"), transitive=True).argv
