"""A Kubernetes without nodes: etcd, API server, controllers and scheduler, on free ports, gone with the test.

Pods never run here. `PodStatuses` plays the kubelet: it writes the status that each pod's image name asks for.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.integration.plugins.programs import free_ports, on_free_ports, process, wait

TOKEN = "token-of-the-test"
PATIENCE_S = 60.0
"""For a server that asks for it. Only a guard against hanging."""
BROKEN = "broken"
"""Images with this in their name can't be pulled."""


@dataclass(frozen=True)
class Binaries:
    """Where the programs are: a list of folders, as in PATH."""

    folders: str

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Binaries:
        """From the environment; a test without them fails instead of being left out."""
        folders = environ.get("SLIPWAY_TOOLCHAIN_BIN", "")
        assert folders, "SLIPWAY_TOOLCHAIN_BIN must name the folders with etcd, kube-apiserver and pulumi"
        return cls(folders)

    def path(self, *names: str) -> str:
        """The first of these programs that is there."""
        for name in names:
            found = shutil.which(name, path=self.folders)
            if found:
                return found
        raise AssertionError(f"none of {names} is in SLIPWAY_TOOLCHAIN_BIN={self.folders}")


class _Patient(httpx.HTTPTransport):
    """Asks again where the API server says so: a kind that is new is not served for a moment."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        end = time.monotonic() + PATIENCE_S
        while True:
            response = super().handle_request(request)
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS or time.monotonic() > end:
                return response
            response.close()
            time.sleep(0.2)


class ControlPlane:
    """One running API server, and an HTTP client for it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"https://127.0.0.1:{port}"
        self.kubeconfig = folder / "kubeconfig"
        self.failing: set[str] = set()
        """Images whose containers end with an error, for the kubelet that `PodStatuses` plays."""
        self.http = httpx.Client(
            base_url=self.url,
            transport=_Patient(verify=False, trust_env=False),
            trust_env=False,
            timeout=PATIENCE_S,
            headers={"Authorization": f"Bearer {TOKEN}"},
        )

    def write_kubeconfig(self) -> None:
        """As a user would have it: with the server's certificate authority inside."""
        ca = self.folder / "certs" / "apiserver.crt"
        self.kubeconfig.write_text(
            f"""
apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: test, cluster: {{server: "{self.url}", certificate-authority: "{ca}"}}}}]
users: [{{name: admin, user: {{token: {TOKEN}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: admin}}}}]
"""
        )

    def get(self, path: str) -> dict[str, Any]:
        """An object, by its path."""
        response = self.http.get(path)
        response.raise_for_status()
        body: dict[str, Any] = response.json()
        return body

    def exists(self, path: str) -> bool:
        """Whether there is such an object."""
        return self.http.get(path).status_code == 200

    def patch(self, path: str, patch: Mapping[str, Any], *, manager: str = "someone-else") -> None:
        """Merge a patch, as another user."""
        headers = {"Content-Type": "application/merge-patch+json"}
        self.http.patch(path, json=patch, headers=headers, params={"fieldManager": manager}).raise_for_status()

    def create(self, path: str, obj: Mapping[str, Any]) -> None:
        """Create an object, as another user."""
        self.http.post(path, json=obj, params={"fieldManager": "someone-else"}).raise_for_status()


