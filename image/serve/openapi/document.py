"""Routes -> their document. FastAPI knows paths, parameters and bodies; handlers write their answers themselves."""

from __future__ import annotations

import functools
import inspect
import json
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.warnings import UnsupportedFieldAttributeWarning

from serve.answers import errors
from serve.routes.table import Declared, Endpoint

Json = dict[str, Any]

FOLDER = Path(__file__).parent
DESCRIPTION = (
    "Open-weight language models over the APIs that programs already speak: OpenAI's, Anthropic's, Ollama's, "
    "llama.cpp's, Jina's and Cohere's. Every answer has the header X-Request-Id, which is in the server's log, too."
)
_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')
_ERRORS: dict[errors.Shape, str] = {
    errors.openai: "Error",
    errors.anthropic: "AnthropicError",
    errors.ollama: "OllamaError",
}
_REQUEST_ID: Json = {
    "X-Request-Id": {"description": "The request in the server's log.", "schema": {"type": "string"}},
}
_RETRY_AFTER: Json = {
    "Retry-After": {"description": "Seconds; where another try may succeed.", "schema": {"type": "integer"}},
}
_4XX = "The request is wrong (400, 404, 405, 413), is not allowed (401, 403), or there are too many (429)"
_5XX = "This server, or one of its models, can't answer now (503), or this request failed (500)"
_202 = "The weights are on their way: come back later. Only where the server is set so (SLIPWAY_ABSENT=accept)"


def document(routes: Iterable[Declared]) -> Json:
    """The whole of it; made anew at each call."""
    app = FastAPI(title="Slipway", docs_url=None, redoc_url=None, openapi_url=None)
    for each in routes:
        if each.in_document:
            app.add_api_route(each.path, _as_asked(each.endpoint), methods=[*each.methods], tags=[each.tag])
    with warnings.catch_warnings():
        # FastAPI silences it where it makes its validators; those of bodies that nobody has sent yet are built here.
        warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)
        found = get_openapi(
            title=app.title,
            version=app.version,
            description=DESCRIPTION,
            routes=app.routes,
            separate_input_output_schemas=False,
        )
    requests, answers = read("requests"), read("answers")
    schemas = found["components"]["schemas"]
    assert not schemas.keys() & answers["schemas"].keys(), "an answer is called like a body"
    schemas |= answers["schemas"]
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _add_examples(operation, requests.get(f"{method.upper()} {path}", {}))
            operation["responses"] = _responses(path, method, operation, answers["answers"], schemas)
    found["components"]["schemas"] = _used(found["paths"], schemas)
    _write_whole(found)
    # Where the server has keys; which there are is no business of the document.
    found["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    }
    found["security"] = [{}, {"bearer": []}, {"x-api-key": []}]
    return found


def _as_asked(endpoint: Endpoint) -> Endpoint:
    """A stand-in with the arguments that are of a request."""

    async def asked(**_: object) -> None:
        """Never called."""

    functools.update_wrapper(asked, endpoint)
    signature = inspect.signature(endpoint, eval_str=True)
    arguments = [each for each in signature.parameters.values() if each.name != "services"]
    asked.__signature__ = signature.replace(parameters=arguments)  # type: ignore[attr-defined]
    return asked


def read(name: str) -> Json:
    """One of the data files."""
    data: Json = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return data


def _add_examples(operation: Json, examples: Json) -> None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if examples:
            content["examples"] = {name: {"value": value} for name, value in examples.items()}


def _responses(path: str, method: str, operation: Json, answers: Json, schemas: Json) -> Json:
    """What is told of it, or what FastAPI found out."""
    told: Json = answers.get(f"{method.upper()} {path}", {})
    made: Json = {}
    for status, answer in told.items():
        content: Json = {}
        for media_type, schema in answer.get("content", {}).items():
            content[media_type] = {"schema": _schema(schema)}
        made[status] = {"description": answer["description"], "headers": _REQUEST_ID}
        if content:
            made[status]["content"] = content
    if not told:
        ok = operation["responses"].get("200", {"description": "Done"})
        made["200"] = {**ok, "headers": _REQUEST_ID}
    error = _error(path)
    if _asks_a_model(operation, schemas):
        made["202"] = {"description": _202, **error}
    return made | {"4XX": {"description": _4XX, **error}, "5XX": {"description": _5XX, **error}}


def _used(paths: Json, schemas: Json) -> Json:
    """Those that a path leads to. FastAPI knows more: errors that none of ours is like."""
    used: set[str] = set()
    found = set(_REFERENCE.findall(json.dumps(paths)))
    while found:
        used |= found
        found = set(_REFERENCE.findall(json.dumps([schemas[name] for name in found]))) - used
    return {name: schema for name, schema in sorted(schemas.items()) if name in used}


def _write_whole(found: object) -> None:
    """FastAPI makes floats of all bounds: those of integers would be 9.2e18 for clients that are made of this."""
    if isinstance(found, dict):
        if found.get("type") == "integer":
            found |= {name: int(value) for name, value in found.items() if isinstance(value, float)}
        for value in found.values():
            _write_whole(value)
    elif isinstance(found, list):
        for value in found:
            _write_whole(value)


def _schema(given: object) -> object:
    """By its name, or as it is."""
    return {"$ref": f"#/components/schemas/{given}"} if isinstance(given, str) else given


def _error(path: str) -> Json:
    name = _ERRORS[errors.shape_of(path)]
    return {"headers": _REQUEST_ID | _RETRY_AFTER, "content": {"application/json": {"schema": _schema(name)}}}


def _asks_a_model(operation: Json, schemas: Json) -> bool:
    """Might its model have to be pulled first?"""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        if "model" in schemas.get(name, {}).get("properties", {}):
            return "pulls" not in operation.get("tags", ())
    return False
