"""What an answer must look like -> GBNF. In the worker: a grammar that takes long to make must not hold up HTTP."""

from __future__ import annotations

import json

from serve.chat.types import FormKind, ResponseFormat
from serve.engine.errors import RefusedError
from serve.engine.types import FailureKind
from serve.grammar import json_mode, json_schema, regex
from serve.grammar.errors import GrammarError
from serve.grammar.gbnf import check


def to_gbnf(form: ResponseFormat) -> str | None:
    """The grammar of the form, or RefusedError. None: nothing is asked."""
    try:
        return _to_gbnf(form)
    except GrammarError as error:
        raise RefusedError(FailureKind.BAD_GRAMMAR, str(error)) from error


def without_regex(form: ResponseFormat) -> ResponseFormat:
    """The same, where regular expressions are not known."""
    if form.kind is not FormKind.REGEX:
        return form
    return ResponseFormat(FormKind.GRAMMAR, to_gbnf(form) or "")


def _to_gbnf(form: ResponseFormat) -> str | None:
    match form.kind:
        case FormKind.TEXT:
            return None
        case FormKind.JSON:
            return json_mode.to_gbnf()
        case FormKind.SCHEMA:
            return json_schema.to_gbnf(_parsed(form.source))
        case FormKind.REGEX:
            return regex.to_gbnf(form.source)
        case FormKind.GRAMMAR:
            check(form.source)
            return form.source


def _parsed(source: str) -> object:
    try:
        return json.loads(source)
    except ValueError as error:
        raise GrammarError(f"the schema is not valid JSON: {error}") from error
    except RecursionError:
        raise GrammarError("the schema nests too deeply") from None
