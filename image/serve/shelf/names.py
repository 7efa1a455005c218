"""Keeps copied names over a restart: one small file in the state directory, written whole or not at all."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from serve.shelf.registry import Names

log = logging.getLogger(__name__)

FILE = "names.json"


class NameFile:
    """Where the names are kept. Without a state directory: nowhere, which the log tells when it first matters."""

    def __init__(self, state_dir: Path | None) -> None:
        self._path = None if state_dir is None else state_dir / FILE

    def read(self) -> Names:
        """What was kept. A broken file is put aside for whoever wants to look into it: models serve without it."""
        if self._path is None:
            return Names()
        try:
            return TypeAdapter(Names).validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return Names()
        except (OSError, ValidationError) as error:
            log.error("copied names can't be read from %s: %s", self._path, str(error).splitlines()[0])
            self._put_aside(self._path)
            return Names()

    def write(self, names: Names) -> None:
        """Keep these. OSError: they can't be kept."""
        if self._path is None:
            log.warning("copied names are kept until the server ends: SLIPWAY_STATE_DIR is not set")
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(f".{self._path.name}.part")
        with partial.open("w", encoding="utf-8") as file:
            json.dump(asdict(names), file, indent=2, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)

    def _put_aside(self, path: Path) -> None:
        try:
            path.replace(path.with_name(f"{path.name}.broken"))
        except OSError as error:
            log.error("it can't be put aside either: %s", error.strerror)
