"""`make preview` of every stack: the real CLI, program, providers and policy pack, without a cluster for most."""

import subprocess
import sys

import pytest

from tests.e2e.workspace import ROOT, TIMEOUT_S

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(TIMEOUT_S)]


@pytest.mark.parametrize("stack", ["local", "staging", "prod"])
def test_a_stack_previews_from_a_fresh_clone_and_nothing_is_written(stack: str) -> None:
    """Without a cluster, a state or a passphrase; the checkout stays as it was."""
    settings = ROOT / f"Pulumi.{stack}.yaml"
    before = settings.read_bytes()
    argv = [sys.executable, "-m", "tools", "preview", stack]
    done = subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, check=False, timeout=TIMEOUT_S)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "to create" in said or "unchanged" in said
    # The policy pack has run, and has blocked nothing.
    assert "slipway@v" in said
    assert "[mandatory]" not in said
    assert "Traceback" not in said
    assert settings.read_bytes() == before


def test_a_stack_that_does_not_exist_is_named_with_those_that_do() -> None:
    """A typo ends in one line."""
    argv = [sys.executable, "-m", "tools", "preview", "prd"]
    done = subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, check=False, timeout=TIMEOUT_S)
    assert done.returncode == 1
    assert "there are: local, prod, staging" in done.stderr
    assert "Traceback" not in done.stderr
