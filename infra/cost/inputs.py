"""The files that a user of the command line names: stack files, snapshots, standard input. Nothing else here reads any.

Without a file, a stack is priced by its plan: what its stack file asks for. That takes no Pulumi, no network and no
credentials, and the same commit gives the same figure; what is deployed already, only a preview tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import yaml

from infra import config, endpoints
from infra.catalog.load import load_catalog
from infra.cost import plain_yaml, settings_file, snapshot
from infra.cost.errors import CostSettingsError, SnapshotError
from infra.cost.settings import CostSettings
from infra.cost.snapshot import Snapshot
from infra.endpoints import Endpoints
from infra.plan import make_plan
from infra.stack import StackConfig
from kube import files
from kube.errors import SourceError

STDIN: Final = "-"
PROJECT_FILES: Final = ("Pulumi.yaml", "Pulumi.yml")


def read(name: str, stdin: BinaryIO) -> Snapshot:
    """A preview, an exported state or manifests; `-` is standard input."""
    return snapshot.of_text(text(name, stdin), "stdin" if name == STDIN else name)


def text(name: str, stdin: BinaryIO) -> str:
    """What a file holds; `-` is standard input."""
    return _text("stdin", stdin) if name == STDIN else _text(name)


def of_plan(stack: str, folder: Path) -> Snapshot:
    """What the stack file asks for."""
    return snapshot.of_plan(make_plan(config_of(stack, folder, endpoints.without_cluster()), load_catalog()))


def config_of(stack: str, folder: Path, known: Endpoints) -> StackConfig:
    """A stack file's settings, checked and resolved; `known` is what the local cluster tells."""
    raw = _config(stack_file(stack, folder))
    own = {key: value for key, value in raw.items() if key not in config.NOT_OURS | config.SECRET_KEYS}
    return config.parse(short(stack), own, load_catalog(), known, config.kinds_of(raw.get("cost")))


def settings_of(stack: str, folder: Path) -> CostSettings:
    """The stack's `slipway:cost`."""
    path = stack_file(stack, folder)
    found = _config(path).get("cost")
    if found is None:
        return settings_file.of_stack_file(_text(str(path)))  # its error has an example
    return settings_file.parse(found, key=f"{path.name}: {settings_file.KEY}")


def settings_in(path: Path) -> CostSettings:
    """Settings in a file of their own: the keys of `slipway:cost`."""
    return settings_file.parse(_yaml(path), key=str(path))


def short(stack: str) -> str:
    """`organisation/project/prod` -> `prod`."""
    return stack.rpartition("/")[2]


def stack_file(stack: str, folder: Path) -> Path:
    """In the project that the folder is in, as Pulumi looks for it."""
    for each in (folder, *folder.parents):
        if any((each / name).is_file() for name in PROJECT_FILES):
            path = each / f"Pulumi.{short(stack)}.yaml"
            if path.is_file():
                return path
            known = sorted(found.name.split(".")[1] for found in each.glob("Pulumi.*.yaml"))
            raise CostSettingsError([f"--stack {stack}: there is no {path}; stacks here: {', '.join(known) or 'none'}"])
    raise CostSettingsError([f"--stack {stack}: neither {folder} nor a folder above has a Pulumi.yaml"])


def _config(path: Path) -> Mapping[str, Any]:
    """The project's own keys, without its name; texts that hold JSON (`pulumi config set` writes them) are read."""
    content = _yaml(path)
    found = content.get("config") if isinstance(content, Mapping) else None
    if not isinstance(found, Mapping):
        raise CostSettingsError([f"{path}: must be a mapping with `config`"])
    own = {str(key).removeprefix(config.PREFIX): value for key, value in found.items() if _is_own(key)}
    return {key: config.decode(value) if isinstance(value, str) else value for key, value in own.items()}


def _is_own(key: object) -> bool:
    return str(key).startswith(config.PREFIX)


def _yaml(path: Path) -> Any:
    try:
        return plain_yaml.load(_text(str(path)))
    except yaml.YAMLError as error:
        raise CostSettingsError([f"{path}: no YAML: {' '.join(str(error).split())}"]) from None


def _text(name: str, stdin: BinaryIO | None = None) -> str:
    try:
        return files.text_of(name, stdin)
    except SourceError as error:
        raise SnapshotError([str(error)]) from None
