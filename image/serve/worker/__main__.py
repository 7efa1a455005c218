"""`python -m serve.worker FD MODEL`: the process of one model, started by the server. MODEL shows in a list of processes.

An entry of its own: `python -m serve` imports what the server and its commands need, and no worker would use it.
"""

import sys

from serve.worker.worker import main

if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
