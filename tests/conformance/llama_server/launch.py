"""What the suite takes for llama-server: becomes our server, or the real one. Started by run.py, by no person."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from tests.conformance.llama_server import flags
from tests.helpers.running_server import IMAGE, free_port

MODELS, LLAMA, PEER = "CONFORMANCE_MODELS", "CONFORMANCE_LLAMA", "CONFORMANCE_PEER"
"""The folder of models, that of the compiled package llama_cpp, and llama-server, if it is that which is tried."""


def main(argv: list[str]) -> None:
    """Never comes back."""
    folder = Path(os.environ[MODELS])
    if peer := os.environ.get(PEER):
        os.execv(peer, [peer, *flags.theirs(argv, folder)])
    command = flags.ours(argv)
    for adapter in command.models["models"][0]["adapters"]:
        assert (folder / adapter["file"]).is_file(), adapter
    models_file = Path(tempfile.mkdtemp(prefix="conformance-")) / "models.json"
    models_file.write_text(json.dumps(command.models))
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{IMAGE}:{os.environ[LLAMA]}",
        "SLIPWAY_MODELS_DIR": str(folder),
        "SLIPWAY_MODELS_FILE": str(models_file),
        "SLIPWAY_METRICS_PORT": str(free_port()),
        "SLIPWAY_LAME_DUCK_S": "0",
        **command.environ,
    }
    if slots := environ.get("SLIPWAY_SLOT_SAVE_DIR"):
        environ["SLIPWAY_SLOT_SAVE_DIR"] = str(Path(slots).absolute())
    if command.api_key:
        keys_file = models_file.with_name("keys")
        keys_file.write_text(command.api_key)
        environ["SLIPWAY_API_KEYS_FILE"] = str(keys_file)
    os.execve(sys.executable, [sys.executable, "-m", "serve"], environ)


if __name__ == "__main__":
    main(sys.argv[1:])
