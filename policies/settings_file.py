"""Settings as people write them (a mapping from YAML or JSON) -> Settings. All problems are reported together.

Keys are the fields of `Settings`; versions are written as text, such as "1.36".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pydantic import TypeAdapter, ValidationError

from policies.errors import SettingsError
from policies.settings import Settings

_KEYS = tuple(f.name for f in fields(Settings))
_VERSIONS = tuple(key for key in _KEYS if key.endswith("_version"))


def parse(data: Mapping[str, Any]) -> Settings:
    """Raises SettingsError that names each wrong key, its value and what is allowed."""
    problems = [f"{key}: no such setting; allowed: {', '.join(_KEYS)}" for key in data if key not in _KEYS]
    values = {key: _version(key, value, problems) if key in _VERSIONS else value for key, value in data.items()}
    try:
        settings = TypeAdapter(Settings).validate_python(values)
    except ValidationError as error:
        problems += [f"{'.'.join(map(str, e['loc']))}: {e['input']!r}: {e['msg']}" for e in error.errors()]
    if problems:
        raise SettingsError(problems)
    return settings


def _version(key: str, value: Any, problems: list[str]) -> Any:
    major, dot, minor = str(value).removeprefix("v").partition(".")
    if dot and major.isdigit() and minor.isdigit():
        return int(major), int(minor)
    problems.append(f'{key}: {value!r}; allowed: a version such as "1.36", as text')
    return (1, 36)
