"""How a worker's process is started, and what it may know of our environment. Knows nothing of what is said to it.

The server starts one before it looks at its settings: a worker needs a moment for its imports, and so does the server.
So little is imported here.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Mapping

# No settings, no tokens, no GGML_BACKEND_PATH, which would load a library.
_INHERITED = (
    *("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LANG", "TZ", "LD_LIBRARY_PATH"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"),
    "SLIPWAY_CUBLAS",  # the forwarding library asks for it itself
)
# Threads that sleep between two steps wake late, on a virtual machine most of all: single streams are a tenth slower.
# Those that spin for longer than what is between two steps take time that others could use. OpenMP's default is 300000.
_SPIN_COUNT = "200000"


def inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """What a worker's environment is."""
    return {each: environ[each] for each in _INHERITED if each in environ} | {"GOMP_SPINCOUNT": _SPIN_COUNT}


class Child:
    """A process, and our end of the socket to it."""

    def __init__(self, environ: Mapping[str, str], name: str = "next") -> None:
        self.environ = inherited(environ)
        self.socket, theirs = socket.socketpair()
        with theirs:
            try:
                self.process = subprocess.Popen(
                    (sys.executable, "-m", "serve.worker", str(theirs.fileno()), name),
                    pass_fds=(theirs.fileno(),),
                    env=self.environ,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is for the HTTP process, which ends its workers itself
                )
            except BaseException:
                self.socket.close()
                raise

    def dismiss(self) -> None:
        """Nobody needs it. Without a server, it would end itself a moment later."""
        self.socket.close()
        self.process.kill()
        self.process.wait()
