"""Shell lines that a shell can take, and commands that say what is missing."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.tools import support
from tools import cli, pulumi
from tools.errors import PrerequisiteMissing
from tools.pulumi import Pulumi


def test_system_programs_are_found_after_su_without_a_dash() -> None:
    """The folders come last, and once."""
    assert cli.path_with_system_folders("/usr/bin:/sbin") == "/usr/bin:/sbin:/usr/sbin"
    assert cli.path_with_system_folders("/usr/bin:/sbin:/usr/sbin") == "/usr/bin:/sbin:/usr/sbin"


def test_the_shell_lines_export_no_passphrase_and_tell_how_to_use_the_stack_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later `pulumi stack init prod` must not be encrypted with the empty one."""
    monkeypatch.setattr(pulumi, "existing", lambda settings: Pulumi("pulumi", {"PULUMI_HOME": "/a b"}))
    lines = cli.shell_lines(support.settings(tmp_path))
    script = "\n".join([*lines, 'echo "$PULUMI_HOME|${PULUMI_CONFIG_PASSPHRASE-unset}|${PULUMI_BACKEND_URL-unset}"'])
    shown = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, env={}, check=True)
    assert shown.stdout == "/a b|unset|unset\n"
    assert lines[-1].startswith("# The stack local by hand: PULUMI_CONFIG_PASSPHRASE='' PULUMI_BACKEND_URL=")
    assert lines[-1].endswith(" pulumi up --stack local")


def test_shell_lines_without_a_built_cli_are_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell's start-up file must not compile for minutes."""
    monkeypatch.setattr(pulumi, "existing", lambda settings: None)
    with pytest.raises(PrerequisiteMissing, match="the Pulumi CLI is not built yet: run `make up`"):
        cli.shell_lines(support.settings(tmp_path))
