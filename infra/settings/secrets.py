"""Keys of `secrets`: which are used and who makes them. No value is here: a plain one is a secure key of its own."""

from typing import Literal

from pydantic import Field

from infra.fields import DnsName, Text
from infra.settings import words
from infra.settings.group import Group, Seconds

Use = Literal["hub-token", "api-keys", "registry-login"]


class SecretSettings(Group):
    """`existing`: made by hand. `plain`: by the stack, of the key `hub_token` ... `external`: by the operator."""

    source: Literal["existing", "plain", "external"] = words.SECRET_SOURCE
    use: list[Use] = Field(default_factory=list)
    store: DnsName = words.NONE
    store_kind: Literal["ClusterSecretStore", "SecretStore"] = "ClusterSecretStore"
    remote_prefix: Text = words.AUTO
    refresh_s: Seconds = words.SECRET_REFRESH_S
