"""Which services there are: of a text `name=url,...` or of a YAML or JSON file. Knows no environment and no network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from health_monitor.errors import SetupError

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
NAME_ALLOWED = "letters, digits, dots, dashes and underscores, at most 63"
URL_ALLOWED = "http://host[:port]/path or https://..."

Pause = Annotated[float, Field(gt=0, le=86_400)]
Count = Annotated[int, Field(ge=1, le=1000)]
Status = Annotated[int, Field(ge=100, le=599)]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a service is asked, how long is waited for it, and what it takes to call it down or up again.

    `start_s`: how long one that was never well may take to start.
    """

    interval_s: float = 15.0
    timeout_s: float = 5.0
    down_after: int = 3
    up_after: int = 2
    start_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Service:
    """One that is watched. `statuses`: what counts as well; none: 200 to 299."""

    name: str
    url: str
    pace: Pace
    statuses: frozenset[int] = frozenset()

    @property
    def shown_url(self) -> str:
        """For logs and messages: without user, password and query, which may be secrets."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path}"


class _Entry(BaseModel):
    """A service in the file; what it does not say is as the variables have it."""

    model_config = ConfigDict(extra="forbid")

    name: str
    url: str
    interval_s: Pause | None = None
    timeout_s: Pause | None = None
    down_after: Count | None = None
    up_after: Count | None = None
    start_s: Annotated[float, Field(ge=0, le=86_400)] | None = None
    statuses: list[Status] = Field(default_factory=list)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    services: list[_Entry]


def of_text(text: str, pace: Pace, variable: str) -> list[Service]:
    """Pairs between commas."""
    pairs = [part.strip() for part in text.split(",")]
    found = []
    for pair in (pair for pair in pairs if pair):
        name, equals, url = pair.partition("=")
        if not equals:
            raise SetupError(f"{variable}: no '=' in part {pairs.index(pair) + 1}; allowed: name=url,name=url,...")
        found.append(Service(name.strip(), url.strip(), pace))
    return found


def of_file(path: Path, pace: Pace, variable: str) -> list[Service]:
    """A mapping with a list `services`. JSON is YAML, too."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(f"{variable}: {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SetupError(f"{variable}: {path} is neither YAML nor JSON{_place(error)}") from None
    if not isinstance(content, dict):
        raise SetupError(f"{variable}: {path} has no list `services`")
    try:
        entries = _File.model_validate(content).services
    except ValidationError as error:
        raise SetupError(f"{variable}: {path}: " + "; ".join(_line(each) for each in error.errors())) from None
    return [_service(entry, pace) for entry in entries]


def check(services: Iterable[Service], variable: str) -> tuple[Service, ...]:
    """At least one, each with a name of its own and an address that can be asked; all problems in one error."""
    found = tuple(services)
    if problems := list(_problems(found)):
        raise SetupError(f"{variable}: " + "; ".join(problems))
    if not found:
        raise SetupError(f"{variable}: no service; allowed: name=url,name=url,... here, or a file in SERVICES_FILE")
    return found


def _service(entry: _Entry, pace: Pace) -> Service:
    own = Pace(
        interval_s=entry.interval_s or pace.interval_s,
        timeout_s=entry.timeout_s or pace.timeout_s,
        down_after=entry.down_after or pace.down_after,
        up_after=entry.up_after or pace.up_after,
        start_s=pace.start_s if entry.start_s is None else entry.start_s,
    )
    return Service(entry.name, entry.url, own, frozenset(entry.statuses))


def _problems(services: tuple[Service, ...]) -> Iterator[str]:
    """Addresses are not repeated: they may have secrets in them."""
    for name, count in Counter(service.name for service in services).items():
        if count > 1:
            yield f"{count} services are called {name!r}; each has a name of its own"
    for service in services:
        if not NAME.fullmatch(service.name):
            yield f"{service.name!r} is no name of a service; allowed: {NAME_ALLOWED}"
        elif not can_be_asked(service.url):
            yield f"the address of {service.name!r} can't be asked; allowed: {URL_ALLOWED}"
        elif service.pace.timeout_s > service.pace.interval_s:
            yield (
                f"the timeout of {service.name!r} is {service.pace.timeout_s:g} s; allowed: "
                f"at most its interval of {service.pace.interval_s:g} s"
            )


def can_be_asked(url: str) -> bool:
    """Whether it is an address of HTTP."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        return False
    return parts.scheme in ("http", "https") and bool(parts.host) and url.isprintable() and " " not in url


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 1})" if mark is not None else ""


def _line(error: Any) -> str:
    """Which entry and key, and what is wrong; not the value, which may be an address with a secret."""
    where = ".".join(str(part) for part in error["loc"]) or "the file"
    return f"{where}: {error['msg'][0].lower()}{error['msg'][1:]}"
