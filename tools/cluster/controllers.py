"""The process that runs our two controllers, each in a thread: `python -m tools.cluster.controllers STATE_DIR`."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tools import settings
from tools.cluster import ingress, volumes
from tools.cluster import layout as layouts
from tools.cluster.kube import Changes, Kube


def loop(changes: Changes, reconcile: Callable[[], None], name: str) -> None:
    """Reconcile whenever something changed, and now and then; a failure of the other side is said and tried again."""
    while True:
        changes.wait()
        try:
            reconcile()
        except (httpx.HTTPError, OSError) as e:
            print(f"{time.strftime('%H:%M:%S')} {name}: {e}", flush=True)
            changes.again()


def end_process(args: threading.ExceptHookArgs) -> None:
    """What no loop expects ends the process: `make status` shows it then, and `make up` starts it again."""
    threading.__excepthook__(args)
    sys.stderr.flush()
    os._exit(1)


def main(state_dir: Path) -> None:
    """Run until told to stop."""
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)  # before any thread: sigwait is the only one that gets them
    threading.excepthook = end_process
    layout = layouts.of(dataclasses.replace(settings.load(), state_dir=state_dir))
    kube = Kube(layout.kubeconfig_of("controllers"))
    controller = ingress.IngressController(kube, layout)
    work: list[tuple[str, tuple[str, ...], Callable[[], None]]] = [
        ("volumes", volumes.WATCHED, lambda: volumes.reconcile(kube, layout.volumes)),
        ("ingress", ingress.WATCHED, controller.reconcile),
    ]
    for name, paths, reconcile in work:
        threading.Thread(target=loop, args=(Changes(kube, paths), reconcile, name), daemon=True).start()
    ready = layout.run / "controllers.sock"
    ready.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(ready))
        s.listen()
        signal.sigwait(stop)
    with contextlib.suppress(FileNotFoundError):
        ready.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
