"""A real Kubernetes on one machine: etcd, control plane, kubelet, containerd, DNS, registry, image builder, ingress.

For a laptop and for CI, where no cluster was named. Needs root; `down` undoes everything that was started or changed.
"""
