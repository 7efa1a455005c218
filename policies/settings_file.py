"""Settings as people write them (a mapping from YAML or JSON) -> Settings. All problems are reported together.

Keys are the fields of `Settings`; versions are written as text, such as "1.36". What is not said is the default, except
`environment`: that follows from the name of the stack, so that `staging` is not held to what only `prod` needs.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from infra.problems import describe
from policies.errors import SettingsError
from policies.settings import Settings, Waiver

DEV_WORDS = frozenset({"local", "dev", "development", "test", "testing", "staging", "stage", "qa", "sandbox", "ci"})
PROD_WORDS = frozenset({"prod", "production", "live"})
EVERY_RULE = "all"
SHARES = frozenset({"gpu_memory_utilization"})
MOST = sys.float_info.max
WAIVED = re.compile(r"[^\s/]+ ([^\s/]+/)?[^\s/]+")
VERSION = re.compile(r"v?(\d+)\.(\d+)")


def parse(data: object, *, stack: str = "", rule_ids: Collection[str] | None = None, prefix: str = "") -> Settings:
    """Raises SettingsError that names each wrong setting, its value and what is allowed.

    Without `rule_ids`, any rule may be named. `prefix` is put before the settings' names.
    """
    if not isinstance(data, Mapping):
        raise SettingsError([f"{prefix.rstrip('.') or 'settings'}: must be a mapping of keys to values"])
    problems: list[str] = []
    raw = {"environment": environment_of(stack), **{str(key): value for key, value in data.items()}}
    values = {key: _version(key, value, problems) if key.endswith("_version") else value for key, value in raw.items()}
    found: dict[str, Any] = {}
    wrong: list[str] = []
    try:
        model = _model(Settings).model_validate(values)
        found = {name: getattr(model, name) for name in type(model).model_fields}
    except ValidationError as error:
        wrong += describe(error, _model(Settings), lambda location: ".".join(map(str, location)))
    problems += _out_of_range(found or values)  # what was text is a number now
    problems += _unknown_rules(values, rule_ids) if rule_ids is not None else []
    problems += [*_no_numbers(values), *_unclear_waivers(values), *wrong]
    if problems:
        raise SettingsError([prefix + problem for problem in problems])
    waivers = tuple(Waiver(**dict(waiver)) for waiver in found.pop("waivers"))
    return Settings(**found, waivers=waivers)


def environment_of(stack: str) -> Literal["prod", "dev"]:
    """`dev` for a stack named so (`local`, `staging`, `team-a-test`); `prod` for any other, and for no stack."""
    words = set(re.split(r"[^a-z0-9]+", stack.lower()))
    return "dev" if words & DEV_WORDS and not words & PROD_WORDS else "prod"


@cache
def _model(plain: type) -> type[BaseModel]:
    """A dataclass as a model that refuses keys it does not have."""
    hints = get_type_hints(plain)
    config = ConfigDict(extra="forbid", str_min_length=1, str_strip_whitespace=True)
    return create_model(plain.__name__, __config__=config, **{f.name: _field(f, hints[f.name]) for f in fields(plain)})


def _field(field: Any, hint: Any) -> Any:
    if field.default_factory is not MISSING:
        return (hint, Field(default_factory=field.default_factory))
    if field.default is MISSING:
        return (hint, ...)
    return (tuple[_model(Waiver), ...] if field.name == "waivers" else hint, field.default)  # type: ignore[misc]


def _version(key: str, value: object, problems: list[str]) -> tuple[int, int]:
    if isinstance(value, str) and (found := VERSION.fullmatch(value)):
        return int(found[1]), int(found[2])
    problems.append(f'{key}: {value!r} is not allowed; allowed: a version such as "1.36", in quotes')
    return (1, 36)


def _unknown_rules(values: Mapping[str, Any], rule_ids: Collection[str]) -> Iterator[str]:
    levels, waivers = values.get("levels"), values.get("waivers")
    if isinstance(levels, Mapping):
        for rule in levels:
            if rule != EVERY_RULE and rule not in rule_ids:
                yield f"levels.{rule}: there is no such rule; {alike(str(rule), {*rule_ids, EVERY_RULE})}"
    if isinstance(waivers, list):
        for index, waiver in enumerate(waivers):
            rule = waiver.get("rule") if isinstance(waiver, Mapping) else None
            if isinstance(rule, str) and rule not in rule_ids:
                yield f"waivers.{index}.rule: {rule!r}: there is no such rule; {alike(rule, rule_ids)}"


def _no_numbers(values: Mapping[str, Any]) -> Iterator[str]:
    """`yes` would be taken for 1."""
    for name, hint in get_type_hints(Settings).items():
        if isinstance(values.get(name), bool) and hint in (int, float, int | None):
            yield f"{name}: {str(values[name]).lower()} is not allowed; allowed: a number"


def _unclear_waivers(values: Mapping[str, Any]) -> Iterator[str]:
    waivers = values.get("waivers")
    for index, waiver in enumerate(waivers if isinstance(waivers, list) else ()):
        target = waiver.get("object") if isinstance(waiver, Mapping) else None
        if isinstance(target, str) and target.strip() and not WAIVED.fullmatch(target.strip()):
            allowed = '"Kind namespace/name", or "Kind name" of a kind without namespaces'
            yield f"waivers.{index}.object: {target[:80]!r} is not allowed; allowed: {allowed}"


def alike(rule: str, rule_ids: Iterable[str]) -> str:
    """What somebody may have meant who named a rule that there is not."""
    near = difflib.get_close_matches(rule, sorted(rule_ids), n=3)
    return f"did you mean {' or '.join(near)}?" if near else "`slipway policy rules` lists them"


def _out_of_range(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        most = 1 if name in SHARES else MOST
        for number in value.values() if isinstance(value, Mapping) else [value]:
            if isinstance(number, int | float) and not 0 <= number <= most:
                allowed = "0 to 1" if name in SHARES else "0 or more, and finite"
                yield f"{name}: {number} is not allowed; allowed: {allowed}"
