"""What a pod may mount: no folder of its node, least of all the socket of its container runtime."""

from kube.objects import Pod
from policies.rule import MANDATORY, Findings, pod_rule
from policies.settings import Settings

VOLUME_TYPES = (
    "emptyDir", "configMap", "secret", "projected", "persistentVolumeClaim", "downwardAPI", "csi", "ephemeral", "image",
)  # fmt: skip
SOCKETS = ("docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock")
SOCKET_FOLDERS = ("", "run", "run/containerd", "run/crio")
"""Where the sockets lie, from the root; /var/run is /run."""


@pod_rule(
    why="A folder of the node in a pod is a way to the node's own files, and to those of its other pods.",
    source="Pod Security baseline: hostPathVolumes; kube-linter sensitive-host-mounts; Trivy KSV-0023, KSV-0121",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      volumes: [{name: models, hostPath: {path: /models}}], containers: [{name: a, image: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      volumes: [{name: models, persistentVolumeClaim: {claimName: models}}], containers: [{name: a, image: a}]}}
    """,
)
def no_host_path(pod: Pod, _settings: Settings) -> Findings:
    """No volume is a path of the node."""
    for volume in pod.spec.items("volumes"):
        value = volume.get("hostPath")
        if value is not None:
            yield volume.bad("hostPath", "must be absent", value)


@pod_rule(
    why="Whoever has the container runtime's socket can start a privileged container on the node.",
    source="kube-linter docker-sock; Kyverno disallow-cri-sock-mount; Trivy KSV-0006; Checkov CKV_K8S_27",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      volumes: [{name: docker, hostPath: {path: /var/run/docker.sock}}], containers: [{name: a, image: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      volumes: [{name: logs, hostPath: {path: /var/log/pods}}], containers: [{name: a, image: a}]}}
    """,
)
def no_runtime_socket_mount(pod: Pod, _settings: Settings) -> Findings:
    """No volume is the socket of a container runtime, nor a folder that has one in it."""
    for volume in pod.spec.items("volumes"):
        path = volume.text("hostPath.path")
        if isinstance(path, str) and _has_socket(path):
            yield volume.bad("hostPath.path", "must not lead to the socket of a container runtime")


def _has_socket(path: str) -> bool:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    folder = "/".join(parts[1:] if parts[:2] == ["var", "run"] else parts)
    return folder in SOCKET_FOLDERS or parts[-1] in SOCKETS


@pod_rule(
    why="Other types of volumes reach storage with the node's rights, past storage classes and quotas.",
    source="Pod Security restricted: restrictedVolumes; Trivy KSV-0028; Gatekeeper library volumes",
    level=MANDATORY,
    bad="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      volumes: [{name: models, nfs: {server: nas.example.com, path: /models}}], containers: [{name: a, image: a}]}}
    """,
    good="""
    {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {
      volumes: [{name: tmp, emptyDir: {}}, {name: models, persistentVolumeClaim: {claimName: models}}],
      containers: [{name: a, image: a}]}}
    """,
)
def restricted_volume_types(pod: Pod, settings: Settings) -> Findings:
    """Every volume is of a type that the cluster provides.

    One of no type at all passes: the API server makes it an emptyDir before it judges.
    """
    for volume in pod.spec.items("volumes") if settings.pod_security_level == "restricted" else ():
        keys = volume.expect(dict, "a mapping") or ()
        sources = {key: volume.get((key,)) for key in keys if key != "name"}
        given = [key for key, value in sources.items() if value is not None]
        if given and not any(key in VOLUME_TYPES for key in given):
            yield volume.bad("", f"must be one of {', '.join(VOLUME_TYPES)}", *sources.values())
