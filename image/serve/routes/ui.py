"""The page at /ui: a fixed table of files, and what it shows, as JSON. Open it in a browser; docs/server.md.

The page itself is public and holds nothing; what it asks for is guarded like everybody's requests. It may load only
what comes from here, nobody may frame it, and no text can become a script in it, whatever a model writes.
"""

from __future__ import annotations

import functools
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from serve.answers.overview import overview
from serve.container import read_memory
from serve.errors import NotFoundError
from serve.routes.health import _word
from serve.routes.table import Routes
from serve.services import Services

router = Routes("ui")

FOLDER: Final = Path(__file__).parent.parent / "ui"
_SCRIPT: Final = "text/javascript; charset=utf-8"
# The only names that are served: no name in a request ever becomes a path.
FILES: Final = {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "api.js": _SCRIPT,
    "app.js": _SCRIPT,
    "chat.js": _SCRIPT,
    "dom.js": _SCRIPT,
    "load.js": _SCRIPT,
    "markdown.js": _SCRIPT,
    "models.js": _SCRIPT,
    "pulls.js": _SCRIPT,
}
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Names stay the same over versions: a browser asks each time, and is told in a few bytes that nothing changed.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file of the page."""

    body: bytes
    media_type: str
    etag: str


@functools.cache
def load(name: str) -> File:
    """Read at its first use: a server whose page nobody opens does not read it."""
    body = (FOLDER / name).read_bytes()
    return File(body, FILES[name], f'"{hashlib.sha256(body).hexdigest()[:32]}"')


@router.add("/ui", "GET", "HEAD", in_document=False)
async def page(request: Request) -> Response:
    """Where to begin."""
    return _file("index.html", request)


@router.add("/ui/", "GET", "HEAD", in_document=False)
async def page_with_slash() -> Response:
    """The page names its files from above. A relative address, as only the client knows which one it has used."""
    return RedirectResponse("../ui", status_code=308)


@router.get("/ui/state", in_document=False)
async def state(services: Services) -> dict[str, Any]:
    """Models, load, memory and pulls at this moment. It changes with the page; programs read /metrics."""
    supervisor = services.supervisor
    return overview(
        word=_word(services),
        now=time.time(),
        memory_bytes=own_memory_bytes(),
        container=read_memory(),
        models=zip(supervisor.models.models, supervisor.statuses(), strict=True),
        pulls=services.pulls.all(),
    )


@router.add("/ui/{name}", "GET", "HEAD", in_document=False)
async def file(name: str, request: Request) -> Response:
    """What the page is made of."""
    if name not in FILES:
        raise NotFoundError(f"there is no {request.url.path} here")
    return _file(name, request)


def _file(name: str, request: Request) -> Response:
    found = load(name)
    headers = HEADERS | {"ETag": found.etag}
    known = (each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(","))
    if found.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)


def own_memory_bytes(statm: Path = Path("/proc/self/statm")) -> int:
    """Of this process, which holds no model; 0 where the kernel does not say it so."""
    try:
        return int(statm.read_text().split()[1]) * 4096
    except (OSError, IndexError, ValueError):
        return 0
