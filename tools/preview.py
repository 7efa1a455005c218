"""`pulumi preview` of any stack from a fresh clone: no cluster, no state, nothing written into the checkout.

For pull-request checks and a first look, with the policy pack: what a mandatory rule refuses fails it. A stack that
exists in the configured backend is previewed against its state; one that does not is previewed as new, in a throw-away
backend and with a copy of its settings.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tools import pulumi
from tools.errors import CommandFailed, ToolError
from tools.progress import Progress
from tools.pulumi import LOCAL, Pulumi
from tools.settings import ROOT, Settings

ENCRYPTION_KEYS = ("encryptionsalt", "secretsprovider", "encryptedkey")


def show(settings: Settings, stack: str, progress: Progress) -> None:
    """Preview the stack, its output shown as it comes."""
    config = settings_file(stack)
    cli = pulumi.ensure(settings, progress)
    if stack == LOCAL:
        cli = pulumi.for_local(cli, settings)
    if exists(cli, stack):
        cli.show("preview", "--stack", stack, *pulumi.POLICY_PACK)
        return
    with throw_away(cli, config, stack) as (own, flags):
        own.show("preview", *flags, *pulumi.POLICY_PACK)


def settings_file(stack: str) -> Path:
    """The stack's file; ToolError that names all stacks where it has none."""
    config = ROOT / f"Pulumi.{stack}.yaml"
    if not config.exists():
        known = sorted(p.name.split(".")[1] for p in ROOT.glob("Pulumi.*.yaml"))
        raise ToolError(f"stack={stack!r}: there is no {config.name}; there are: {', '.join(known)}")
    return config


@contextmanager
def throw_away(cli: Pulumi, config: Path, stack: str) -> Iterator[tuple[Pulumi, list[str]]]:
    """A new stack in a backend of its own, with a copy of its settings: the CLI for it, and its flags."""
    with tempfile.TemporaryDirectory(prefix="slipway-preview-") as folder:
        own = dataclasses.replace(cli, env=_throw_away_environment(cli, folder))
        # `stack init` writes into the settings file beside Pulumi.yaml: let that be the copies.
        shutil.copy(ROOT / "Pulumi.yaml", folder)
        copy = Path(folder, config.name)
        copy.write_text(without_encryption(config.read_text()))
        own.run("stack", "init", stack, "--cwd", folder)
        yield own, ["--stack", stack, "--config-file", str(copy)]


def exists(cli: Pulumi, stack: str) -> bool:
    """Whether the configured backend has the stack. Any other failure is shown: it may be the wrong backend."""
    try:
        cli.run("stack", "--stack", stack, "--show-name")
    except CommandFailed as e:
        if pulumi.NO_STACK not in str(e):
            raise
        return False
    return True


def without_encryption(settings_text: str) -> str:
    """A stack's settings without its key: the throw-away stack makes one of its own and asks nobody for anything."""
    settings = yaml.safe_load(settings_text) or {}
    return yaml.safe_dump({k: v for k, v in settings.items() if k not in ENCRYPTION_KEYS})


def _throw_away_environment(cli: Pulumi, folder: str) -> dict[str, str]:
    env = {k: v for k, v in cli.env.items() if k != "PULUMI_CONFIG_PASSPHRASE_FILE"}
    return env | {"PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_CONFIG_PASSPHRASE": "preview"}
