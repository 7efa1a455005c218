"""Who we are: tokens, passwords, certificates, helper programs."""

from __future__ import annotations

import base64
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tools.plugins.kubernetes.credentials import Credentials
from tools.plugins.kubernetes.errors import UnreachableError
from tools.plugins.kubernetes.kubeconfig import Access

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def credentials(user: dict[str, Any], **access: Any) -> Credentials:
    """For a user of a kubeconfig."""
    return Credentials(
        Access(server="https://a.test", namespace="", user=user, cluster={"server": "https://a.test"}, **access),
        {"PATH": "/usr/bin:/bin"},
        now=lambda: NOW,
    )


def helper(folder: Path, text: str) -> dict[str, Any]:
    """A user whose helper program runs this Python."""
    script = folder / "helper.py"
    script.write_text(text)
    return {"exec": {"command": sys.executable, "args": [str(script)], "env": [{"name": "WHO", "value": "me"}]}}


def test_tokens_come_inline_or_from_a_file_that_may_change(tmp_path: Path) -> None:
    """A rotated token is used at once."""
    assert credentials({"token": "t"}).headers() == {"Authorization": "Bearer t"}
    file = tmp_path / "token"
    file.write_text("first\n")
    user = credentials({"tokenFile": str(file)})
    assert user.headers() == {"Authorization": "Bearer first"}
    file.write_text("second")
    assert user.headers() == {"Authorization": "Bearer second"}


def test_names_and_passwords_are_basic_authentication() -> None:
    """For old clusters."""
    expected = base64.b64encode(b"me:secret").decode()
    assert credentials({"username": "me", "password": "secret"}).headers() == {"Authorization": f"Basic {expected}"}


def test_nobody_sends_nothing_and_impersonation_sends_both() -> None:
    """Acting as someone else must never be dropped silently."""
    assert credentials({}).headers() == {}
    assert credentials({"token": "t", "as": "other"}).headers() == {
        "Authorization": "Bearer t",
        "Impersonate-User": "other",
    }
    with pytest.raises(UnreachableError, match="as-groups"):
        credentials({"token": "t", "as-groups": ["g"]}).headers()


def test_a_helper_is_asked_once_until_its_ticket_runs_out(tmp_path: Path) -> None:
    """It gets its variables and what Kubernetes promises; an expired ticket is asked for again."""
    count = tmp_path / "count"
    expires = (NOW + timedelta(hours=1)).isoformat()
    user = helper(
        tmp_path,
        f"""
import json, os, pathlib
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
assert info["spec"] == {{"interactive": False}}, info
count = pathlib.Path({str(count)!r})
number = len(count.read_text()) if count.exists() else 0
count.write_text("x" * (number + 1))
print(json.dumps({{"status": {{"token": os.environ["WHO"] + str(number), "expirationTimestamp": "{expires}"}}}}))
""",
    )
    mine = credentials(user)
    assert mine.headers() == {"Authorization": "Bearer me0"}
    assert mine.headers() == {"Authorization": "Bearer me0"}
    mine.now = lambda: NOW + timedelta(minutes=59, seconds=45)
    assert mine.headers() == {"Authorization": "Bearer me1"}
    assert mine.renew()
    assert mine.headers() == {"Authorization": "Bearer me2"}


def test_there_is_nothing_to_renew_without_a_helper() -> None:
    """A refused token stays refused."""
    assert not credentials({"token": "t"}).renew()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import sys; print('log in first', file=sys.stderr); sys.exit(2)", "ended with status 2: log in first"),
        ("print('hello')", "has not answered with an ExecCredential"),
    ],
)
def test_a_helper_that_fails_is_named_with_what_it_said(tmp_path: Path, text: str, said: str) -> None:
    """There is no cluster without it."""
    with pytest.raises(UnreachableError, match=said):
        credentials(helper(tmp_path, text)).headers()


def test_a_missing_helper_comes_with_its_install_hint() -> None:
    """The kubeconfig may say how to get it."""
    user = {"exec": {"command": "/no/such/helper", "installHint": "get it from the shop"}}
    with pytest.raises(UnreachableError, match=r"/no/such/helper.*get it from the shop"):
        credentials(user).headers()


def test_the_old_auth_providers_are_refused() -> None:
    """Kubernetes has dropped them."""
    with pytest.raises(UnreachableError, match="auth-provider"):
        credentials({"auth-provider": {"name": "gcp"}}).headers()


def certificate() -> tuple[str, str]:
    """A certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "me")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), plain.decode()


def test_tls_takes_the_clusters_authority_and_our_certificate() -> None:
    """Both inline in a kubeconfig."""
    pem, key = certificate()
    user = {
        "client-certificate-data": base64.b64encode(pem.encode()).decode(),
        "client-key-data": base64.b64encode(key.encode()).decode(),
    }
    context = credentials(user, ca_pem=pem).tls()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1


def test_tls_is_checked_unless_the_kubeconfig_says_not_to() -> None:
    """The setting insecure-skip-tls-verify."""
    assert credentials({}).tls().check_hostname
    assert credentials({}, is_tls_unchecked=True).tls().verify_mode == ssl.CERT_NONE


def test_a_key_that_does_not_fit_is_an_error() -> None:
    """Before any request is made."""
    pem, _ = certificate()
    _, other_key = certificate()
    user = {
        "client-certificate-data": base64.b64encode(pem.encode()).decode(),
        "client-key-data": base64.b64encode(other_key.encode()).decode(),
    }
    with pytest.raises(UnreachableError, match="certificate or key can't be used"):
        credentials(user).tls()
