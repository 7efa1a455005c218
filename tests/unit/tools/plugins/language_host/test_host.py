"""The calls of the engine, answered."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct

from tests.unit.tools.plugins.fakes import Aborted, FakeContext
from tools.plugins.language_host.host import LanguageHost
from tools.plugins.protocol import language_pb2

EXECUTOR = """
import os, sys
print(*sys.argv[1:])
sys.exit(int(os.environ["STATUS"]))
"""


def script(path: Path, text: str) -> Path:
    """A shell script in the place of a Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def context() -> grpc.ServicerContext:
    """A call's context."""
    return cast("grpc.ServicerContext", FakeContext())


def info(root: Path, **options: Any) -> language_pb2.ProgramInfo:
    """A project."""
    struct = Struct()
    struct.update(options)
    return language_pb2.ProgramInfo(
        root_directory=str(root), program_directory=str(root), entry_point=".", options=struct
    )


@pytest.fixture
def executor(tmp_path: Path) -> Path:
    """A script in the place of the SDK's own."""
    path = tmp_path / "executor.py"
    path.write_text(EXECUTOR)
    return path


def host(executor: Path | str = "", **environ: str) -> LanguageHost:
    """A host whose Python on PATH is ours."""
    environ = {"PATH": "/usr/bin:/bin", "PULUMI_PYTHON_CMD": sys.executable, **environ}
    return LanguageHost(engine_address="e:1", executor=str(executor), tracing="", environ=environ)


def test_the_version_is_that_of_the_installed_sdk() -> None:
    """So that `pulumi about` shows what programs get."""
    assert host().GetPluginInfo(empty_pb2.Empty(), context()).version.startswith("3.")


def test_a_program_that_ends_well_is_an_empty_answer(tmp_path: Path, executor: Path) -> None:
    """No error, no bail."""
    answer = host(executor, STATUS="0").Run(language_pb2.RunRequest(info=info(tmp_path)), context())
    assert (answer.error, answer.bail) == ("", False)


def test_a_program_that_has_shown_its_error_bails(tmp_path: Path, executor: Path) -> None:
    """Status 32: the user has seen the message."""
    answer = host(executor, STATUS="32").Run(language_pb2.RunRequest(info=info(tmp_path)), context())
    assert (answer.error, answer.bail) == ("", True)


def test_any_other_status_is_an_error_that_names_it(tmp_path: Path, executor: Path) -> None:
    """And so is a signal."""
    request = language_pb2.RunRequest(info=info(tmp_path))
    assert host(executor, STATUS="7").Run(request, context()).error == "program exited with non-zero exit code: 7"
    executor.write_text("import os; os.kill(os.getpid(), 9)")
    assert host(executor).Run(request, context()).error == "program was ended by signal 9"


def test_what_stops_a_program_from_starting_is_its_error(tmp_path: Path, executor: Path) -> None:
    """A missing virtual environment, a refused option, a debugger."""
    request = language_pb2.RunRequest(info=info(tmp_path, virtualenv="nowhere"))
    assert "nowhere does not exist" in host(executor).Run(request, context()).error
    request = language_pb2.RunRequest(info=info(tmp_path, toolchain="poetry"))
    assert "toolchain: 'poetry'" in host(executor).Run(request, context()).error
    request = language_pb2.RunRequest(info=info(tmp_path), attach_debugger=True)
    assert "--attach-debugger" in host(executor).Run(request, context()).error


def test_a_failed_type_check_keeps_the_program_from_running(tmp_path: Path, executor: Path) -> None:
    """The typechecker option is honoured."""
    script(tmp_path / "env/bin/python", "exit 3")
    request = language_pb2.RunRequest(info=info(tmp_path, virtualenv="env", typechecker="mypy"))
    error = host(executor, STATUS="0").Run(request, context()).error
    assert "bin/python -m mypy --exclude env" in error
    assert "exit status 3" in error


def test_no_plugin_is_named_as_required(tmp_path: Path) -> None:
    """The engine would try to download it."""
    request = language_pb2.GetRequiredPackagesRequest(info=info(tmp_path))
    assert list(host().GetRequiredPackages(request, context()).packages) == []


def test_about_and_dependencies_come_from_the_projects_python(tmp_path: Path) -> None:
    """For `pulumi about`."""
    about = host().About(language_pb2.AboutRequest(info=info(tmp_path)), context())
    assert about.executable == sys.executable
    assert about.version == ".".join(map(str, sys.version_info[:3]))
    request = language_pb2.GetProgramDependenciesRequest(info=info(tmp_path), transitiveDependencies=True)
    names = {one.name for one in host().GetProgramDependencies(request, context()).dependencies}
    assert {"pulumi", "grpcio"} <= {name.lower() for name in names}


def test_install_creates_the_virtual_environment_and_fills_it(tmp_path: Path) -> None:
    """First the environment, with the Python of PATH, then requirements.txt with its own."""
    inner = f"printf '#!/bin/sh\\necho inner $*' > {tmp_path}/env/bin/python; chmod +x {tmp_path}/env/bin/python"
    python = script(tmp_path / "python", f"echo outer $*; mkdir -p {tmp_path}/env/bin; {inner}")
    (tmp_path / "requirements.txt").write_text("")
    request = language_pb2.InstallDependenciesRequest(info=info(tmp_path, virtualenv="env"))
    one = host(PULUMI_PYTHON_CMD=str(python))
    said = b"".join(answer.stdout for answer in one.InstallDependencies(request, context())).decode()
    assert said.startswith("Installing dependencies...")
    assert f"outer -m venv {tmp_path}/env\n" in said
    assert "inner -m pip install --disable-pip-version-check -r requirements.txt\n" in said
    assert said.endswith("Finished installing dependencies\n\n")


def test_a_failed_install_is_an_error_with_the_command(tmp_path: Path) -> None:
    """pip's own words come as output before."""
    (tmp_path / "requirements.txt").write_text("-r missing.txt")
    request = language_pb2.InstallDependenciesRequest(info=info(tmp_path))
    with pytest.raises(Aborted, match="pip install") as error:
        list(host().InstallDependencies(request, context()))
    assert error.value.code == grpc.StatusCode.FAILED_PRECONDITION


def test_a_plugin_gets_its_arguments_and_its_output_is_passed_on(tmp_path: Path) -> None:
    """The last answer is its exit status."""
    virtualenv = Path(sys.prefix)
    (tmp_path / "__main__.py").write_text("import sys; print(*sys.argv[1:]); sys.exit(4)")
    request = language_pb2.RunPluginRequest(
        info=info(tmp_path, virtualenv=str(virtualenv)), kind="resource", args=["e:1"], pwd=str(tmp_path)
    )
    *output, end = host().RunPlugin(request, context())
    assert b"".join(one.stdout for one in output) == b"e:1\n"
    assert end.exitcode == 4


def test_cancel_ends_what_runs(tmp_path: Path) -> None:
    """The stream of a plugin ends with it."""
    (tmp_path / "__main__.py").write_text("import time; print('up', flush=True); time.sleep(60)")
    request = language_pb2.RunPluginRequest(info=info(tmp_path, virtualenv=sys.prefix), kind="resource")
    one = host()
    answers = one.RunPlugin(request, context())
    assert next(answers).stdout.startswith(b"up")
    one.Cancel(empty_pb2.Empty(), context())
    assert list(answers)[-1].exitcode == -15
