"""The document of the API against the routes that it is about."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from serve.errors import InvalidRequestError
from serve.history.types import owner_of
from serve.openapi.document import read
from serve.routes.table import body_of
from tests.helpers.app import running_app

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    """As a client gets it."""

    async def story() -> Json:
        async with running_app(slot_save_dir="/nowhere/slots") as app:
            found: Json = (await app.client.get("/openapi.json")).json()
            return found

    return asyncio.run(story())


CHAT: Json = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 2}
# Where a body is read by hand, its form can't follow from the type that it is made to: operation, body, is it taken?
SAID = [
    ("POST /v1/chat/completions", CHAT | {"logit_bias": {"5": -100}}, True),
    ("POST /v1/chat/completions", CHAT | {"logit_bias": {"5": False, "no": 1.5}}, True),
    ("POST /v1/chat/completions", CHAT | {"logit_bias": [[5, False], ["no", 1]]}, True),
    ("POST /v1/chat/completions", CHAT | {"logit_bias": {"5": True}}, False),
    ("POST /v1/chat/completions", CHAT | {"logit_bias": {"5": 101}}, False),
    ("POST /v1/chat/completions", CHAT | {"logit_bias": [[2**31, 1]]}, False),
    ("POST /v1/chat/completions", CHAT | {"seed": 2**63 - 1}, True),
    ("POST /v1/chat/completions", CHAT | {"seed": 2**63}, False),
    ("POST /api/embeddings", {"model": "m", "prompt": "hello", "keep_alive": "5m"}, True),
    ("POST /api/embeddings", {"model": "m", "prompt": "hello", "keep_alive": "-1"}, True),
    ("POST /api/embeddings", {"model": "m", "prompt": "hello", "keep_alive": "1h30m"}, True),
    ("POST /api/embeddings", {"model": "m", "prompt": "hello", "keep_alive": "soon"}, False),
    ("POST /api/embeddings", {"model": "m", "prompt": "hello", "keep_alive": ""}, False),
    ("POST /api/embeddings", {"model": "m", "prompt": "hello", "keep_alive": 300}, True),
    ("POST /api/embeddings", {"model": "m", "prompt": "hello", "keep_alive": []}, False),
    ("POST /api/embeddings", {"model": "m", "prompt": "hello", "options": None}, True),
    ("POST /api/embeddings", {"model": "m", "prompt": "hello", "options": []}, False),
    ("POST /api/show", {"name": "m"}, True),
    ("POST /api/show", {"model": "", "name": "m"}, True),
    ("POST /api/show", {}, False),
    ("POST /api/show", {"model": ""}, False),
    ("POST /chat", {"message": "hello", "messages": None}, True),
    ("POST /chat", {"message": "hello", "messages": CHAT["messages"]}, False),
    ("POST /chat", {"message": None}, False),
    ("POST /completion", {"prompt": {"prompt_string": "hello"}, "n_predict": 2}, True),
    ("POST /completion", {"prompt": {"prompt_string": None}, "n_predict": 2}, False),
    ("POST /v1/api/pull", {"model": "o/r", "filename": "m.gguf", "sha256": "ab" * 31}, False),
    ("POST /tokenize", {"content": ["hello", "world"]}, True),
    ("POST /tokenize", {"content": ["hello", 5]}, False),
]


def operations(document: Json) -> Iterator[tuple[str, Json]]:
    """Each with its name."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def bodies(document: Json) -> Iterator[tuple[str, Json]]:
    """What requests may send, where they send anything."""
    for name, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            yield name, content


def examples(document: Json, content: Json) -> list[Any]:
    """Those of the operation, or of its body's type."""
    found = [each["value"] for each in content.get("examples", {}).values()]
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    return found or document["components"]["schemas"].get(name, {}).get("examples", [])


def test_every_body_has_an_example_that_its_schema_takes(document: Json) -> None:
    """People copy them."""
    for name, content in bodies(document):
        found = examples(document, content)
        assert found, f"{name} has no example: openapi/requests.json"
        validator = Draft202012Validator({**content["schema"], "components": document["components"]})
        for example in found:
            errors = [error.message for error in validator.iter_errors(example)]
            assert errors == [], name


def test_every_example_is_read_by_the_route_itself(document: Json) -> None:
    """A schema may allow more than the route does."""
    from serve.routes import chats, llamacpp, openai, pull, simple, vectors

    routers = (openai.posts, vectors.posts, llamacpp.posts, simple.posts, chats.posts, pull.posts)
    routes = [route for router in routers for route in router.declared if route.in_document]
    num_read = 0
    for route in routes:
        (content,) = document["paths"][route.path]["post"]["requestBody"]["content"].values()
        for example in examples(document, content):
            body_type, _ = body_of(route.endpoint)
            assert body_type is not None
            body_type.model_validate_json(json.dumps(example))
            num_read += 1
    assert num_read > 20


