"""Every error that the language host answers in one readable message.

::

    HostError                  base: shown by the engine as the reason why an operation can't start
     +-- OptionError        a runtime option of the project file that this host does not have
     +-- InterpreterError   no Python where the project file or the environment says
     +-- CommandError       pip, or another helper, ended with an error
     +-- PolicyPackError    a policy pack that never came up
"""

from __future__ import annotations

from collections.abc import Sequence


class HostError(Exception):
    """Something the user can act on."""


class OptionError(HostError):
    """A runtime option with a value that is not allowed."""

    def __init__(self, option: str, value: object, allowed: str) -> None:
        super().__init__(f"runtime option {option}: {value!r} is not supported by this language host; {allowed}")


class InterpreterError(HostError):
    """There is no such Python."""


class CommandError(HostError):
    """A helper program ended with an error."""

    def __init__(self, argv: Sequence[str], status: int, output: str = "") -> None:
        super().__init__(f"`{' '.join(argv)}` ended with exit status {status}\n{output}".rstrip())


class PolicyPackError(HostError):
    """A policy pack ended before it could answer."""
