"""Make the virtual environment: `python3 tools/bootstrap.py requirements.txt`.

Standard library only, and readable by any Python 3, so that an old one gets a sentence instead of a syntax error.
A repeat costs nothing: the environment remembers which requirements it holds. All it says goes to stderr: the output
of `make env` is evaluated by a shell, also where this comes first.
"""

import hashlib
import shlex
import subprocess
import sys
import time
from pathlib import Path

MINIMUM = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"


def main(requirements: str) -> None:
    """Create .venv where it is missing, and install the pinned and hashed requirements into it."""
    if sys.version_info < MINIMUM:
        sys.exit(
            f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: install python3.11 and python3.11-venv"
        )
    wanted = hashlib.sha256((ROOT / requirements).read_bytes()).hexdigest()
    stamp = VENV / ("." + requirements.replace("/", "-"))
    python = VENV / "bin" / "python"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        write_command()
        return
    started = time.monotonic()
    print(f"... virtual environment: {requirements}", file=sys.stderr, flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode:
        sys.exit(f"python3 can't make virtual environments: apt-get install python3-venv\n{made.stdout}{made.stderr}")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    if subprocess.call([*pip, "-r", str(ROOT / requirements)], stdout=sys.stderr):
        sys.exit(f"pip could not install {requirements} (see above); run the same command again to go on")
    write_command()
    stamp.write_text(wanted)
    print(f"ok  virtual environment: {requirements} ({time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)


def write_command() -> None:
    """Put `slipway` beside the other programs of the environment: this checkout's, from any folder."""
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from slipway.cli import main; main()"
    words = " ".join(shlex.quote(word) for word in (str(VENV / "bin" / "python"), "-I", "-c", code, str(ROOT)))
    command = VENV / "bin" / "slipway"
    text = f'#!/bin/sh\n# Written by tools/bootstrap.py.\nexec {words} "$@"\n'
    if not command.exists() or command.read_text() != text:
        command.write_text(text)
        command.chmod(0o755)


if __name__ == "__main__":
    main(sys.argv[1])