def test_the_document_takes_what_the_server_takes(document: Json) -> None:
    """Of bodies that are read by hand; bounds are exact numbers."""

    async def story() -> None:
        async with running_app() as app:
            for name, body, is_taken in SAID:
                method, path = name.split(" ")
                answer = await app.client.request(method, path, json=body)
                assert answer.status_code == (200 if is_taken else 400), (name, body, answer.text)
                (content,) = document["paths"][path][method.lower()]["requestBody"]["content"].values()
                validator = Draft202012Validator({**content["schema"], "components": document["components"]})
                assert validator.is_valid(body) is is_taken, (name, body)

    asyncio.run(story())
    seed = document["components"]["schemas"]["ChatRequest"]["properties"]["seed"]["anyOf"][0]
    assert (seed["exclusiveMaximum"], type(seed["exclusiveMaximum"])) == (2**63, int)


# Python's `$` is before a last line end, too; that of JSON schemas is not.
TEXTS = st.text().filter(lambda text: not text.endswith("\n"))


@hypothesis.given(st.one_of(TEXTS, st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._~@:+|=-]{0,140}\Z")))
@hypothesis.example("completions")
@hypothesis.example("auth0|5f7c")
@hypothesis.example("x" * 129)
def test_the_document_knows_the_names_of_users(document: Json, user: str) -> None:
    """On all paths that have one; those that the server refuses are refused by the document."""
    try:
        owner_of("", user)
    except InvalidRequestError:
        is_taken = False
    else:
        is_taken = True
    found = [
        parameter["schema"]
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
        if "{user_id}" in path
    ]
    assert len(found) == 4
    assert [Draft202012Validator(schema).is_valid(user) for schema in found] == [is_taken] * 4


def test_answers_are_as_they_are_described(document: Json) -> None:
    """Every example that these models can answer, and everything that can be asked without a body."""

    async def story() -> list[str]:
        async with running_app() as app:
            found = []
            for name, operation in operations(document):
                method, path = name.split(" ")
                if "{" in path or method == "DELETE" or path.split("/")[-1] in ("pull", "pulls", "copy", "unload"):
                    continue
                (content,) = operation.get("requestBody", {"content": {"": {"schema": {}}}})["content"].values()
                for example in examples(document, content) or [None]:
                    body = {**example, "model": "m"} if isinstance(example, dict) else example
                    answer = await app.client.request(method, path, json=body)
                    assert answer.status_code in (200, 400, 404), (name, answer.text)  # this model has no adapters
                    shown = operation["responses"]["200" if answer.status_code == 200 else "4XX"]
                    media_type = answer.headers.get("content-type", "").partition(";")[0]
                    if media_type == "application/json":
                        validate(answer.json(), shown["content"][media_type]["schema"])
                        found.append(name)
                    else:
                        assert not media_type or media_type in shown["content"], name
            return found

    def validate(value: Any, schema: Json) -> None:
        validator = Draft202012Validator({**schema, "components": document["components"]})
        assert [error.message for error in validator.iter_errors(value)] == []

    checked = asyncio.run(story())
    assert {"POST /v1/chat/completions", "POST /v1/generate", "POST /chat", "GET /health/deep", "GET /"} <= set(checked)
    assert len(checked) > 30


def test_every_answer_is_described(document: Json) -> None:
    """Not by a word that fits all of them; with the header that all have, and with the errors of its own API."""
    shapes = {"/v1/messages": "AnthropicError", "/api/chat": "OllamaError", "/v1/completions": "Error"}
    for name, operation in operations(document):
        assert operation.get("summary"), name
        for status, answer in operation["responses"].items():
            assert len(answer["description"]) > 3, name
            assert "X-Request-Id" in answer["headers"], name
            assert status in ("200", "202", "204", "503", "4XX", "5XX"), name
    for path, shape in shapes.items():
        error = document["paths"][path]["post"]["responses"]["4XX"]["content"]["application/json"]["schema"]
        assert error == {"$ref": f"#/components/schemas/{shape}"}


def test_the_data_is_about_routes_that_there_are(document: Json) -> None:
    """What is left over of an older API is wrong."""
    names = {name for name, _ in operations(document)}
    assert set(read("requests")) <= names
    assert set(read("answers")["answers"]) <= names


def test_every_reference_leads_somewhere(document: Json) -> None:
    """Generators of clients stop at one that does not."""
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names <= document["components"]["schemas"].keys()


def test_only_a_model_that_may_have_to_be_pulled_is_on_its_way(document: Json) -> None:
    """202 where a model is asked."""
    with_202 = {name for name, operation in operations(document) if "202" in operation["responses"]}
    assert {"POST /v1/chat/completions", "POST /api/chat", "POST /chat/{user_id}"} <= with_202
    assert not with_202 & {"POST /v1/api/pull", "GET /v1/models", "GET /health"}
