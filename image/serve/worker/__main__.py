"""`python -m serve.worker FD MODEL`: one model's process, which the server starts. MODEL shows in lists of processes.

An entry of its own: `python -m serve` imports what the server and its commands need, and no worker would use it.
"""

import sys

from serve.worker.worker import main

if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
