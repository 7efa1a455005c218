"""Probes in CEL, for containers of pods that serve."""

from __future__ import annotations

from typing import Final

from policies.admission.cel import Expressions, Table, either, every, literal
from policies.rules.probes import HANDLERS, NOT_TCP


def _is_set(probe: str) -> str:
    return either(*(f"c.?{probe}.?{handler}.hasValue()" for handler in HANDLERS))


def _ports_are_declared(probe: str) -> str:
    """The port of each handler is one that the container declares; a number will do where it declares none."""
    declared = f"c.?ports.orValue([]).filter(port, !(port.?protocol.orValue('TCP') in {literal(NOT_TCP)}))"
    conditions = []
    for handler in HANDLERS:
        port = f"c.?{probe}.?{handler}.?port"
        number = f"string(port.containerPort) == string({port}.value())"
        name = f"port.?name.orValue('') == string({port}.value())"
        free = every(f"size({declared}) == 0", f"type({port}.value()) != string")
        conditions.append(either(f"!{port}.hasValue()", free, f"{declared}.exists(port, {either(number, name)})"))
    return every(*conditions)


TABLE: Final[Table] = {
    "readiness-probe-set": Expressions(
        container=every(_is_set("readinessProbe"), _ports_are_declared("readinessProbe")), among="serving"
    ),
    "liveness-probe-set": Expressions(
        container=every(
            _is_set("livenessProbe"), "c.?livenessProbe != c.?readinessProbe", _ports_are_declared("livenessProbe")
        ),
        among="serving",
    ),
}
