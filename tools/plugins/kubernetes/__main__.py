"""`python -m tools.plugins.kubernetes [flags of the engine] ENGINE`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import stamina

from tools.plugins import arguments
from tools.plugins.engine import Engine
from tools.plugins.kubernetes.provider import KubernetesProvider
from tools.plugins.protocol import provider_pb2_grpc
from tools.plugins.server import serve


def main(argv: Sequence[str]) -> None:
    """Serve the provider until the engine is gone."""
    args = arguments.parse(argv)
    stamina.instrumentation.set_on_retry_hooks([])  # it would log every retry as a diagnostic of the operation
    provider = KubernetesProvider(Engine(args.engine_address or "127.0.0.1:1"), dict(os.environ))
    serve(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server),
        engine_address=args.engine_address,
        on_leave=lambda: None,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
