"""Certificates: right names, right rights, private keys for their owner only, made once."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.unit.tools import support
from tools.cluster import pki
from tools.cluster.layout import NODE_IP, Layout
from tools.errors import ToolError


def test_all_private_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    """Keys and kubeconfigs give root on the cluster."""
    layout = support.layout(tmp_path)
    pki.ensure(layout)
    private = [*layout.pki.glob("*.key"), *(layout.dir / "kubeconfig").glob("*")]
    assert len(private) > 10
    assert {stat.S_IMODE(p.stat().st_mode) for p in private} == {0o600}


def test_components_have_their_own_users_and_only_the_administrator_is_a_master(tmp_path: Path) -> None:
    """RBAC decides what each part may do."""
    layout = support.layout(tmp_path)
    pki.ensure(layout)
    masters = []
    for path in layout.pki.glob("*.crt"):
        cert = x509.load_pem_x509_certificate(path.read_bytes())
        groups = [a.value for a in cert.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
        masters += [path.stem] if "system:masters" in groups else []
    assert masters == ["user-admin"]


def test_certificates_are_made_once(tmp_path: Path) -> None:
    """A restart must not cut off anybody who holds one."""
    layout = support.layout(tmp_path)
    pki.ensure(layout)
    before = (layout.pki / "ca.crt").read_bytes()
    pki.ensure(layout)
    assert (layout.pki / "ca.crt").read_bytes() == before


def test_a_cluster_of_an_older_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """Its certificates lack what today's processes need."""
    layout = support.layout(tmp_path)
    layout.pki.mkdir(parents=True)
    (layout.pki / "done").touch()
    with pytest.raises(ToolError, match=r"older version.*`make down` first"):
        pki.ensure(layout)


@pytest.mark.parametrize(
    ("authority", "server", "host", "client"),
    [
        ("ca", "apiserver", "127.0.0.1", "user-admin"),
        ("ca", "kubelet", NODE_IP, "apiserver-kubelet"),
        ("ca", "metrics-server", "metrics-server.kube-system.svc", "front-proxy"),
        ("etcd-ca", "etcd", "127.0.0.1", "etcd-client"),
    ],
)
def test_strict_clients_and_servers_accept_the_certificates(
    authority: str, server: str, host: str, client: str, tmp_path: Path
) -> None:
    """Python verifies strictly from 3.13 on, and Go's clients may follow."""
    layout = support.layout(tmp_path)
    pki.ensure(layout)
    client_authority = "front-proxy-ca" if client == "front-proxy" else authority
    handshake(layout, authority, server, host, client, client_authority)


def test_a_client_of_the_cluster_is_no_client_of_the_store(tmp_path: Path) -> None:
    """Even the administrator goes through the API server."""
    layout = support.layout(tmp_path)
    pki.ensure(layout)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(layout, "etcd-ca", "etcd", "127.0.0.1", "user-admin", "etcd-ca")


def handshake(layout: Layout, authority: str, server: str, host: str, client: str, client_authority: str) -> None:
    """A TLS handshake in memory, both sides strict."""
    ours = context(layout, ssl.PROTOCOL_TLS_CLIENT, authority, client)
    theirs = context(layout, ssl.PROTOCOL_TLS_SERVER, client_authority, server)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        ours.wrap_bio(to_client, to_server, server_hostname=host),
        theirs.wrap_bio(to_server, to_client, server_side=True),
    ]
    while sides:
        for side in list(sides):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            sides.remove(side)


def context(layout: Layout, protocol: int, authority: str, own: str) -> ssl.SSLContext:
    """Trusts `authority`, shows `own`."""
    made = ssl.SSLContext(protocol)
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    made.load_verify_locations(str(layout.pki / f"{authority}.crt"))
    made.load_cert_chain(str(layout.pki / f"{own}.crt"), str(layout.pki / f"{own}.key"))
    return made
