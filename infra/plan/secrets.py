"""Which Secrets there are, who makes each, and under which keys; never what is in them."""

from dataclasses import dataclass
from typing import Final, Literal

from infra import names
from infra.stack import StackConfig

Use = Literal["hub-token", "api-keys", "registry-login", "backup-credentials"]


@dataclass(frozen=True, slots=True)
class SecretPlan:
    """One Secret.

    Attributes:
        use: what it is for.
        name: of the Secret.
        key: in its data, and the file's name where it is mounted.
        source: existing: made by hand. plain: made of the stack's secure key `config_key`. external: from a store.
        remote_key: in the store.
    """

    use: Use
    name: str
    key: str
    source: Literal["existing", "plain", "external"]
    config_key: str
    remote_key: str | None = None


KEYS: Final[dict[Use, str]] = {
    "hub-token": "token",
    "api-keys": "keys",
    "registry-login": ".dockerconfigjson",
    "backup-credentials": "credentials",
}


def plan_secrets(config: StackConfig) -> tuple[SecretPlan, ...]:
    """In the order of the settings' uses."""
    found = config.secrets
    return tuple(
        SecretPlan(
            use=use,
            name=_name(use, config),
            key=key,
            source=found.source,  # type: ignore[arg-type]  # the settings allow these only
            config_key=use.replace("-", "_"),
            remote_key=f"{found.remote_prefix}/{use}" if found.source == "external" else None,
        )
        for use, key in KEYS.items()
        if use in found.use or (use == "backup-credentials" and _backs_up_to_bucket(config))
    )


def _backs_up_to_bucket(config: StackConfig) -> bool:
    """Then its credentials are a Secret like the others, though no key of `secrets.use` names them."""
    return config.backup is not None and config.backup.secret is not None


def _name(use: Use, config: StackConfig) -> str:
    if use == "backup-credentials" and config.backup is not None and config.backup.secret is not None:
        return config.backup.secret
    if use == "registry-login" and config.image.pull_secret is not None:
        return config.image.pull_secret
    return names.secret(use)
