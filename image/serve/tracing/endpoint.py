"""Where spans are sent, by OpenTelemetry's own variables. Pure, and free of its packages: most servers send none.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

log = logging.getLogger(__name__)

PREFIX = "OTEL_EXPORTER_OTLP_"
PROTOCOLS = ("http/json", "http/protobuf")


def traces_endpoint(environ: Mapping[str, str]) -> str | None:
    """The address for spans, or None where there are to be none.

    A variable that is wrong is told in the log and no reason not to serve: often the cluster sets it for all pods.
    """
    base, own = environ.get(f"{PREFIX}ENDPOINT", ""), environ.get(f"{PREFIX}TRACES_ENDPOINT", "")
    if not (base or own) or environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if environ.get("OTEL_TRACES_EXPORTER", "") not in ("otlp", ""):
        return None
    protocol = variable(environ, "PROTOCOL") or PROTOCOLS[0]
    if protocol not in PROTOCOLS:
        log.warning("no traces: %sPROTOCOL is %r: %s is spoken here, port 4318", PREFIX, protocol, PROTOCOLS[0])
        return None
    found = own or f"{base.rstrip('/')}/v1/traces"
    if not found.startswith(("http://", "https://")):
        log.warning("no traces: %sENDPOINT is %r: http://... or https://... is allowed", PREFIX, own or base)
        return None
    return found


def variable(environ: Mapping[str, str], name: str) -> str:
    """What is said of traces, else of all signals."""
    return environ.get(f"{PREFIX}TRACES_{name}") or environ.get(f"{PREFIX}{name}", "")
