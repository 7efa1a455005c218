"""Under which name and address a client finds each model."""

from infra.stack import EdgeConfig


def host_of(model_id: str, edge: EdgeConfig) -> str | None:
    """Its name below the stack's; None where any name leads to the one model."""
    return f"{model_id}.{edge.host}" if edge.host else edge.base_host


def url_of(host: str | None, edge: EdgeConfig) -> str:
    """Where a client finds the model."""
    if edge.base_url is not None:
        return edge.base_url
    return f"{'https' if edge.tls else 'http'}://{host}"
