"""`secrets`: who makes them. Values never come here."""

from collections.abc import Iterator, Mapping
from typing import Final

from infra import names
from infra.config.common import go_together, unless_none
from infra.settings import AUTO, NONE, Settings, words
from infra.stack import SecretsConfig, StackConfig

_OF_STORE: Final = {"store_kind": "ClusterSecretStore", "remote_prefix": AUTO, "refresh_s": words.SECRET_REFRESH_S}


def check(settings: Settings) -> Iterator[str]:
    """A store where one is needed."""
    found = settings.secrets
    is_external = found.source == "external"
    because = "slipway:secrets.source external"
    yield from go_together("secrets.store", found.store, is_needed=is_external, because=because)
    if not is_external:
        for key, default in _OF_STORE.items():
            if (value := getattr(found, key)) != default:
                yield f"slipway:secrets.{key}: {value!r} needs {because}; allowed here: {default!r}"
    sidecars = settings.sidecars
    is_for_sidecars = is_external and {sidecars.tunnel.secret, sidecars.health_monitor.webhook_secret} != {NONE}
    has_others = settings.backup.target == "s3" or is_for_sidecars
    if found.source != words.SECRET_SOURCE and not found.use and not has_others:
        yield f"slipway:secrets.use: [] with slipway:secrets.source {found.source}; allowed: hub-token, api-keys, ..."
    if "registry-login" in found.use and settings.image.pull_secret == NONE:
        yield "slipway:secrets.use: 'registry-login' needs slipway:image.pull_secret; allowed: a name for the Secret"


def check_values(found: StackConfig, named: Mapping[str, bool]) -> Iterator[str]:
    """`named`: the secure keys that the stack file has, and whether they are encrypted there.

    A value that nobody reads is a mistake; one in plain text is in the history of a repository for ever.
    """
    wanted = set(found.secrets.use) if found.secrets.source == "plain" else set()
    if found.secrets.source == "plain" and found.backup is not None and found.backup.secret is not None:
        wanted.add("backup-credentials")
    for key, is_encrypted in sorted(named.items()):
        use = key.replace("_", "-")
        if use not in wanted:
            yield f"slipway:{key}: nothing reads it; allowed with slipway:secrets.source plain and {use!r} in use"
        elif not is_encrypted:
            yield f"slipway:{key}: plain text; allowed: a new value, by `pulumi config set --secret slipway:{key}`"
    for use in sorted(wanted):
        if (key := use.replace("-", "_")) not in named:
            yield f"slipway:{key}: missing; allowed: a value by `pulumi config set --secret slipway:{key}`"


def resolve(stack: str, settings: Settings) -> SecretsConfig:
    """Each stack looks below its own name in the store."""
    found = settings.secrets
    prefix = f"{names.PROJECT}/{stack}" if found.remote_prefix == AUTO else found.remote_prefix
    use = tuple(dict.fromkeys(found.use))
    return SecretsConfig(found.source, use, unless_none(found.store), found.store_kind, prefix, found.refresh_s)
