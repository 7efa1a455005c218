"""What can go wrong before anything is watched."""

from __future__ import annotations


class SetupError(Exception):
    """It can't start: one line on stderr, exit code 2."""
