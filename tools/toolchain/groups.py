"""Which programs there are and where they come from, as data.

A group is one Go module under tools/go: one graph of versions, so that its programs share every compiled package.
Minutes are measured from an empty build cache on 2 cores; they feed the estimate that `make up` prints first.
"""

from __future__ import annotations

from dataclasses import dataclass

GO_TOOLCHAIN = "go1.26.8"
"""The Go release that compiles everything; an installed newer Go fetches it as a module."""

PULUMI_VERSION = "v3.250.0"
KUBERNETES_VERSION = "v1.36.3"


@dataclass(frozen=True, slots=True)
class Program:
    """One program: the Go package that it is, and the name that it gets."""

    package: str
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """The programs of one Go module."""

    name: str
    programs: tuple[Program, ...]
    ldflags: str
    minutes: float
    """From an empty cache on 2 cores, downloads included."""

    @property
    def program_names(self) -> tuple[str, ...]:
        """Names of the built files."""
        return tuple(p.name for p in self.programs)


def _kubernetes_ldflags() -> str:
    """Without these kubectl and client-go take themselves for v0.0.0-master and refuse to parse it."""
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    flags = ["-s -w"]
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        flags += [
            f"-X {package}.gitVersion={KUBERNETES_VERSION}",
            f"-X {package}.gitMajor={major}",
            f"-X {package}.gitMinor={minor}",
        ]
    return " ".join(flags)


PULUMI = Group(
    name="pulumi",
    programs=(Program("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "pulumi"),),
    # Without the version the Automation API refuses the CLI.
    ldflags=f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={PULUMI_VERSION}",
    minutes=4.5,
)

KUBERNETES = Group(
    name="kubernetes",
    programs=(
        *(
            Program(f"k8s.io/kubernetes/cmd/{name}", name)
            for name in (
                "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl",
            )
        ),
        Program("go.etcd.io/etcd/server/v3", "etcd"),
        Program("sigs.k8s.io/metrics-server/cmd/metrics-server", "metrics-server"),
        Program("./coredns", "coredns"),
    ),
    ldflags=_kubernetes_ldflags(),
    minutes=6.0,
)  # fmt: skip

CONTAINERS = Group(
    name="containers",
    programs=(
        Program("github.com/containerd/containerd/v2/cmd/containerd", "containerd"),
        Program("github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2", "containerd-shim-runc-v2"),
        Program("github.com/containerd/containerd/v2/cmd/ctr", "ctr"),
        Program("github.com/moby/buildkit/cmd/buildkitd", "buildkitd"),
        Program("github.com/moby/buildkit/cmd/buildctl", "buildctl"),
        Program(
            "github.com/pulumi/pulumi-docker-build/provider/cmd/pulumi-resource-docker-build",
            "pulumi-resource-docker-build",
        ),
        Program("./pause", "pause"),
    ),
    # The CLI warns when a provider does not tell the version that it is installed as.
    ldflags="-s -w -X github.com/pulumi/pulumi-docker-build/provider.Version=0.0.22",
    minutes=3.6,
)

KWOK = Group(
    name="kwok",
    programs=(Program("sigs.k8s.io/kwok/cmd/kwok", "kwok"),),
    ldflags="-s -w",
    minutes=3.0,
)

ACTIONLINT = Group(
    name="actionlint",
    programs=(Program("github.com/rhysd/actionlint/cmd/actionlint", "actionlint"),),
    ldflags="-s -w",
    minutes=0.5,
)
"""Checks the workflows under .github; only the tests need it."""

COMPOSE_VERSION = "v5.6.0"

COMPOSE = Group(
    name="compose",
    programs=(Program("github.com/docker/compose/v5/cmd", "docker-compose"),),
    ldflags=f"-s -w -X github.com/docker/compose/v5/internal.Version={COMPOSE_VERSION}",
    minutes=1.8,
)
"""Docker Compose, which needs no Docker to read files; only the tests need it."""

GROUPS = {g.name: g for g in (PULUMI, KUBERNETES, CONTAINERS, KWOK, ACTIONLINT, COMPOSE)}
