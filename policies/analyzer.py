"""What the engine talks to: the SDK's servicer, whose three questions about resources are answered by our own rules.

Names, levels and configuration are the SDK's. What is overridden, and why: for every policy the SDK converts all
properties anew, ends a policy at the first unknown value it touches and calls the rest advisory, and drops the marks of
secrets. Here each resource is converted once, every rule is asked, and each verdict has its own level.

A stack is judged by what the program asked for, which `Analyze` has seen, not by what the cluster made of it: defaults
of the API server are nobody's mistake, and a preview has none.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import grpc
import pulumi
from pulumi.runtime import proto
from pulumi_policy import Policy
from pulumi_policy.policy import EnforcementLevel, _PolicyAnalyzerServicer

from kube import resources
from kube.objects import Object, expand
from policies import diagnostics, plain, waivers
from policies.diagnostics import PACK, VERSION
from policies.evaluate import Verdict, evaluate_object, evaluate_stack, level_of
from policies.judge import settle, told_of_patch, waits
from policies.rule import Rule
from policies.settings import Level, Settings
from policies.settings_file import EVERY_RULE, alike

READ_ONLY = "only read here, not made by this stack"


class Analyzer(_PolicyAnalyzerServicer):
    """Answers for all rules. `policies` are the same rules as the SDK sees them, by rule id."""

    def __init__(
        self,
        rules: Sequence[Rule],
        policies: Mapping[str, Policy],
        settings: Settings,
        today: Callable[[], datetime.date],
    ) -> None:
        super().__init__(PACK, VERSION, list(policies.values()), EnforcementLevel.ADVISORY)
        self._rules = rules
        self._policies = policies
        self._settings = settings
        self._today = today
        self._asked_for: dict[str, Object] = {}
        self._verdicts: list[Verdict] = []
        self._waiting: list[Verdict] = []
        self._secrets: set[str] = set()

    def Configure(self, request: proto.ConfigureAnalyzerRequest, context: Any) -> Any:
        """Levels from `--policy-pack-config`, or the rules' own. Nothing else is taken from there, nor ignored."""
        if problems := list(self._problems(request.policyConfig)):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "\n".join(problems))
        answer = super().Configure(request, context)  # type: ignore[no-untyped-call]
        levels = {name: Level(self._get_enforcement_level(each).value) for name, each in self._policies.items()}
        self._settings = replace(self._settings, levels=levels)
        return answer

    def Analyze(self, request: proto.AnalyzeRequest, _context: Any) -> proto.AnalyzeResponse:
        """One resource, before it is created or updated."""
        content = plain.from_struct(request.properties)
        target = resources.to_object(request.type, content.data, request.urn, content.secrets)
        if target is None:
            return proto.AnalyzeResponse()
        self._asked_for[request.urn] = target
        found = [v for each in expand([target]) for v in evaluate_object(each, self._rules, self._settings)]
        self._secrets |= content.secret_texts
        told = [diagnostics.of_verdict(each, content.secret_texts) for each in self._settle(found)]
        if target.is_patch:
            told.append(diagnostics.notice(told_of_patch(target), content.secret_texts))
        return proto.AnalyzeResponse(diagnostics=told)

    def AnalyzeStack(self, request: proto.AnalyzeStackRequest, _context: Any) -> proto.AnalyzeResponse:
        """All resources together, at the end."""
        everything: list[Object] = []
        for resource in sorted(request.resources, key=lambda each: str(each.urn)):
            content = plain.from_struct(resource.properties)
            target = resources.to_object(resource.type, content.data, resource.urn, content.secrets)
            if target is not None:
                everything.append(_named(self._asked_for.get(resource.urn), target))
                self._secrets |= content.secret_texts
        found = [self._unless_read_only(v) for v in evaluate_stack(everything, self._rules, self._settings)]
        told = [diagnostics.of_verdict(each, self._secrets, with_urn=True) for each in self._settle(found)]
        told += diagnostics.of_waiting(self._waiting, self._secrets)
        told += map(diagnostics.notice, waivers.unneeded(self._settings.waivers, self._verdicts))
        return proto.AnalyzeResponse(diagnostics=told)

    def Remediate(self, request: proto.AnalyzeRequest, _context: Any) -> proto.RemediateResponse:
        """One resource before `Analyze`: what the rules at level `remediate` can put right."""
        response = proto.RemediateResponse()
        properties = request.properties
        for rule in self._rules:
            if level_of(rule, self._settings) is not Level.REMEDIATE:
                continue
            answer = _remedied(rule, request.type, properties, self._settings)
            if answer is not None:
                response.remediations.append(answer)
                properties = answer.properties if answer.HasField("properties") else properties
        return response

    def _problems(self, config: Mapping[str, proto.PolicyConfig]) -> Iterator[str]:
        for name in sorted(config):
            if name not in self._policies and name != EVERY_RULE:
                yield f"policy config: {name}: there is no such rule; {alike(name, self._policies)}"
            for key in sorted(config[name].properties.fields):
                yield f"policy config: {name}.{key}: belongs into slipway:policy of the stack file; here are levels"

    def _settle(self, found: Iterable[Verdict]) -> list[Verdict]:
        """What is to be told now. What waits for `up` is told at the end, by then for all objects."""
        settled = settle(found, self._settings, self._today(), is_preview=pulumi.runtime.is_dry_run())
        self._verdicts += settled
        self._waiting += filter(waits, settled)
        return [each for each in settled if not waits(each)]

    def _unless_read_only(self, verdict: Verdict) -> Verdict:
        if verdict.object.origin in self._asked_for:
            return verdict
        return replace(verdict, level=Level.ADVISORY, message=f"{verdict.message} ({READ_ONLY})")


def _named(asked_for: Object | None, made: Object) -> Object:
    """What was asked for, under the name that it got where that was left to the cluster."""
    if asked_for is None or asked_for.name or not made.name:
        return asked_for or made
    metadata = {**(asked_for.data.get("metadata") or {}), "name": made.name}
    return replace(asked_for, data={**asked_for.data, "metadata": metadata})


def _remedied(rule: Rule, resource_type: str, properties: Any, settings: Settings) -> Any:
    """The properties with the rule's remedy; None where it changes nothing, or nothing may be changed."""
    before = plain.from_struct(properties).data
    target = resources.to_object(resource_type, before, "")
    if rule.remedy is None or target is None or target.is_patch or resource_type == resources.OPAQUE_TYPE:
        return None
    identity = {"apiVersion": target.api_version, "kind": target.kind}
    after = {**plain.from_struct(properties).data, **identity}
    words: dict[str, Any] = {
        "policyName": rule.id,
        "policyPackName": PACK,
        "policyPackVersion": VERSION,
        "description": rule.why,
    }
    try:
        rule.remedy(after, settings)
    except Exception as error:  # noqa: BLE001  the object stays as it is, and the rule judges it
        return proto.Remediation(**words, diagnostic=f"the remedy itself failed: {type(error).__name__}")
    after = {key: value for key, value in after.items() if key in before or key not in identity}
    if plain.is_same(before, after):
        return None
    return proto.Remediation(**words, properties=plain.write_back(properties, before, after))
