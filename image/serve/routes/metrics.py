"""/metrics on the main port; the same text is on the metrics port too."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from serve.routes.table import Routes
from serve.services import Services

router = Routes("metrics")


@router.get("/metrics")
async def metrics(services: Services) -> Response:
    """In Prometheus' text format."""
    return Response(await services.metrics.scrape(), media_type=CONTENT_TYPE_LATEST)