@contextlib.contextmanager
def running(folder: Path, binaries: Binaries, controller_flags: Sequence[str] = ()) -> Iterator[ControlPlane]:
    """Start everything, wait until it serves, stop everything."""
    (folder / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
    (folder / "service-account.key").write_bytes(private_key())
    with contextlib.ExitStack() as stack:
        plane = on_free_ports(stack, lambda started: _api(started, folder, binaries))
        plane.write_kubeconfig()
        stack.enter_context(process(folder, "controllers", [*_controllers(binaries, folder), *controller_flags]))
        stack.enter_context(process(folder, "scheduler", _scheduler(binaries, folder)))
        wait(lambda: plane.exists("/api/v1/namespaces/default/serviceaccounts/default"), folder / "controllers.log")
        yield plane


def _api(stack: contextlib.ExitStack, folder: Path, binaries: Binaries) -> ControlPlane:
    client_port, peer_port, api_port = free_ports(3)
    plane = ControlPlane(folder, api_port)
    stack.callback(plane.http.close)
    stack.enter_context(process(folder, "etcd", etcd(binaries.path("etcd", "server"), folder, client_port, peer_port)))
    wait(lambda: _is_ok(f"http://127.0.0.1:{client_port}/health"), folder / "etcd.log")
    stack.enter_context(process(folder, "apiserver", _apiserver(binaries, folder, client_port, api_port)))
    wait(lambda: plane.exists("/readyz"), folder / "apiserver.log")
    return plane


def _is_ok(url: str) -> bool:
    return httpx.get(url, trust_env=False).status_code == httpx.codes.OK


def etcd(program: str, folder: Path, client_port: int, peer_port: int) -> list[str]:
    """The command of an etcd that keeps nothing past its end."""
    client, peer = f"http://127.0.0.1:{client_port}", f"http://127.0.0.1:{peer_port}"
    return [
        program,
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=error",
    ]


def _apiserver(binaries: Binaries, folder: Path, etcd_port: int, port: int) -> list[str]:
    key = folder / "service-account.key"
    return [
        binaries.path("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--service-account-issuer=https://test",
        f"--service-account-signing-key-file={key}",
        f"--service-account-key-file={key}",
        "--service-cluster-ip-range=10.97.0.0/16",
        "--authorization-mode=RBAC",
        "--endpoint-reconciler-type=none",
    ]


def _controllers(binaries: Binaries, folder: Path) -> list[str]:
    return [
        binaries.path("kube-controller-manager"),
        f"--kubeconfig={folder / 'kubeconfig'}",
        f"--service-account-private-key-file={folder / 'service-account.key'}",
        f"--root-ca-file={folder / 'certs' / 'apiserver.crt'}",
        "--leader-elect=false",
        "--secure-port=0",
        # As they come, they delete 20 objects a second, and tests wait for that.
        "--kube-api-qps=500",
        "--kube-api-burst=500",
        "--concurrent-namespace-syncs=20",
    ]


def _scheduler(binaries: Binaries, folder: Path) -> list[str]:
    program = binaries.path("kube-scheduler")
    return [program, f"--kubeconfig={folder / 'kubeconfig'}", "--leader-elect=false", "--secure-port=0"]


def private_key() -> bytes:
    """For the tokens of service accounts."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class PodStatuses(threading.Thread):
    """Plays the kubelet for all pods: Running and Ready, or an image that can't be pulled. Jobs' pods succeed,
    unless their image is one of those that fail."""

    def __init__(self, plane: ControlPlane) -> None:
        super().__init__(daemon=True)
        self._plane = plane
        self._ended = threading.Event()

    def run(self) -> None:
        """Look at all pods several times a second."""
        while not self._ended.wait(0.2):
            with contextlib.suppress(httpx.HTTPError):
                for pod in self._plane.get("/api/v1/pods")["items"]:
                    self._play(pod)

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self.join()

    def _play(self, pod: dict[str, Any]) -> None:
        metadata, status = pod["metadata"], _status(pod, self._plane.failing)
        if pod["status"].get("phase") != status["phase"] or not _says(pod, status["conditions"]):
            path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
            with contextlib.suppress(httpx.HTTPStatusError):  # deleted meanwhile
                self._plane.patch(path, {"status": status})


def _says(pod: dict[str, Any], conditions: list[dict[str, str]]) -> bool:
    """Whether it has these conditions. The scheduler finds no node, and may say so after we have said the contrary."""
    said = {one["type"]: one["status"] for one in pod["status"].get("conditions") or ()}
    return all(said.get(one["type"]) == one["status"] for one in conditions)


def _status(pod: dict[str, Any], failing: set[str]) -> dict[str, Any]:
    container = pod["spec"]["containers"][0]
    is_job = any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences", []))
    state: dict[str, Any] = {"running": {}}
    phase = "Running"
    if BROKEN in container["image"]:
        message = f'Back-off pulling image "{container["image"]}"'
        phase, state = "Pending", {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    elif is_job and container["image"] in failing:
        phase, state = "Failed", {"terminated": {"exitCode": 1, "reason": "Error"}}
    elif is_job:
        phase, state = "Succeeded", {"terminated": {"exitCode": 0, "reason": "Completed"}}
    is_ready = phase == "Running"
    conditions = {"PodScheduled": "True", "Initialized": "True", "ContainersReady": is_ready, "Ready": is_ready}
    return {
        "phase": phase,
        "podIP": "10.0.0.1",
        "podIPs": [{"ip": "10.0.0.1"}],
        "conditions": [{"type": kind, "status": str(value)} for kind, value in conditions.items()],
        "containerStatuses": [
            {
                "name": container["name"],
                "ready": is_ready,
                "restartCount": 0,
                "image": container["image"],
                "imageID": "",
                "state": state,
            }
        ],
    }
