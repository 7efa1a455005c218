"""Who we are for an API server: certificates, tokens, passwords, and helper programs (`exec`) that give them.

Also the TLS side of it. Knows nothing of HTTP: `headers` says what to send, `tls` how to speak.
"""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tools.plugins.kubernetes.errors import UnreachableError
from tools.plugins.kubernetes.kubeconfig import Access, pem

EXEC_TIMEOUT_S: Final = 60.0
RENEW_BEFORE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a helper program has given."""

    token: str = ""
    certificate_pem: str = ""
    key_pem: str = ""
    expires_at: datetime | None = None

    def is_fresh(self, now: datetime) -> bool:
        """Whether it can be used for the next request."""
        return self.expires_at is None or (self.expires_at - now).total_seconds() > RENEW_BEFORE_S


@dataclass(slots=True)
class Credentials:
    """The user of one access; asks the helper program again when its ticket has run out."""

    access: Access
    environ: Mapping[str, str]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _ticket: Ticket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def headers(self) -> dict[str, str]:
        """What every request carries."""
        user = self.access.user
        if user.get("auth-provider"):
            raise UnreachableError("kubeconfig: users with an auth-provider are no longer supported; use exec instead")
        token = self._token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if not token and user.get("username"):
            pair = f"{user['username']}:{user.get('password') or ''}".encode()
            headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        return headers | _impersonation(user)

    def renew(self) -> bool:
        """Forget the ticket after the API server has refused it; False when there is none to renew."""
        with self._lock:
            had_one, self._ticket = self._ticket is not None, None
        return had_one

    def tls(self) -> ssl.SSLContext:
        """How to speak with the server, with our certificate if we have one."""
        try:
            context = ssl.create_default_context(cadata=self.access.ca_pem or None)
            if self.access.is_tls_unchecked:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            certificate, key = self._certificate()
            if certificate:
                _load_certificate(context, certificate, key)
        except ssl.SSLError as e:
            raise UnreachableError(f"kubeconfig: a certificate or key can't be used: {e}") from e
        return context

    def _token(self) -> str:
        user = self.access.user
        if user.get("tokenFile"):
            try:
                return Path(user["tokenFile"]).read_text().strip()  # rotated by others: read anew each time
            except OSError as e:
                raise UnreachableError(f"kubeconfig: tokenFile {user['tokenFile']}: {e.strerror}") from e
        return str(user.get("token") or "") or self._exec_ticket().token

    def _certificate(self) -> tuple[str, str]:
        user = self.access.user
        certificate = pem(user, "client-certificate")
        if certificate:
            return certificate, pem(user, "client-key")
        ticket = self._exec_ticket()
        return ticket.certificate_pem, ticket.key_pem

    def _exec_ticket(self) -> Ticket:
        spec = self.access.user.get("exec")
        if not spec:
            return Ticket()
        with self._lock:  # one helper at a time: it may open a browser
            if self._ticket is None or not self._ticket.is_fresh(self.now()):
                self._ticket = _run_helper(spec, self.access, self.environ)
            return self._ticket


def _impersonation(user: Mapping[str, Any]) -> dict[str, str]:
    if user.get("as-groups") or user.get("as-user-extra"):
        raise UnreachableError("kubeconfig: as-groups and as-user-extra are not supported by this stand-in")
    names = {"as": "Impersonate-User", "as-uid": "Impersonate-Uid"}
    return {header: str(user[key]) for key, header in names.items() if user.get(key)}


def _run_helper(spec: Mapping[str, Any], access: Access, environ: Mapping[str, str]) -> Ticket:
    api_version = spec.get("apiVersion") or "client.authentication.k8s.io/v1"
    cluster = {"cluster": dict(access.cluster)} if spec.get("provideClusterInfo") else {}
    info = {"apiVersion": api_version, "kind": "ExecCredential", "spec": {"interactive": False, **cluster}}
    extra = {entry["name"]: entry["value"] for entry in spec.get("env") or []}
    argv = [spec["command"], *(spec.get("args") or [])]
    try:
        done = subprocess.run(
            argv,
            env={**environ, **extra, "KUBERNETES_EXEC_INFO": json.dumps(info)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=EXEC_TIMEOUT_S,
            check=True,
        )
        status = json.loads(done.stdout)["status"]
    except subprocess.CalledProcessError as e:
        raise UnreachableError(f"kubeconfig: `{' '.join(argv)}` ended with status {e.returncode}: {e.stderr}") from e
    except (OSError, subprocess.TimeoutExpired) as e:
        hint = f"; {spec['installHint']}" if spec.get("installHint") else ""
        raise UnreachableError(f"kubeconfig: `{argv[0]}` can't be run: {e}{hint}") from e
    except (ValueError, KeyError, TypeError) as e:
        raise UnreachableError(f"kubeconfig: `{argv[0]}` has not answered with an ExecCredential") from e
    expires = status.get("expirationTimestamp")
    return Ticket(
        token=status.get("token") or "",
        certificate_pem=status.get("clientCertificateData") or "",
        key_pem=status.get("clientKeyData") or "",
        expires_at=datetime.fromisoformat(expires) if expires else None,
    )


def _load_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """The ssl module takes files only: these live for a moment, readable by us alone."""
    with tempfile.TemporaryDirectory() as directory:
        both = Path(directory) / "certificate-and-key"
        both.touch(mode=0o600)
        both.write_text(f"{certificate}\n{key}")
        context.load_cert_chain(both)
