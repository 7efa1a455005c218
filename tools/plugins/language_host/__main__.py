"""`python -m tools.plugins.language_host --use-executor SCRIPT [flags of the engine] ENGINE`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.plugins import arguments
from tools.plugins.language_host.host import LanguageHost
from tools.plugins.protocol import language_pb2_grpc
from tools.plugins.server import serve


def main(argv: Sequence[str]) -> None:
    """Serve the language runtime until the engine is gone."""
    args = arguments.parse(argv)
    if not Path(args.executor).is_file():
        sys.exit(
            f"--use-executor={args.executor!r}: must name the script pulumi-language-python-exec of the Pulumi SDK"
        )
    host = LanguageHost(
        engine_address=args.engine_address, executor=args.executor, tracing=args.tracing, environ=dict(os.environ)
    )
    serve(
        lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server),
        engine_address=args.engine_address,
        on_leave=host.stop,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
