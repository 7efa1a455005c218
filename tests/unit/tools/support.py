"""Values that several tests of tools/ need."""

from pathlib import Path

from tools.cluster.layout import Layout, Ports
from tools.settings import Settings
from tools.toolchain.debian import DebianPrograms
from tools.toolchain.programs import Programs


def ports() -> Ports:
    """Distinct made-up ports."""
    names = list(Ports.__dataclass_fields__)
    return Ports(**{name: 20000 + i for i, name in enumerate(names)})


def layout(folder: Path) -> Layout:
    """A layout below `folder`."""
    return Layout(folder / "cluster", ports(), folder / "builder")


def settings(folder: Path, **changes: object) -> Settings:
    """Settings that keep everything below `folder`."""
    values: dict[str, object] = {
        "cache_dir": folder / "cache", "state_dir": folder / "state",
        "registry_port": 0, "ingress_port": 0, "kubeconfig": None, "ca_file": None,
    }  # fmt: skip
    return Settings(**(values | changes))  # type: ignore[arg-type]


def programs(folder: Path) -> Programs:
    """Every program as an empty file."""
    for name in (
        "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl",
        "coredns", "metrics-server", "containerd", "buildkitd",
    ):  # fmt: skip
        (folder / name).touch()
    return Programs((folder,), DebianPrograms(folder / "debian"))
