"""The pulls of a real server: real children, real time."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from pathlib import PurePosixPath

from serve.models import SourceEntry
from serve.pulls.child import ProcessLauncher
from serve.pulls.pull import Discover
from serve.pulls.pulls import Pulls
from serve.pulls.types import PullOrder
from serve.settings import Settings


def make_pulls(settings: Settings, environ: Mapping[str, str], discover: Discover) -> Pulls:
    """By settings. `environ` has what the hub's client reads by itself."""
    return Pulls(
        launcher=ProcessLauncher(settings.models_dir, environ),
        discover=discover,
        clock=time.monotonic,
        wall=time.time,
        new_id=lambda: secrets.token_hex(6),
        repositories=tuple(settings.pull_allow.replace(",", " ").split()),
    )


class SourcePuller:
    """Brings the weights of models whose source is known: what the supervisor wants of pulls."""

    def __init__(self, pulls: Pulls) -> None:
        self._pulls = pulls

    async def pull(self, source: SourceEntry, file: str) -> None:
        """Returns when the file is in the models directory; RequestError says why it is not."""
        wanted = source.file or file
        stored = None if PurePosixPath(wanted).name == file else file
        pull = self._pulls.start(PullOrder(source.repo, wanted, source.revision, source.sha256, stored))
        async for _ in pull.follow():
            pass
        pull.check()
