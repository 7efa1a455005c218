"""Why a file can't be read as Kubernetes objects.

SourceError     names the file, the line where there is one, and what was found
└── TooMuch     whatever format it has, it holds more than anybody means
"""


class SourceError(Exception):
    """Shown without a traceback. Anything else that is raised is a bug."""


class TooMuch(SourceError):
    """Refused before it fills the memory."""
