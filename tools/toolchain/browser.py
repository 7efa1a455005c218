"""A headless browser, for the tests of pages: an installed one, else Debian's. Only `make test` asks for it."""

from __future__ import annotations

import os
import shutil

from tools.command import run
from tools.errors import PrerequisiteMissing
from tools.progress import Step

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
PACKAGE = "chromium-headless-shell"
"""The smallest of Debian's: no window, no sound, 100 MB less."""


def ensure(step: Step) -> str:
    """The path of a browser; installs Debian's where there is none."""
    found = _found()
    if found:
        step.note = "already there"
        return found
    if not shutil.which("apt-get"):
        raise PrerequisiteMissing("no browser is there and this is no Debian", "install Chromium")
    env = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    step.update("apt-get update")
    run(["apt-get", "update", "-q"], env=env)
    step.update(f"installing {PACKAGE}")
    run(["apt-get", "install", "-qy", "--no-install-recommends", PACKAGE], env=env)
    found = _found()
    if not found:
        raise PrerequisiteMissing(f"the package {PACKAGE} has brought no browser", "install Chromium")
    return found


def _found() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)
