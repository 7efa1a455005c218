"""The processes of the cluster in their order, with their command lines. Pure: a layout and programs in, values out."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tools.cluster import ready
from tools.cluster.daemon import Daemon
from tools.cluster.layout import (
    CLUSTER_DOMAIN,
    NAME,
    NODE_IP,
    POD_CIDR,
    SERVICE_CIDR,
    Layout,
)  # fmt: skip
from tools.settings import ROOT
from tools.toolchain.programs import VENV_BIN, Programs


def control_plane(layout: Layout, programs: Programs) -> list[Daemon]:
    """etcd and the API server: all that object validation needs."""
    return [etcd(layout, programs), apiserver(layout, programs)]


def images(layout: Layout, programs: Programs) -> list[Daemon]:
    """Registry and builder."""
    return [registry(layout, programs), buildkitd(layout, programs)]


def node(layout: Layout, programs: Programs) -> list[Daemon]:
    """What places and runs pods."""
    return [
        controller_manager(layout, programs),
        scheduler(layout, programs),
        containerd(layout, programs),
        kubelet(layout, programs),
    ]


def addons(layout: Layout, programs: Programs) -> list[Daemon]:
    """Service addresses, DNS, metrics, ingress, volumes; when the node is there: kube-proxy waits 30 s for it."""
    return [
        kube_proxy(layout, programs),
        coredns(layout, programs),
        metrics_server(layout, programs),
        caddy(layout),
        controllers(layout),
    ]


def etcd(layout: Layout, programs: Programs) -> Daemon:
    """The store, for the API server alone. fsync stays on: a power cut must not cost a laptop its cluster."""
    client, peer = (f"https://127.0.0.1:{p}" for p in (layout.ports.etcd, layout.ports.etcd_peer))
    pki = layout.pki
    own = (pki / "etcd-client.crt", pki / "etcd-client.key")
    return _daemon(
        "etcd", programs["etcd"], ready.http_ok(f"{client}/health", pki / "etcd-ca.crt", own),
        name=NAME,
        data_dir=layout.dir / "etcd",
        listen_client_urls=client,
        advertise_client_urls=client,
        listen_peer_urls=peer,
        initial_advertise_peer_urls=peer,
        initial_cluster=f"{NAME}={peer}",
        cert_file=pki / "etcd.crt",
        key_file=pki / "etcd.key",
        client_cert_auth="true",
        trusted_ca_file=pki / "etcd-ca.crt",
        peer_cert_file=pki / "etcd.crt",
        peer_key_file=pki / "etcd.key",
        peer_client_cert_auth="true",
        peer_trusted_ca_file=pki / "etcd-ca.crt",
        # It would be one more client, and nobody asks it.
        enable_grpc_gateway="false",
        log_level="warn",
    )  # fmt: skip


def apiserver(layout: Layout, programs: Programs) -> Daemon:
    """Listens on the bridge, where pods reach it; network.py also makes it answer on loopback."""
    pki = layout.pki
    is_ready = ready.http_ok(
        f"{layout.apiserver_url}/readyz", pki / "ca.crt", (pki / "user-admin.crt", pki / "user-admin.key")
    )
    return _daemon(
        "kube-apiserver", programs["kube-apiserver"], is_ready,
        bind_address=NODE_IP,
        advertise_address=NODE_IP,
        secure_port=layout.ports.apiserver,
        endpoint_reconciler_type="none",
        etcd_servers=f"https://127.0.0.1:{layout.ports.etcd}",
        etcd_cafile=pki / "etcd-ca.crt",
        etcd_certfile=pki / "etcd-client.crt",
        etcd_keyfile=pki / "etcd-client.key",
        service_cluster_ip_range=SERVICE_CIDR,
        authorization_mode="Node,RBAC",
        enable_admission_plugins="NodeRestriction",
        allow_privileged="true",
        client_ca_file=pki / "ca.crt",
        tls_cert_file=pki / "apiserver.crt",
        tls_private_key_file=pki / "apiserver.key",
        kubelet_certificate_authority=pki / "ca.crt",
        kubelet_client_certificate=pki / "apiserver-kubelet.crt",
        kubelet_client_key=pki / "apiserver-kubelet.key",
        kubelet_preferred_address_types="InternalIP",
        service_account_issuer=f"https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
        service_account_key_file=pki / "service-accounts.pub",
        service_account_signing_key_file=pki / "service-accounts.key",
        requestheader_client_ca_file=pki / "front-proxy-ca.crt",
        requestheader_allowed_names="front-proxy",
        requestheader_extra_headers_prefix="X-Remote-Extra-",
        requestheader_group_headers="X-Remote-Group",
        requestheader_username_headers="X-Remote-User",
        proxy_client_cert_file=pki / "front-proxy.crt",
        proxy_client_key_file=pki / "front-proxy.key",
        # The aggregator goes to endpoints, not through kube-proxy.
        enable_aggregator_routing="true",
        cert_dir=layout.run,
    )  # fmt: skip


def controller_manager(layout: Layout, programs: Programs) -> Daemon:
    """All built-in controllers, each under its own service account."""
    pki = layout.pki
    return _control_loop(
        layout, programs, "controller-manager", layout.ports.controller_manager,
        use_service_account_credentials="true",
        service_account_private_key_file=pki / "service-accounts.key",
        root_ca_file=pki / "ca.crt",
        cluster_signing_cert_file=pki / "ca.crt",
        cluster_signing_key_file=pki / "ca.key",
        allocate_node_cidrs="true",
        cluster_cidr=POD_CIDR,
        service_cluster_ip_range=SERVICE_CIDR,
        # Every 15 seconds as it comes: on one small node it may look more often, and whoever tries it waits less.
        horizontal_pod_autoscaler_sync_period="5s",
        # It makes the folder, whether anything is in it or not.
        flex_volume_plugin_dir=layout.dir / "volume-plugins",
    )  # fmt: skip


def scheduler(layout: Layout, programs: Programs) -> Daemon:
    """The default scheduler."""
    return _control_loop(layout, programs, "scheduler", layout.ports.scheduler)


def _control_loop(layout: Layout, programs: Programs, name: str, port: int, **flags: object) -> Daemon:
    """One of a kind (no leader election), on loopback, with its own kubeconfig."""
    kubeconfig = layout.kubeconfig_of(name)
    return _daemon(
        f"kube-{name}", programs[f"kube-{name}"], ready.http_ok(f"https://127.0.0.1:{port}/healthz"),
        kubeconfig=kubeconfig,
        authentication_kubeconfig=kubeconfig,
        authorization_kubeconfig=kubeconfig,
        bind_address="127.0.0.1",
        secure_port=port,
        cert_dir=layout.run / name,
        leader_elect="false",
        **flags,
    )  # fmt: skip


def containerd(layout: Layout, programs: Programs) -> Daemon:
    """Finds its shim on PATH."""
    return Daemon(
        "containerd",
        (programs["containerd"], "--config", str(layout.conf / "containerd.toml")),
        ready.accepts(layout.containerd_socket),
        env={"PATH": _system_path(programs)},
    )


def kubelet(layout: Layout, programs: Programs) -> Daemon:
    """The node agent; the node is this machine."""
    return Daemon(
        "kubelet",
        (
            programs["kubelet"],
            f"--config={layout.conf / 'kubelet.yaml'}",
            f"--kubeconfig={layout.kubeconfig_of('kubelet')}",
            f"--root-dir={layout.dir / 'kubelet'}",
            f"--cert-dir={layout.run / 'kubelet'}",
            f"--hostname-override={NAME}",
            f"--node-ip={NODE_IP}",
        ),
        ready.http_ok(f"http://127.0.0.1:{layout.ports.kubelet_health}/healthz"),
        env={"PATH": _system_path(programs)},
    )


def kube_proxy(layout: Layout, programs: Programs) -> Daemon:
    """Service addresses, by iptables."""
    return Daemon(
        "kube-proxy",
        (programs["kube-proxy"], f"--config={layout.conf / 'kube-proxy.yaml'}", f"--hostname-override={NAME}"),
        ready.http_ok(f"http://127.0.0.1:{layout.ports.kube_proxy_health}/livez"),
        env={"PATH": _system_path(programs)},
    )


def coredns(layout: Layout, programs: Programs) -> Daemon:
    """Cluster DNS, behind the service kube-dns."""
    return Daemon(
        "coredns",
        (programs["coredns"], "-conf", str(layout.conf / "Corefile")),
        ready.http_ok(f"http://127.0.0.1:{layout.ports.dns_ready}/ready"),
    )


def metrics_server(layout: Layout, programs: Programs) -> Daemon:
    """CPU and memory figures for HPAs and `kubectl top`."""
    pki, kubeconfig = layout.pki, layout.kubeconfig_of("metrics-server")
    return _daemon(
        "metrics-server", programs["metrics-server"],
        ready.http_ok(f"https://{NODE_IP}:{layout.ports.metrics_server}/livez"),
        kubeconfig=kubeconfig,
        authentication_kubeconfig=kubeconfig,
        authorization_kubeconfig=kubeconfig,
        bind_address=NODE_IP,
        secure_port=layout.ports.metrics_server,
        tls_cert_file=pki / "metrics-server.crt",
        tls_private_key_file=pki / "metrics-server.key",
        kubelet_certificate_authority=pki / "ca.crt",
        kubelet_preferred_address_types="InternalIP",
        kubelet_use_node_status_port="true",
        metric_resolution="10s",
        kubelet_request_timeout="5s",  # must be less
    )  # fmt: skip


def registry(layout: Layout, programs: Programs) -> Daemon:
    """Where images are pushed to and pulled from."""
    assert programs.debian is not None
    return Daemon(
        "registry",
        (str(programs.debian.registry), "serve", str(layout.conf / "registry.yaml")),
        ready.http_ok(f"http://{layout.registry_address}/v2/"),
    )


def buildkitd(layout: Layout, programs: Programs) -> Daemon:
    """The image builder."""
    return Daemon(
        "buildkitd",
        (programs["buildkitd"], "--config", str(layout.conf / "buildkitd.toml")),
        ready.accepts(layout.buildkit_socket),
        env={"PATH": _system_path(programs)},
    )


def caddy(layout: Layout) -> Daemon:
    """The ingress proxy; `controllers` writes its routes."""
    return Daemon(
        "caddy",
        (str(VENV_BIN / "caddy"), "run", "--config", str(layout.conf / "caddy.json")),
        ready.accepts(layout.run / "caddy.sock"),
        env={"XDG_DATA_HOME": str(layout.dir / "caddy"), "XDG_CONFIG_HOME": str(layout.dir / "caddy")},
    )


def controllers(layout: Layout) -> Daemon:
    """Our own two controllers: local volumes, and Ingress objects to Caddy."""
    return Daemon(
        "controllers",
        (sys.executable, "-m", "tools.cluster.controllers", str(layout.dir.parent)),
        ready.accepts(layout.run / "controllers.sock"),
        cwd=ROOT,
    )


def _daemon(name: str, program: str, is_ready: Callable[[], bool], /, **flags: object) -> Daemon:
    """A daemon whose flags are all --name=value."""
    return Daemon(name, (program, *(f"--{k.replace('_', '-')}={v}" for k, v in flags.items())), is_ready)


def _system_path(programs: Programs) -> str:
    """runc, shims and iptables lie here; nothing of the user's PATH leaks into the cluster."""
    folders = [str(d) for d in programs.bin_dirs]
    if programs.debian:
        folders.append(str(programs.debian.runc.parent))
    return ":".join([*folders, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
