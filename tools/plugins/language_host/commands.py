"""The command line and environment of every child that the language host starts. Pure: starts nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.plugins.language_host.interpreter import Interpreter
from tools.plugins.protocol import analyzer_pb2, language_pb2


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, where, and with which environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path | None = None


def program(
    interpreter: Interpreter, executor: str, engine_address: str, tracing: str, request: language_pb2.RunRequest
) -> Command:
    """Run a Pulumi program through the executor script, which changes to `--pwd` itself."""
    flags = {
        "monitor": request.monitor_address,
        "engine": engine_address,
        "project": request.project,
        "root_directory": request.info.root_directory,
        "stack": request.stack,
        "pwd": request.pwd,
        "dry_run": _lower(request.dryRun),
        "parallel": str(request.parallel),
        "tracing": tracing,
        "organization": request.organization,
    }
    options = [part for name, value in flags.items() if value for part in (f"--{name}", value)]
    env = {
        **interpreter.env,
        "PULUMI_CONFIG": json.dumps(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
    }
    argv = (str(interpreter.python), "-u", executor, *options, request.info.entry_point or ".", *request.args)
    return Command(argv, env)


def typecheck(interpreter: Interpreter, typechecker: str, program_directory: str) -> Command:
    """Check the types of a program before it runs."""
    exclude = ["--exclude", interpreter.virtualenv.name] if typechecker == "mypy" and interpreter.virtualenv else []
    argv = (str(interpreter.python), "-m", typechecker, *exclude, program_directory)
    return Command(argv, interpreter.env, Path(program_directory))


def policy_pack(
    interpreter: Interpreter,
    request: language_pb2.RunPluginRequest,
    stack: analyzer_pb2.AnalyzerStackConfigureRequest | None,
) -> Command:
    """Run a policy pack in its own directory; `stack` says for which stack, where the engine has told it."""
    directory = request.info.program_directory
    argv = (str(interpreter.python), "-u", "-m", "pulumi.policy", *request.args, directory)
    env = {**interpreter.env, **(_stack_environment(stack) if stack else {}), **_pairs(request.env)}
    return Command(argv, env, Path(directory))


def plugin(interpreter: Interpreter, request: language_pb2.RunPluginRequest) -> Command:
    """Run any other plugin that is a Python directory, such as a component provider."""
    argv = (str(interpreter.python), request.info.program_directory, *request.args)
    return Command(argv, {**interpreter.env, **_pairs(request.env)}, Path(request.pwd) if request.pwd else None)


def create_virtualenv(interpreter: Interpreter, base: Path) -> Command:
    """Make the virtual environment that the project file names."""
    return Command((str(base), "-m", "venv", str(interpreter.virtualenv)), interpreter.env)


def install_requirements(interpreter: Interpreter, directory: Path) -> Command:
    """Install what `requirements.txt` names."""
    argv = (str(interpreter.python), "-m", "pip", "install", "--disable-pip-version-check", "-r", "requirements.txt")
    return Command(argv, interpreter.env, directory)


def list_packages(interpreter: Interpreter, directory: Path, *, transitive: bool) -> Command:
    """List installed packages as JSON; only those that no other one needs unless `transitive`."""
    only_top = () if transitive else ("--not-required",)
    argv = (str(interpreter.python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check", *only_top)
    return Command(argv, interpreter.env, directory)


def _stack_environment(stack: analyzer_pb2.AnalyzerStackConfigureRequest) -> dict[str, str]:
    """What `pulumi.policy` reads before the pack runs, so that `pulumi.get_stack()` and `pulumi.Config` work there."""
    env = {
        "PULUMI_ORGANIZATION": stack.organization,
        "PULUMI_PROJECT": stack.project,
        "PULUMI_STACK": stack.stack,
        "PULUMI_DRY_RUN": _lower(stack.dry_run),
        "PULUMI_CONFIG": json.dumps(dict(stack.config)),
    }
    return {name: value for name, value in env.items() if value}


def _pairs(entries: Sequence[str]) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def _lower(value: bool) -> str:  # noqa: FBT001
    return "true" if value else "false"
