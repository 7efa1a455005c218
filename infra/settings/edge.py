"""Keys of `edge` and `monitoring`: how requests get in, and from where metrics are read."""

from typing import Annotated, Literal

from pydantic import Field

from infra.fields import Bytes, DnsName, Label, Text, parse_field
from infra.settings import words
from infra.settings.group import Group, Seconds


class EdgeSettings(Group):
    """How requests get in. `tls: auto` is cert-manager where an issuer is named, else the Secret where one is named."""

    kind: Literal["ingress", "gateway"] = words.EDGE_KIND
    class_: Annotated[Label, Field(alias="class")] = words.AUTO
    host: DnsName = words.AUTO
    from_namespace: Label = words.AUTO
    gateway: Label = words.AUTO
    gateway_namespace: Label = words.AUTO
    tls: Literal["auto", "none", "secret", "cert-manager"] = words.AUTO
    tls_secret: DnsName = words.NONE
    issuer: DnsName = words.NONE
    issuer_kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"
    affinity_s: Annotated[int, Field(ge=0, le=86_400)] = words.AFFINITY_S
    body_limit: Bytes = parse_field(Bytes, words.BODY_BYTES)
    timeout_s: Seconds = words.TIMEOUT_S


class MonitoringSettings(Group):
    """From where metrics are read, and where traces go; with `operator`, its objects are made with the labels that it
    selects by.
    """

    namespace: Label = words.MONITORING_NAMESPACE
    operator: bool = False
    labels: dict[Text, Text] = Field(default_factory=lambda: dict(words.OPERATOR_LABELS))
    interval_s: Seconds = words.SCRAPE_S
    otlp_endpoint: Text = words.NONE
