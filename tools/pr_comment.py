"""Put a comment on a pull request, once: the one that begins with the same marker is edited, or a new one is made.

    python3 tools/pr_comment.py .slipway/pr-check/prod/comment.md

Needs nothing but Python: it runs where no requirement is installed. Everything that it knows comes from the environment
that GitHub Actions give (GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_STEP_SUMMARY) and PR_NUMBER. Without
PR_NUMBER the text becomes the summary of the job: a pull request from a fork has a token that may only read.

Only a comment of a bot is edited: a marker in somebody's own comment is no invitation.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MARKER = re.compile(r"<!-- slipway-cost: [\w./-]+ -->")
PER_PAGE = 100
MAX_PAGES = 50
TRIES = 3
PAUSE_S = 2.0
TIMEOUT_S = 30


class Refused(Exception):
    """GitHub, or the environment, does not let us; the message says what to do."""


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """The exit status."""
    try:
        [path] = arguments
        text = Path(path).read_text(encoding="utf-8")
        print(put(text, environ))
    except ValueError:
        print("usage: pr_comment.py COMMENT.md", file=sys.stderr)
        return 64
    except (OSError, Refused) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def put(text: str, environ: Mapping[str, str]) -> str:
    """Where the text went, in words."""
    number = environ.get("PR_NUMBER", "")
    if not number:
        with Path(_need(environ, "GITHUB_STEP_SUMMARY")).open("a", encoding="utf-8") as summary:
            summary.write(f"{text}\n")
        return "written into the summary of the job"
    found = MARKER.match(text)
    if not found:
        raise Refused("the comment does not begin with its marker")
    if not number.isdigit():
        raise Refused(f"PR_NUMBER={number!r}: must be a number")
    api = (
        f"{environ.get('GITHUB_API_URL', 'https://api.github.com')}/repos/{_need(environ, 'GITHUB_REPOSITORY')}/issues"
    )
    token = _need(environ, "GITHUB_TOKEN")
    mine = next((each for each in _comments(f"{api}/{number}/comments", token) if _is_mine(each, found[0])), None)
    if mine is None:
        _ask("POST", f"{api}/{number}/comments", token, {"body": text})
        return f"comment made on #{number}"
    _ask("PATCH", f"{api}/comments/{mine['id']}", token, {"body": text})
    return f"comment {mine['id']} edited on #{number}"


def _comments(url: str, token: str) -> Iterator[dict[str, Any]]:
    for page in range(1, MAX_PAGES + 1):
        found = _ask("GET", f"{url}?per_page={PER_PAGE}&page={page}", token)
        yield from found
        if len(found) < PER_PAGE:
            return


def _is_mine(comment: Mapping[str, Any], marker: str) -> bool:
    is_bot = (comment.get("user") or {}).get("type") == "Bot"
    return is_bot and str(comment.get("body", "")).startswith(marker)


def _ask(method: str, url: str, token: str, data: Mapping[str, str] | None = None) -> Any:
    """The answer; asked again where the server is in trouble, but a comment is never made twice."""
    body = json.dumps(data).encode() if data is not None else None
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    request = urllib.request.Request(url, data=body, method=method, headers=headers)  # noqa: S310
    tries = 1 if method == "POST" else TRIES
    for left in reversed(range(tries)):
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code < 500 or not left:
                raise Refused(f"{method} {url}: {error.code} {error.reason}{_hint(error.code)}") from None
        except urllib.error.URLError as error:
            if not left:
                raise Refused(f"{method} {url}: {error.reason}") from None
        time.sleep(PAUSE_S)
    raise AssertionError("the last try returns or raises")


def _hint(status: int) -> str:
    return ": the job needs the permission pull-requests: write" if status in (401, 403, 404) else ""


def _need(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise Refused(f"{name} is not set")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
