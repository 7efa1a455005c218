"""The `pulumi.com/waitFor` annotation: the program's own idea of ready, mostly for custom resources. Pure.

    condition=Ready            condition=Ready=False
    jsonpath={.status.phase}=Running      jsonpath={.status.conditions[?(@.type=="Ready")].status}=True
    a JSON list of these: all must hold

Of JSONPath it knows what such annotations use: keys, indices, and a filter for one equal field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from tools.plugins.kubernetes.annotations import WAIT_FOR
from tools.plugins.kubernetes.errors import InputError
from tools.plugins.kubernetes.objects import count, items
from tools.plugins.kubernetes.readiness.verdict import Judge, Verdict, View
from tools.plugins.kubernetes.values import Object

Test = Callable[[Object], str]
"""Empty when the object passes, else what it waits for."""

_JSONPATH: Final = re.compile(r"\{\s*\$?(?P<path>[^{}]*?)\s*\}(?:=(?P<value>.*))?", re.DOTALL)
_STEP: Final = re.compile(
    r"""\.(?P<key>[A-Za-z_][\w-]*)
      | \[(?P<index>\d+)\]
      | \[['"](?P<quoted>[^'"]+)['"]\]
      | \[\?\(?\s*@\.(?P<field>[\w.-]+)\s*==\s*['"](?P<wanted>[^'"]*)['"]\s*\)?\]""",
    re.VERBOSE,
)


def judge(annotation: str) -> Judge:
    """A readiness function for the annotation; raises InputError when it can't be read."""
    tests = {text: _test(text) for text in _expressions(annotation)}

    def verdict(view: View) -> Verdict:
        waiting = [f"{text}: {missing}" for text, test in tests.items() if (missing := test(view.live))]
        return Verdict(is_ready=not waiting, progress=f"Waiting for {'; '.join(waiting)}", problems=tuple(waiting))

    return verdict


def _expressions(annotation: str) -> list[str]:
    try:
        found = json.loads(annotation)
    except ValueError:
        return [annotation]
    if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found):
        raise InputError(f"annotation {WAIT_FOR}={annotation!r}: a JSON value here must be a list of expressions")
    return found


def _test(text: str) -> Test:
    if text.startswith("condition="):
        kind, _, status = text.removeprefix("condition=").partition("=")
        return lambda live: _missing_condition(live, kind, status or "True")
    match = _JSONPATH.fullmatch(text.removeprefix("jsonpath=")) if text.startswith("jsonpath=") else None
    if match is None:
        raise InputError(
            f"annotation {WAIT_FOR}: {text!r}: expected `condition=TYPE`, `condition=TYPE=STATUS`, "
            "`jsonpath={.path}` or `jsonpath={.path}=value`"
        )
    steps, value = _steps(match["path"]), match["value"]
    return lambda live: _missing_value(live, steps, value)


def _missing_condition(live: Object, kind: str, status: str) -> str:
    for one in items(live, "status", "conditions"):
        if str(one.get("type", "")).lower() == kind.lower():
            observed = one.get("observedGeneration", count(live, "status", "observedGeneration", default=-1))
            if 0 <= observed < count(live, "metadata", "generation"):
                return "its controller has not seen the latest change"
            found = str(one.get("status", ""))
            reason = f" ({one['message']})" if one.get("message") else ""
            return "" if found.lower() == status.lower() else f"it is {found}{reason}"
    return "there is no such condition"


def _missing_value(live: Object, steps: list[re.Match[str]], value: str | None) -> str:
    observed = count(live, "status", "observedGeneration", default=-1)
    if 0 <= observed < count(live, "metadata", "generation"):
        return "its controller has not seen the latest change"
    found = list(_select(live, steps))
    if not found:
        return "there is nothing at this path"
    text = json.dumps(found[0]) if isinstance(found[0], bool | dict | list) else str(found[0])
    return "" if value is None or text == value else f"it is {text}"


def _steps(path: str) -> list[re.Match[str]]:
    steps = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise InputError(f"annotation {WAIT_FOR}: JSONPath {path!r}: can't be read from {path[at:]!r} on")
        steps.append(match)
        at = match.end()
    return steps


def _select(value: Any, steps: list[re.Match[str]]) -> Iterable[Any]:
    if not steps:
        yield value
        return
    step, *rest = steps
    for inner in _one_step(value, step):
        yield from _select(inner, rest)


def _one_step(value: Any, step: re.Match[str]) -> list[Any]:
    key = step["key"] or step["quoted"]
    if key:
        return [value[key]] if isinstance(value, dict) and key in value else []
    if not isinstance(value, list):
        return []
    if step["index"]:
        return value[int(step["index"]) :][:1]
    return [one for one in value if isinstance(one, dict) and str(one.get(step["field"])) == step["wanted"]]
