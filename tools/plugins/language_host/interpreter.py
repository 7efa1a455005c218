"""Which Python runs a program, and the environment that it gets.

As the official host does it: the `virtualenv` option, else PULUMI_PYTHON_CMD, else `python3` or `python` on PATH. The
environment is the engine's own, with the virtual environment activated; nothing of this host's Python leaks into it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.plugins.language_host.errors import InterpreterError
from tools.plugins.language_host.options import Options

PLUGIN_VIRTUALENV = "venv"
"""Where a plugin that names no virtual environment has one: plugins never run on the Python of PATH."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python and the environment for what it runs."""

    python: Path
    env: Mapping[str, str]
    virtualenv: Path | None
    """The environment that `install` creates; None for a Python on PATH."""

    def check(self) -> Interpreter:
        """Itself when it can run; else an error that says how to create it."""
        if not os.access(self.python, os.X_OK):
            what = "is not a virtual environment" if self.virtualenv and self.virtualenv.exists() else "does not exist"
            raise InterpreterError(
                f"runtime option virtualenv: {self.virtualenv} {what}; create it with `pulumi install`, "
                "or with `python3 -m venv` and `pip install -r requirements.txt`"
            )
        return self


def find(options: Options, root: Path, environ: Mapping[str, str], *, is_plugin: bool = False) -> Interpreter:
    """The Python of a project whose root directory is `root`; it need not exist yet (see `Interpreter.check`)."""
    name = options.virtualenv or (PLUGIN_VIRTUALENV if is_plugin else "")
    if not name:
        return Interpreter(python=on_path(environ), env=dict(environ), virtualenv=None)
    virtualenv = Path(os.path.normpath(root / name))  # not resolve(): a virtual environment may be a link
    return Interpreter(python=virtualenv / "bin" / "python", env=activate(virtualenv, environ), virtualenv=virtualenv)


def on_path(environ: Mapping[str, str]) -> Path:
    """The Python of a project that names no virtual environment."""
    wanted = environ.get("PULUMI_PYTHON_CMD", "")
    for name in (wanted,) if wanted else ("python3", "python"):
        found = shutil.which(name, path=environ.get("PATH"))
        if found:
            return Path(found)
    what = f"PULUMI_PYTHON_CMD={wanted!r} is not" if wanted else "neither python3 nor python is"
    raise InterpreterError(f"{what} a program on PATH; install Python 3 or set the runtime option virtualenv")


def activate(virtualenv: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment as `bin/activate` leaves it."""
    env = {name: value for name, value in environ.items() if name != "PYTHONHOME"}
    env["VIRTUAL_ENV"] = str(virtualenv)
    env["PATH"] = os.pathsep.join(part for part in (str(virtualenv / "bin"), environ.get("PATH", "")) if part)
    return env
