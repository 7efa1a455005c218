"""endpoints.json: the one file by which the local cluster tells the program where everything is.

The cluster's tools write it, the stack with `cluster.kind: embedded` reads it. Nothing else passes between them.
"""

import dataclasses
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.errors import EndpointsError

FILE_NAME = "endpoints.json"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses and names of the local cluster.

    Attributes:
        kubeconfig: absolute path; None only in `without_cluster()`.
        registry: host:port that both the builder and the nodes reach.
        builder: name of the buildx builder, or None for the default one.
        base_image: replaces the Dockerfiles' base image where the public one can't be pulled.
        ca_file: certificates that builds need behind a company's own authority.
        ingress_source_cidrs: from where the ingress controller reaches pods.
    """

    kubeconfig: str | None
    context: str
    registry: str
    builder: str | None
    base_image: str | None
    ca_file: str | None
    ingress_class: str
    ingress_url: str
    ingress_source_cidrs: tuple[str, ...]
    storage_classes: tuple[str, ...]


Text = Annotated[str, Field(min_length=1)]


class _File(BaseModel):
    """The file's schema: every key required, no other allowed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kubeconfig: Text
    context: Text
    registry: Text
    builder: Text | None
    base_image: Text | None
    ca_file: Text | None
    ingress_class: Text
    ingress_url: Text
    ingress_source_cidrs: Annotated[list[Text], Field(min_length=1)]  # an empty list of peers means everybody
    storage_classes: list[Text]


def without_cluster() -> Endpoints:
    """What a preview assumes while no local cluster was ever started."""
    return Endpoints(
        kubeconfig=None,
        context="slipway-local",
        registry="127.0.0.1:5000",
        builder=None,
        base_image=None,
        ca_file=None,
        ingress_class="slipway",
        ingress_url="http://localhost:8080",
        ingress_source_cidrs=("127.0.0.1/32",),
        storage_classes=("standard", "fast-ssd"),
    )


def load(state_dir: Path) -> Endpoints | None:
    """Read `state_dir`/endpoints.json; None where there is no such file."""
    path = state_dir / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EndpointsError([f"{path}: {error.strerror}; allowed: a file that can be read"]) from None
    try:
        file = _File.model_validate_json(text)
    except ValidationError as error:
        raise EndpointsError(
            f"{path}: {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}; `make up` writes it anew"
            for e in error.errors()
        ) from None
    values = file.model_dump()
    lists = {key: tuple(values[key]) for key in ("ingress_source_cidrs", "storage_classes")}
    return Endpoints(**{**values, **lists})


def save(endpoints: Endpoints, state_dir: Path) -> Path:
    """Write the file atomically: a reader sees the old one or the new one, never half of it."""
    state_dir.mkdir(parents=True, exist_ok=True)
    path = state_dir / FILE_NAME
    with tempfile.NamedTemporaryFile("w", dir=state_dir, delete=False, encoding="utf-8") as file:
        json.dump(dataclasses.asdict(endpoints), file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    return path
