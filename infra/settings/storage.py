"""Keys of `storage` and `backup`: classes by use, and what is kept elsewhere."""

from typing import Annotated, Literal

from pydantic import Field

from infra.fields import Bytes, DnsName, Label, Text, parse_field
from infra.settings import words
from infra.settings.group import Cron, DerivedBytes, Group, TimeZone


class StorageSettings(Group):
    """Storage classes by use; the access mode of weights follows from replicas, topology and delivery unless named."""

    weights_class: Label = words.WEIGHTS_CLASS
    data_class: Label = words.DATA_CLASS
    access_mode: Literal["auto", "ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"] = words.AUTO
    delivery: Literal["auto", "own", "shared", "image", "ephemeral"] = words.WEIGHTS
    cache_size: DerivedBytes = None
    protect: bool = False


class BackupSettings(Group):
    """When, what and to where; `secret` holds the credentials of a bucket."""

    target: Literal["none", "volume", "s3"] = words.BACKUP_TARGET
    schedule: Cron = words.BACKUP_SCHEDULE
    time_zone: TimeZone = words.TIME_ZONE
    keep: Annotated[int, Field(ge=1, le=365)] = words.BACKUP_KEEP
    what: list[Literal["models", "config", "history"]] = Field(
        min_length=1, default_factory=lambda: list(words.BACKUP_WHAT)
    )
    size: Bytes = parse_field(Bytes, words.BACKUP_BYTES)
    bucket: Text = words.NONE
    endpoint: Text = words.NONE
    region: Text = words.NONE
    secret: DnsName = words.NONE
