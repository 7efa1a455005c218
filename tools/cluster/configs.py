"""Render the configuration files of the cluster's processes. Pure: a layout and programs in, text out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tools.cluster.layout import (
    BRIDGE,
    CLUSTER_DOMAIN,
    CNI_NETWORK,
    DNS_SERVICE_IP,
    NODE_IP,
    NODE_POD_CIDR,
    POD_CIDR,
    Layout,
)  # fmt: skip
from tools.toolchain.programs import Programs

PAUSE_IMAGE = "slipway.local/pause:1"
"""Imported into containerd, never pulled."""
BUILD_CACHE_BYTES = 15 * 10**9


def render(layout: Layout, programs: Programs) -> dict[str, str]:
    """File name -> content, for `layout.conf`."""
    assert programs.debian is not None
    return {
        "containerd.toml": containerd(layout, programs.debian.runc, programs.debian.cni_dir),
        "cni/10-slipway.conflist": cni(layout),
        "kubelet.yaml": kubelet(layout),
        "kube-proxy.yaml": kube_proxy(layout),
        "Corefile": corefile(layout),
        "registry.yaml": registry(layout),
        "buildkitd.toml": buildkitd(layout, programs.debian.runc),
        "caddy.json": json.dumps(caddy_start(layout), indent=2),
    }


def containerd(layout: Layout, runc: Path, cni_dir: Path) -> str:
    """containerd 2 with its CRI plugin; all its data under the state folder."""
    return f"""version = 3
root = "{layout.dir}/containerd"
state = "{layout.run}/containerd"

[grpc]
  address = "{layout.containerd_socket}"

# Nothing of ours lies where another containerd looks for it.
[plugins.'io.containerd.internal.v1.opt']
  path = "{layout.dir}/containerd-opt"

[plugins.'io.containerd.nri.v1.nri']
  disable = true

[plugins.'io.containerd.cri.v1.runtime']
  # Lowering oom_score_adj is refused in some sandboxes, and runc then dies without a word.
  restrict_oom_score_adj = true
  # Network namespaces go with the state folder.
  netns_mounts_under_state_dir = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["{cni_dir}"]
    conf_dir = "{layout.conf}/cni"
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = "{runc}"
        Root = "{layout.run}/runc"
        SystemdCgroup = false

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{PAUSE_IMAGE}"
"""


def cni(layout: Layout) -> str:
    """Pods on one bridge. Masquerading is ours (see network.py), so that it can be undone."""
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": NODE_POD_CIDR, "rangeStart": "10.244.0.10", "gateway": NODE_IP}]],
            "routes": [{"dst": "0.0.0.0/0"}],
            "dataDir": str(layout.run / "cni"),
        },
    }
    return json.dumps({"cniVersion": "1.0.0", "name": CNI_NETWORK, "plugins": [bridge]}, indent=2)


def kubelet(layout: Layout) -> str:
    """A kubelet that runs on cgroup v1 and v2 hosts, with swap or not, beside whatever else the machine does."""
    pki = layout.pki
    return _yaml(
        apiVersion="kubelet.config.k8s.io/v1beta1",
        kind="KubeletConfiguration",
        address=NODE_IP,
        port=layout.ports.kubelet,
        healthzBindAddress="127.0.0.1",
        healthzPort=layout.ports.kubelet_health,
        tlsCertFile=str(pki / "kubelet.crt"),
        tlsPrivateKeyFile=str(pki / "kubelet.key"),
        authentication={
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        authorization={"mode": "Webhook"},
        containerRuntimeEndpoint=f"unix://{layout.containerd_socket}",
        clusterDNS=[DNS_SERVICE_IP],
        clusterDomain=CLUSTER_DOMAIN,
        cgroupDriver="cgroupfs",
        failCgroupV1=False,
        enforceNodeAllocatable=[],
        failSwapOn=False,
        podLogsDir=str(layout.dir / "pod-logs"),
        volumePluginDir=str(layout.dir / "volume-plugins"),
        resolvConf="/etc/resolv.conf",
        # The disk is shared with the rest of the machine: evict only when it is really full.
        evictionHard={"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        imageGCHighThresholdPercent=99,
        imageGCLowThresholdPercent=98,
        syncFrequency="10s",
        nodeStatusUpdateFrequency="5s",
    )


def kube_proxy(layout: Layout) -> str:
    """iptables mode; NodePorts on loopback only."""
    bridged_replies_are_seen = Path("/proc/sys/net/bridge/bridge-nf-call-iptables").exists()
    return _yaml(
        apiVersion="kubeproxy.config.k8s.io/v1alpha1",
        kind="KubeProxyConfiguration",
        mode="iptables",
        clientConnection={"kubeconfig": str(layout.kubeconfig_of("kube-proxy"))},
        clusterCIDR=POD_CIDR,
        nodePortAddresses=["127.0.0.0/8"],
        healthzBindAddress=f"127.0.0.1:{layout.ports.kube_proxy_health}",
        metricsBindAddress=f"127.0.0.1:{layout.ports.kube_proxy_metrics}",
        # 0 = leave the machine's conntrack settings alone
        conntrack={"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        # Without br_netfilter replies between pods on the bridge would bypass the address translation.
        iptables={"masqueradeAll": not bridged_replies_are_seen},
    )


def corefile(layout: Layout) -> str:
    """Names of services and pods, and the machine's own resolver for the rest."""
    ports = layout.ports
    return f""".:{ports.dns} {{
    bind {NODE_IP}
    errors
    health 127.0.0.1:{ports.dns_health}
    ready 127.0.0.1:{ports.dns_ready}
    kubernetes {CLUSTER_DOMAIN} in-addr.arpa {{
        kubeconfig {layout.kubeconfig_of("coredns")}
        pods insecure
        ttl 5
    }}
    forward . /etc/resolv.conf
    cache 30
    loadbalance
}}
"""


def registry(layout: Layout) -> str:
    """CNCF distribution on loopback, plain HTTP, which every client allows there."""
    return _yaml(
        version=0.1,
        log={"level": "warn"},
        storage={"filesystem": {"rootdirectory": str(layout.dir / "registry")}, "delete": {"enabled": True}},
        http={"addr": layout.registry_address},
    )


def buildkitd(layout: Layout, runc: Path) -> str:
    """A builder without Docker; build steps use the machine's network."""
    return f"""root = "{layout.builder_dir}"

[grpc]
  address = ["unix://{layout.buildkit_socket}"]

[otel]
  socketPath = "{layout.run}/buildkitd-otel.sock"

[worker.containerd]
  enabled = false

[worker.oci]
  enabled = true
  binary = "{runc}"
  networkMode = "host"
  gc = true
  maxUsedSpace = {BUILD_CACHE_BYTES}
"""


def caddy_start(layout: Layout) -> dict[str, Any]:
    """The proxy before the first Ingress object: it listens and answers 404."""
    return caddy(layout, [])


def caddy(layout: Layout, routes: list[dict[str, Any]]) -> dict[str, Any]:
    """The proxy's whole configuration for some routes."""
    return {
        "admin": {"listen": f"unix/{layout.run / 'caddy.sock'}"},
        "apps": {
            "http": {
                "servers": {
                    "ingress": {
                        "listen": [f"127.0.0.1:{layout.ports.ingress}"],
                        "automatic_https": {"disable": True},
                        "routes": [*routes, {"handle": [{"handler": "static_response", "status_code": 404}]}],
                    }
                }
            }
        },
    }


def _yaml(**fields: Any) -> str:
    return yaml.safe_dump(fields, sort_keys=False)
