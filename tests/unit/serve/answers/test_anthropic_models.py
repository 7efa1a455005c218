"""Tests of serve.answers.anthropic_models."""

from __future__ import annotations

import asyncio

from anthropic.types import ModelInfo

from serve.answers.anthropic_models import page
from tests.helpers.app import running_app

HEADERS = {"anthropic-version": "2023-06-01"}


def test_whoever_names_anthropics_version_gets_anthropics_list() -> None:
    """Of the client's own type; all others get OpenAI's."""

    async def story() -> None:
        async with running_app() as app:
            listed = (await app.client.get("/v1/models", headers=HEADERS)).json()
            ModelInfo.model_validate_json(app.client.build_request("GET", "/", json=listed["data"][0]).content)
            assert (listed["first_id"], listed["last_id"], listed["has_more"]) == ("m", "m", False)
            assert (await app.client.get("/v1/models/gpt-4o", headers=HEADERS)).json() == listed["data"][0]
            assert (await app.client.get("/v1/models")).json()["object"] == "list"

    asyncio.run(story())


def test_no_model_is_an_empty_page() -> None:
    """With nothing at its ends."""
    assert page([]) == {"data": [], "has_more": False, "first_id": None, "last_id": None}
