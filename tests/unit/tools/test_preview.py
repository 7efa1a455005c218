"""A preview needs nothing of the stack's owner, and hides no failure."""

from pathlib import Path

import pytest
import yaml

from tools import preview, pulumi
from tools.errors import CommandFailed
from tools.preview import exists, without_encryption
from tools.progress import Progress
from tools.pulumi import Pulumi
from tools.settings import ROOT, load


def cli(folder: Path, script: str) -> Pulumi:
    """A CLI that does what the script says."""
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Pulumi(str(program), {})


def test_a_stack_that_is_not_there_is_new(tmp_path: Path) -> None:
    """The CLI says so on stderr."""
    assert exists(cli(tmp_path, "exit 0"), "prod")
    assert not exists(cli(tmp_path, "echo \"error: no stack named 'prod' found\" >&2; exit 255"), "prod")


def test_any_other_failure_is_shown(tmp_path: Path) -> None:
    """A backend that does not answer must not look like a new stack."""
    with pytest.raises(CommandFailed, match="access denied"):
        exists(cli(tmp_path, "echo access denied >&2; exit 255"), "prod")


def test_the_copied_settings_have_no_key_of_the_stacks_owner() -> None:
    """With the owner's salt a throw-away passphrase would be a wrong one."""
    text = "encryptionsalt: v1:x\nsecretsprovider: awskms://k\nencryptedkey: abc\nconfig:\n  a: 1\n"
    assert yaml.safe_load(without_encryption(text)) == {"config": {"a": 1}}


@pytest.mark.parametrize("known", ["exit 0", "echo \"error: no stack named 'prod' found\" >&2; exit 255"])
def test_the_policy_pack_is_always_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: str) -> None:
    """For a stack that exists as for one that is new."""
    said = tmp_path / "said"
    script = f'case "$*" in *--show-name*) {known};; esac; echo "$*" >> {said}'
    monkeypatch.setattr(pulumi, "ensure", lambda _settings, _progress: cli(tmp_path, script))
    preview.show(load({}), "prod", Progress(quiet=True))
    (shown,) = [line for line in said.read_text().splitlines() if line.startswith("preview ")]
    assert shown.endswith(f"--policy-pack {ROOT / 'policies'}")
