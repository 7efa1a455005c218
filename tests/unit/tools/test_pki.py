"""Certificates: right names, right rights, private keys for their owner only, made once."""

import stat
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.unit.tools import support
from tools.cluster import pki


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
    for user in pki.USERS:
        cert = x509.load_pem_x509_certificate((layout.pki / f"user-{user}.crt").read_bytes())
        groups = [a.value for a in cert.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
        masters += [user] if "system:masters" in groups else []
    assert masters == ["admin"]


def test_certificates_are_made_once(tmp_path: Path) -> None:
    """A restart must not cut off anybody who holds one."""
    layout = support.layout(tmp_path)
    pki.ensure(layout)
    before = (layout.pki / "ca.crt").read_bytes()
    pki.ensure(layout)
    assert (layout.pki / "ca.crt").read_bytes() == before
