"""`python -m serve`: the server. Commands beside it (commands.py): `fill` and `pull` put weights into the model cache,
`backup` and `restore` copy what must not be lost, `key` makes an API key, `relay` stands in front of several servers. A
running server is asked by `models`, `pull`, `rm`, `chat` and `bench` (cli/).

The edge: the only place that sees the command line, the environment and exit codes. Exit codes: 0 done, 2 a clear
error in one line on stderr.
"""

from __future__ import annotations

import gc
import os
import sys

from serve.errors import SetupError
from serve.surroundings import check_memory


def main(arguments: list[str]) -> int:
    """Choose the command and turn its errors into one line."""
    try:
        if not arguments:
            return _serve()
        from serve import commands

        return commands.run(arguments)
    except SetupError as error:
        print(f"serve: {error}", file=sys.stderr)  # noqa: T201  (for a person, not for a log reader)
        return 2
    except MemoryError:
        print("serve: there is not enough memory to start", file=sys.stderr)  # noqa: T201
        return 2


def _serve() -> int:
    """Little is imported before a worker begins to import its own: half of a start is imports."""
    check_memory()
    gc.disable()  # server.py enables it: all that is imported stays, and looking through it is a sixth of the start
    from serve.supervision.child import Child

    first = Child(os.environ)  # it imports its things while we import ours
    from serve.log import set_up_logging
    from serve.settings import load_settings

    settings = load_settings()
    set_up_logging(settings.log_level)
    import asyncio

    import uvloop

    from serve.server import serve

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, os.environ, first))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
