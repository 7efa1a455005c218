"""Certificates and kubeconfigs of the local cluster: one key for each component, least rights.

Made once and kept; all private keys are readable by their owner only.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tools.cluster.layout import API_SERVICE_IP, NAME, NODE_IP, Layout
from tools.errors import ToolError

VALID_FOR = datetime.timedelta(days=3650)
FORMAT = "2"
"""Raised when the set of certificates changes."""

USERS = {
    # name of the kubeconfig -> (user, groups): RBAC's own names for the control plane's parts
    "admin": ("slipway-admin", ("system:masters",)),
    "controller-manager": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
    "kubelet": (f"system:node:{NAME}", ("system:nodes",)),
    "kube-proxy": ("system:kube-proxy", ()),
    "coredns": ("slipway:coredns", ()),
    "metrics-server": ("slipway:metrics-server", ()),
    "controllers": ("slipway:controllers", ()),
    "kwok": ("slipway:kwok", ()),
}


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority that signs."""

    cert: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def issue(self, path: Path, name: str, groups: tuple[str, ...] = (), hosts: tuple[str, ...] = ()) -> None:
        """Write `path`.crt and `path`.key: for `hosts` a server's certificate, else a client's."""
        key = ec.generate_private_key(ec.SECP256R1())
        use = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = _builder(name, groups, self.cert.subject, key.public_key(), self.key.public_key())
        builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([_san(h) for h in hosts]), critical=False)
        write_private(path.with_suffix(".key"), _pem(key))
        path.with_suffix(".crt").write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(_PEM))


_PEM = serialization.Encoding.PEM


def ensure(layout: Layout) -> None:
    """Make all certificates and kubeconfigs of a new cluster."""
    done = layout.pki / "done"
    if done.exists():
        if done.read_text() != FORMAT:
            raise ToolError("the local cluster was made by an older version of these tools: `make down` first")
        return
    layout.pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    ca = _authority(layout.pki / "ca", f"{NAME}-ca")
    names = (
        "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local", "127.0.0.1", API_SERVICE_IP, NODE_IP,
    )  # fmt: skip
    ca.issue(layout.pki / "apiserver", "kube-apiserver", hosts=names)
    ca.issue(layout.pki / "kubelet", NAME, hosts=(NAME, NODE_IP, "127.0.0.1"))
    ca.issue(layout.pki / "metrics-server", "metrics-server", hosts=("metrics-server.kube-system.svc", NODE_IP))
    ca.issue(layout.pki / "apiserver-kubelet", "slipway:apiserver")
    front = _authority(layout.pki / "front-proxy-ca", f"{NAME}-front-proxy-ca")
    front.issue(layout.pki / "front-proxy", "front-proxy")
    # Whoever reads or writes the store is above RBAC: an authority of its own, that signs one client only.
    store = _authority(layout.pki / "etcd-ca", f"{NAME}-etcd-ca")
    store.issue(layout.pki / "etcd", "etcd", hosts=("127.0.0.1",))
    store.issue(layout.pki / "etcd-client", "kube-apiserver")
    _service_account_key(layout.pki / "service-accounts")
    for user, (name, groups) in USERS.items():
        ca.issue(layout.pki / f"user-{user}", name, groups)
        _write_kubeconfig(layout, user)
    done.write_text(FORMAT)


def _authority(path: Path, name: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = _builder(name, (), subject, key.public_key(), key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    cert = builder.sign(key, hashes.SHA256())
    write_private(path.with_suffix(".key"), _pem(key))
    path.with_suffix(".crt").write_bytes(cert.public_bytes(_PEM))
    return Authority(cert, key)


def _builder(
    name: str,
    groups: tuple[str, ...],
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
) -> x509.CertificateBuilder:
    """What all certificates have; strict clients (Python from 3.13 on) ask for both key identifiers."""
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, g) for g in groups]
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(attributes))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )  # fmt: skip


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _san(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _service_account_key(path: Path) -> None:
    """Service account tokens are signed with RSA, as kubeadm does."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    write_private(path.with_suffix(".key"), _pem(key))
    public = key.public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    path.with_suffix(".pub").write_bytes(public)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
        f.write(content)


def _write_kubeconfig(layout: Layout, user: str) -> None:
    pki = layout.pki
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": NAME,
        "clusters": [
            {"name": NAME, "cluster": {"server": layout.apiserver_url, "certificate-authority": str(pki / "ca.crt")}}
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate": str(pki / f"user-{user}.crt"),
                    "client-key": str(pki / f"user-{user}.key"),
                },
            }
        ],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": user}}],
    }
    write_private(layout.kubeconfig_of(user), yaml.safe_dump(config).encode())
