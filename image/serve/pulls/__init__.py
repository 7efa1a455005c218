"""Weights that come from a hub into the models directory, whole or not at all.

    HTTP process    routes -> pulls.Pulls -> pull.Pull  one of each file, followed by whoever asked
    child process   command -> transfer -> hub          `python -m serve pull`, also what a Job runs

Only the child knows the hub, its client and its token: the HTTP process reads the child's lines (lines.py).
"""
