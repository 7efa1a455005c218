"""`storage` and `backup`."""

import re
from collections.abc import Iterator

from infra.config.common import go_together, unless_none
from infra.endpoints import Endpoints
from infra.settings import AUTO, NONE, Settings
from infra.stack import BackupConfig, StorageConfig

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ENDPOINT = re.compile(r"https?://[\w.\[\]:-]+(/[\w./-]*)?")


def check(settings: Settings, endpoints: Endpoints) -> Iterator[str]:
    """Classes that the local cluster has, and a bucket with its credentials."""
    if settings.cluster.kind == "embedded":
        classes = endpoints.storage_classes
        for key in ("weights_class", "data_class"):
            value = getattr(settings.storage, key)
            if value not in classes:
                yield f"slipway:storage.{key}: {value!r} is not allowed; allowed: {', '.join(classes)}"
    delivery = settings.storage.delivery
    shared = [name for name, model in settings.models.items() if (model.weights or delivery) == "shared"]
    if shared and settings.storage.access_mode == "ReadOnlyMany":
        yield (
            "slipway:storage.access_mode: 'ReadOnlyMany' is a clone, which all models would have to leave whenever one "
            f"of them changes; allowed with weights: shared ({', '.join(sorted(shared))}): 'auto', 'ReadWriteMany'"
        )
    if settings.storage.cache_size is not None and not shared:
        yield "slipway:storage.cache_size: needs a model with weights: shared; allowed here: 'derived'"
    yield from _check_backup(settings)


def _check_backup(settings: Settings) -> Iterator[str]:
    backup = settings.backup
    to_bucket = backup.target == "s3"
    for key in ("bucket", "secret"):
        because = "slipway:backup.target s3"
        yield from go_together(f"backup.{key}", getattr(backup, key), is_needed=to_bucket, because=because)
    if backup.bucket != NONE and not BUCKET.fullmatch(backup.bucket):
        yield f"slipway:backup.bucket: {backup.bucket!r} is not allowed; allowed: a bucket's name, such as my-backups"
    if backup.endpoint != NONE and not ENDPOINT.fullmatch(backup.endpoint):
        yield f"slipway:backup.endpoint: {backup.endpoint!r} is not allowed; allowed: a URL such as http://minio.s3:9000"
    for key in ("endpoint", "region"):
        if getattr(backup, key) != NONE and not to_bucket:
            yield f"slipway:backup.{key}: needs slipway:backup.target s3; allowed here: 'none'"


def resolve(settings: Settings) -> StorageConfig:
    """None where the access mode is to be solved."""
    storage = settings.storage
    mode = None if storage.access_mode == AUTO else storage.access_mode
    return StorageConfig(storage.weights_class, storage.data_class, mode, storage.protect, storage.cache_size)


def resolve_backup(settings: Settings) -> BackupConfig | None:
    """None where there is none."""
    backup = settings.backup
    if backup.target == "none":
        return None
    return BackupConfig(
        target=backup.target,
        schedule=backup.schedule,
        time_zone=backup.time_zone,
        keep=backup.keep,
        what=tuple(dict.fromkeys(backup.what)),
        volume_bytes=backup.size,
        bucket=unless_none(backup.bucket),
        endpoint=unless_none(backup.endpoint),
        region=unless_none(backup.region),
        secret=unless_none(backup.secret),
    )
