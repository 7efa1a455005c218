"""The rules as policies of Pulumi's SDK, and the process that the engine starts.

One policy per rule, so that names, levels, descriptions and configuration are what `pulumi` knows of any pack. Settings
come from the stack file, `slipway:policy`; without them, or without a stack, a production stack's hold.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent import futures
from typing import Any

import grpc
import pulumi
from pulumi.runtime.proto import analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel, Policy, ResourceValidationPolicy, Severity, StackValidationPolicy

from policies import cost_settings, settings_file
from policies.analyzer import Analyzer
from policies.errors import PolicyError
from policies.evaluate import level_of
from policies.rule import Rule, Scope
from policies.rules import RULES
from policies.settings import Level, Settings

CONFIG_NAMESPACE, CONFIG_KEY, COST_KEY = "slipway", "policy", "cost"
PREFIX = f"{CONFIG_NAMESPACE}:{CONFIG_KEY}."
MAX_MESSAGE_BYTES = 400 * 2**20  # as in the SDK: a stack is one message
SEVERITIES = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)  # by in how many environments the rule is mandatory
NUM_WORKERS = 4
DAY_S = 24 * 60 * 60


def main() -> None:
    """Serve until the engine ends this process. The port is the first line of output, as the engine expects."""
    try:
        analyzer = make_analyzer(RULES, read_settings(RULES))
    except PolicyError as error:
        print(f"policy pack: {error}", file=sys.stderr)  # noqa: T201  shown by the engine
        sys.exit(1)
    options = [("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(NUM_WORKERS), options=options)
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(analyzer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201
    try:
        while True:
            time.sleep(DAY_S)
    except KeyboardInterrupt:
        server.stop(None)


def read_settings(rules: Sequence[Rule]) -> Settings:
    """Those of the running stack, whichever project it is of."""
    data = cost_settings.with_cost(_configured(CONFIG_KEY), _configured(COST_KEY))
    settings = settings_file.parse(data, stack=_stack(), rule_ids={rule.id for rule in rules}, prefix=PREFIX)
    cost_settings.check(settings.cost)
    return settings


def _configured(key: str) -> Any:
    """A setting of the stack: JSON, or whatever else somebody has set."""
    text = pulumi.Config(CONFIG_NAMESPACE).get(key)
    try:
        return json.loads(text) if text else {}
    except json.JSONDecodeError:
        return text


def _stack() -> str:
    """Empty where the pack runs for none, as when it is published."""
    return os.environ.get("PULUMI_STACK", "")


def make_analyzer(rules: Sequence[Rule], settings: Settings) -> Analyzer:
    """All rules behind the engine's interface."""
    return Analyzer(rules, make_policies(rules, settings), settings, _today)


def make_policies(rules: Sequence[Rule], settings: Settings) -> Mapping[str, Policy]:
    """One policy per rule, at the rule's level in this stack."""
    return {rule.id: _policy(rule, level_of(rule, settings)) for rule in rules}


def _policy(rule: Rule, level: Level) -> Policy:
    words: dict[str, Any] = {
        "name": rule.id,
        "description": rule.why,
        "validate": _elsewhere,
        "enforcement_level": EnforcementLevel(level.value),
        "severity": SEVERITIES[sum(level is Level.MANDATORY for level in rule.level.values())],
        "remediation_steps": f"{rule.source}\n\n{rule.good.strip()}",
        "url": f"docs/policies.md#{rule.id}",
    }
    if rule.scope is Scope.STACK:
        return StackValidationPolicy(**words)
    return ResourceValidationPolicy(**words, remediate=_elsewhere if rule.remedy else None)


def _elsewhere(*_arguments: Any) -> Any:
    raise AssertionError("the analyzer runs the rules, not the SDK")


def _today() -> datetime.date:
    return datetime.datetime.now(tz=datetime.UTC).date()
