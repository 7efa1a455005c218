"""What the relay is told, beside the settings that it shares with servers: SLIPWAY_SERVERS."""

from __future__ import annotations

import re
from typing import Final

from serve.errors import SetupError
from serve.settings import PREFIX, Settings

LOOK_EVERY_S: Final = 2.0
LOOK_FOR_ABSENT_EVERY_S: Final = 5.0
LOOK_S: Final = 2.0
"""How long a server may take to say how it is."""

_SERVER: Final = re.compile(r"http://(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(:[0-9]{1,5})?")


class RelaySettings(Settings):
    """As servers have them, and where the servers are."""

    servers: str = ""  # http://qwen:8000,http://llama:8000; those that do not answer are left out until they do


def parse_servers(text: str) -> tuple[str, ...]:
    """Addresses in their order, or SetupError with the one that is wrong."""
    servers = tuple(dict.fromkeys(each.strip().rstrip("/") for each in text.split(",") if each.strip()))
    if not servers:
        raise SetupError(f"{PREFIX}SERVERS is empty: addresses like http://qwen:8000, separated by commas, are needed")
    for server in servers:
        if not _SERVER.fullmatch(server):
            raise SetupError(f"{PREFIX}SERVERS has {server!r}: http://HOST:PORT is allowed, without a path")
    return servers
