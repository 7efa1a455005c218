"""Somebody who is told: a receiver of webhooks in a pod of its own namespace, which writes down what it gets.

In the image of the monitor, which is on the cluster anyway and has Python. At port 443, because the stack's network
policies let the monitor out to no other; without TLS, which is not what is tested.
"""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.workspace import PATIENCE_S, Workspace

NAMESPACE = "slipway-e2e-alarm"
URL = f"http://alarm.{NAMESPACE}.svc:443/secret-path"
_PROGRAM = """
import http.server as h, json
class Handler(h.BaseHTTPRequestHandler):
    def do_POST(self):
        said = json.loads(self.rfile.read(int(self.headers['content-length'])))
        print(json.dumps({'path': self.path, 'said': said}), flush=True)
        self.send_response(204); self.end_headers()
    def log_message(self, *_): pass
h.ThreadingHTTPServer(('', 443), Handler).serve_forever()
"""


def start(stack: Workspace, image: str) -> None:
    """It listens."""
    patience = f"--timeout={PATIENCE_S}s"
    namespace, *objects = _objects(image)
    stack.kubectl("apply", "-f", _written(stack, namespace))
    # No pod is let in before its namespace has one, which a controller makes.
    stack.kubectl("wait", "-n", NAMESPACE, "serviceaccount/default", "--for=create", patience)
    for each in objects:
        stack.kubectl("apply", "-f", _written(stack, each))
    stack.kubectl("wait", "-n", NAMESPACE, "pod/alarm", "--for=condition=Ready", patience)


def stop(stack: Workspace) -> None:
    """Takes a while, for which nobody waits here."""
    stack.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def wait_until_gone(stack: Workspace) -> None:
    """After `stop()`."""
    stack.kubectl("wait", "--for=delete", f"namespace/{NAMESPACE}", f"--timeout={PATIENCE_S}s")


def heard(stack: Workspace) -> list[dict[str, Any]]:
    """What it was told, in the order of that."""
    return [json.loads(line) for line in stack.kubectl("logs", "-n", NAMESPACE, "alarm").splitlines()]


def _written(stack: Workspace, data: dict[str, Any]) -> str:
    path = stack.folder / f"alarm-{data['kind']}.json"
    path.write_text(json.dumps(data))
    return str(path)


def _objects(image: str) -> list[dict[str, Any]]:
    of = {"name": "alarm", "namespace": NAMESPACE}
    labels = {"app": "alarm"}
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
            "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}],
        },
        "containers": [
            {
                "name": "alarm",
                "image": image,
                "command": ["python3", "-c", _PROGRAM],
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
            }
        ],
    }
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": restricted}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {**of, "labels": labels}, "spec": pod},
        {"apiVersion": "v1", "kind": "Service", "metadata": of, "spec": {"selector": labels, "ports": [{"port": 443}]}},
    ]
