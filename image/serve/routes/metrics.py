"""/metrics on the main port; the same text is on the metrics port too."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from serve.services import TheServices

router = APIRouter(tags=["metrics"])


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(services: TheServices) -> Response:
    """In Prometheus' text format."""
    return Response(await services.metrics.scrape(), media_type=CONTENT_TYPE_LATEST)
