"""What nobody outside may read: keys, tokens, certificates of the build, addresses of proxies.

Looks into every file of every layer, also into those that a later layer hides, and into what the configuration tells of
itself: environment, labels, history. Findings name the place and the kind, never the secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.image.layers import File

PRIVATE_KEY = "a private key"
KINDS: Mapping[str, bytes] = {
    PRIVATE_KEY: rb"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}",
    "a token of Hugging Face": rb"\bhf_[A-Za-z0-9]{34}\b",
    "a token of GitHub": rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{80})",
    "a key of AWS": rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of PyPI": rb"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50}",
    "a token of Slack": rb"\bxox[abpr]-[0-9A-Za-z-]{20}",
    "a JSON web token": rb"\beyJhbGciOi[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20}",
}
TOLD_KINDS: Mapping[str, bytes] = {
    **KINDS,
    "a password in an address": rb"\b[a-z][a-z0-9+.-]*://[^/\s:@\"']+:[^/\s@\"']+@",
    "a proxy": rb"(?i)\b(?:https?|all|no|ftp)_proxy\b\\?\"?[=:]\s*\S",
    "a value that is named like a secret": rb"(?i)\b[a-z_]*(?:password|passwd|secret|api_?key|token)=[^\s\"$]{6}",
}
"""In the configuration. In files the last three would find documentation."""
FILES = re.compile(
    r"(^|/)(\.netrc|\.npmrc|\.pypirc|\.git-credentials|pip\.conf|id_(rsa|ed25519|ecdsa)|\.env|\.dockerconfigjson"
    r"|\.docker/config\.json|apt\.conf\.d/[^/]*proxy[^/]*|\.bash_history|\.python_history|\.git)$"
)
"""Names of files that hold them."""


@dataclass(slots=True)
class Searcher:
    """Is shown file after file, and keeps where something was."""

    own_certificates: frozenset[bytes] = frozenset()
    """A line of each certificate that only this machine trusts."""
    found: list[str] = field(default_factory=list)
    _patterns: dict[str, re.Pattern[bytes]] = field(default_factory=lambda: _compiled(KINDS))

    def look(self, file: File, content: bytes) -> None:
        """One file with its content."""
        if FILES.search(file.path):
            self.found.append(f"/{file.path}: a file of this name holds secrets or settings of the build's machine")
        is_binary = content.startswith(b"\x7fELF")  # libraries for TLS carry keys to test themselves with
        for kind, pattern in self._patterns.items():
            if pattern.search(content) and not (is_binary and kind == PRIVATE_KEY):
                self.found.append(f"/{file.path}: {kind}")
        if any(line in content for line in self.own_certificates):
            self.found.append(f"/{file.path}: a certificate that only the build was given")


def told(config: Mapping[str, Any]) -> Iterator[str]:
    """What the configuration tells: environment, labels, commands and history."""
    patterns = _compiled(TOLD_KINDS)
    places = [(f"config.{key}", value) for key, value in (config.get("config") or {}).items()]
    places += [("history", entry) for entry in config.get("history") or []]
    for place, value in places:
        text = json.dumps(value, ensure_ascii=False).encode()
        yield from (f"{place}: {kind}" for kind, pattern in patterns.items() if pattern.search(text))


def own_certificates(bundle: str, public: Iterable[str]) -> frozenset[bytes]:
    """Of a bundle of certificates those that are in no public one, each by a line that no other has."""
    known = {body for text in public for body in _bodies(text)}
    return frozenset(body[64:128].encode() for body in _bodies(bundle) if body not in known)


def public_bundles(folder: Path = Path("/usr/share/ca-certificates")) -> list[str]:
    """What the world trusts, as this machine and httpx have it."""
    import certifi

    texts = [path.read_text(errors="replace") for path in sorted(folder.rglob("*.crt"))]
    return [certifi.contents(), *texts]


def _bodies(text: str) -> list[str]:
    return ["".join(body.split()) for body in re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END", text, re.DOTALL)]


def _compiled(kinds: Mapping[str, bytes]) -> dict[str, re.Pattern[bytes]]:
    return {kind: re.compile(pattern) for kind, pattern in kinds.items()}
