"""`pulumi preview` of any stack from a fresh clone: no cluster, no state, nothing written into the checkout.

For pull-request checks and a first look. A stack that exists in the configured backend is previewed against its state;
one that does not is previewed as new, in a throw-away backend and with a copy of its settings.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from pathlib import Path

from tools import pulumi
from tools.errors import CommandFailed, ToolError
from tools.progress import Progress
from tools.pulumi import Pulumi
from tools.settings import ROOT, Settings


def show(settings: Settings, stack: str, progress: Progress) -> None:
    """Preview the stack, its output shown as it comes."""
    config = ROOT / f"Pulumi.{stack}.yaml"
    if not config.exists():
        known = sorted(p.name.split(".")[1] for p in ROOT.glob("Pulumi.*.yaml"))
        raise ToolError(f"stack={stack!r}: there is no {config.name}; there are: {', '.join(known)}")
    cli = pulumi.ensure(settings, progress)
    if _exists(cli, stack):
        cli.show("preview", "--stack", stack)
        return
    with tempfile.TemporaryDirectory(prefix="slipway-preview-") as folder:
        env = dict(cli.env) | {"PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_CONFIG_PASSPHRASE": "preview"}
        throw_away = dataclasses.replace(cli, env=env)
        # `stack init` writes into the settings file beside Pulumi.yaml: let that be the copies.
        for name in ("Pulumi.yaml", config.name):
            shutil.copy(ROOT / name, folder)
        throw_away.run("stack", "init", stack, "--cwd", folder)
        throw_away.show("preview", "--stack", stack, "--config-file", str(Path(folder, config.name)))


def _exists(cli: Pulumi, stack: str) -> bool:
    try:
        cli.run("stack", "--stack", stack, "--show-name")
    except CommandFailed:
        return False
    return True
