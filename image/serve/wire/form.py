"""What an answer must look like: OpenAI's response_format, llama.cpp's grammar and json_schema, vLLM's guided_* fields.

They are ways to say one thing, so at most one of them may be given.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import Field

from serve.chat.types import FormKind, ResponseFormat
from serve.errors import InvalidRequestError
from serve.wire.body import Body

MAX_SOURCE = 1_000_000
Source = Annotated[str, Field(min_length=1, max_length=MAX_SOURCE)]


class SchemaFormat(Body):
    """Inside response_format, as OpenAI nests it."""

    schema_: dict[str, Any] | bool = Field(alias="schema")


class ResponseFormatField(Body):
    """OpenAI's response_format; llama.cpp also takes the schema beside the type."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaFormat | None = None
    schema_: dict[str, Any] | bool | None = Field(default=None, alias="schema")

    def response_format(self) -> ResponseFormat:
        """The same in our words."""
        if self.type == "text":
            return ResponseFormat()
        schema = self.schema_ if self.json_schema is None else self.json_schema.schema_
        if schema is not None:
            return _schema(schema)
        if self.type == "json_schema":
            raise InvalidRequestError("response_format.json_schema is missing", param="response_format.json_schema")
        return ResponseFormat(FormKind.JSON)


class FormFields(Body):
    """All the ways to say it."""

    response_format: ResponseFormatField | None = None
    grammar: Annotated[str, Field(max_length=MAX_SOURCE)] | None = None
    json_schema: dict[str, Any] | bool | None = None
    regex: Source | None = None
    guided_grammar: Source | None = None
    guided_json: dict[str, Any] | str | None = None
    guided_regex: Source | None = None
    guided_choice: Annotated[list[str], Field(min_length=1, max_length=1000)] | None = None

    def form(self) -> ResponseFormat:
        """The one that was given."""
        given = {name: form for name, form in self._forms() if form.kind is not FormKind.TEXT}
        if len(given) > 1:
            (first, second, *_) = given
            raise InvalidRequestError(f"{first} and {second} can't both say what the answer looks like", param=second)
        return next(iter(given.values()), ResponseFormat())

    def _forms(self) -> list[tuple[str, ResponseFormat]]:
        found: list[tuple[str, ResponseFormat]] = []
        if self.response_format is not None:
            found.append(("response_format", self.response_format.response_format()))
        for name, schema in (("json_schema", self.json_schema), ("guided_json", self.guided_json)):
            if schema is not None:
                found.append((name, _schema(schema)))
        for name, kind in _BY_TEXT.items():
            if source := getattr(self, name):
                found.append((name, ResponseFormat(kind, source)))
        if self.guided_choice is not None:
            found.append(("guided_choice", ResponseFormat(FormKind.REGEX, "|".join(map(_literal, self.guided_choice)))))
        return found


_BY_TEXT = {
    "grammar": FormKind.GRAMMAR,
    "guided_grammar": FormKind.GRAMMAR,
    "regex": FormKind.REGEX,
    "guided_regex": FormKind.REGEX,
}


def _schema(schema: dict[str, Any] | bool | str) -> ResponseFormat:  # noqa: FBT001  (true is a JSON schema)
    return ResponseFormat(FormKind.SCHEMA, schema if isinstance(schema, str) else json.dumps(schema))


def _literal(text: str) -> str:
    """A regular expression for exactly this text."""
    return f"(?:{re.sub(r'([^A-Za-z0-9_ ])', _escaped, text)})"


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    return f"\\{char}" if char.isascii() and char.isprintable() else char
