"""The rules and settings as documentation: docs/policies.md, and what `slipway policy explain` shows.

Everything is taken from the rules themselves and from the comments in `settings.py`, so it can't say anything else than
what runs. `manual.md` is the part that people write.
"""

from __future__ import annotations

import ast
import inspect
import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import yaml

from policies import settings as settings_module
from policies.admission.generate import not_said
from policies.rule import Rule, Scope
from policies.rules import rules_of
from policies.settings import Settings

PROSE = Path(__file__).with_name("manual.md")
_PACKAGE = "policies."
SETTINGS_MARK, INDEX_MARK, RULES_MARK = "{{settings}}\n", "{{index}}\n", "{{rules}}\n"


@dataclass(frozen=True, slots=True)
class SettingText:
    """A setting as it is documented."""

    name: str
    group: str
    default: str
    says: str


def document(modules: Sequence[ModuleType]) -> str:
    """The whole of docs/policies.md."""
    prose = PROSE.read_text(encoding="utf-8")
    parts = {
        SETTINGS_MARK: _settings_table(),
        INDEX_MARK: "".join(_index(modules)),
        RULES_MARK: "\n".join(_subjects(modules)).rstrip("\n") + "\n",
    }
    for mark, text in parts.items():
        prose = prose.replace(mark, text)
    return prose


def explain(rule: Rule) -> str:
    """One rule, as Markdown."""
    return "\n".join(_rule(rule))


def example(text: str) -> str:
    """An example's YAML in block style, whatever style it is written in."""
    return yaml.safe_dump_all(
        list(yaml.safe_load_all(text)), sort_keys=False, allow_unicode=True, width=110, explicit_start=False
    )


def levels(rule: Rule) -> str:
    """`mandatory`, or `mandatory in prod, advisory in dev`."""
    prod, dev = rule.level["prod"], rule.level["dev"]
    return prod.value if prod is dev else f"{prod.value} in prod, {dev.value} in dev"


def looks_at(rule: Rule) -> str:
    """What the rule is called with, in words."""
    if rule.scope is Scope.POD:
        return "every pod template"
    if rule.scope is Scope.STACK:
        return "all objects together"
    return ", ".join(sorted(rule.kinds)) or "every object"


def settings_of(rule: Rule) -> tuple[str, ...]:
    """The settings that the rule reads, itself or through the pack's functions that it calls."""
    read = _names(rule.check, set()) | _names(rule.remedy, set())
    return tuple(field.name for field in fields(Settings) if field.name in read)


@cache
def setting_texts() -> tuple[SettingText, ...]:
    """Every setting: its group is the comment line above, what it says is the comment behind it."""
    source = inspect.getsource(settings_module)
    comments = _comments(source)
    defaults = {field.name: _default(field) for field in fields(Settings)}
    (found,) = (n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == Settings.__name__)
    texts: list[SettingText] = []
    group, before = "General", found.lineno
    for node in found.body:
        end = node.end_lineno or node.lineno
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            above = [comments[line] for line in range(before + 1, node.lineno) if line in comments]
            group = above[-1] if above else group
            behind = [comments[line] for line in range(node.lineno, end + 1) if line in comments]
            texts.append(SettingText(node.target.id, group, defaults[node.target.id], " ".join(behind)))
        before = end
    return tuple(texts)


def _names(check: object, seen: set[int]) -> set[str]:
    """All names in the code of a function and of the pack's functions that it calls."""
    if not isinstance(check, FunctionType) or id(check) in seen or not check.__module__.startswith(_PACKAGE):
        return set()
    seen.add(id(check))
    names = set(_code_names(check.__code__))
    for called in _globals_of(check, tuple(names)):
        names |= _names(called, seen)
    return names


def _globals_of(check: FunctionType, names: tuple[str, ...]) -> Iterator[object]:
    """What the names may mean: a global, or what a global module has."""
    for name in names:
        found = check.__globals__.get(name)
        if isinstance(found, ModuleType):
            yield from (getattr(found, inner, None) for inner in names)
        yield found


def _code_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_names(constant)


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _default(field: Any) -> str:
    value = field.default if field.default is not MISSING else field.default_factory()
    if field.name.endswith("_version"):
        value = ".".join(map(str, value))
    plain = list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, width=10**6).removesuffix("...\n").strip()


def _settings_table() -> str:
    rows: list[str] = []
    group = ""
    for text in setting_texts():
        if text.group != group:
            group = text.group
            rows.append(f"\n{group}:\n\n| setting | default | |\n|---|---|---|")
        rows.append(f"| `{text.name}` | `{_cell(text.default)}` | {_cell(text.says)} |")
    return "\n".join(rows).strip() + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _index(modules: Sequence[ModuleType]) -> Iterator[str]:
    yield "| subject | rules |\n|---|---|\n"
    for module in modules:
        links = [f"[{rule.id}](#{rule.id})" for rule in rules_of(module)]
        if links:
            yield f"| [{_title(module)}](#{_title(module).lower().replace(' ', '-')}) | {', '.join(links)} |\n"


def _subjects(modules: Sequence[ModuleType]) -> Iterator[str]:
    for module in modules:
        rules = rules_of(module)
        if rules:
            yield f"## {_title(module)}\n\n{inspect.getdoc(module)}\n"
            for rule in rules:
                yield from _rule(rule)


def _title(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2].replace("_", " ").capitalize()


def _rule(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}\n"
    yield f"{rule.why}\n"
    does = inspect.getdoc(rule.check)
    if does:
        yield f"{does}\n"
    yield f"- level: {levels(rule)}"
    yield f"- looks at: {looks_at(rule)}"
    yield f"- source: {rule.source}"
    reason = not_said([rule], Settings()).get(rule.id)
    yield f"- admission policy: {f'no, {reason}' if reason else 'yes'}"
    if rule.remedy:
        yield "- remedy: yes, at level `remediate`"
    read = settings_of(rule)
    if read:
        yield f"- settings: {', '.join(f'`{name}`' for name in read)}"
    yield ""
    if rule.example_settings:
        yield f"With these settings:\n\n```yaml\n{yaml.safe_dump(dict(rule.example_settings), sort_keys=False)}```\n"
    yield f"Bad:\n\n```yaml\n{example(rule.bad)}```\n"
    yield f"Good:\n\n```yaml\n{example(rule.good)}```\n"
