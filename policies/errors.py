"""What can go wrong for a reason that whoever runs the pack can act on.

PolicyError
├── SettingsError    a setting of the pack is wrong
└── SourceError      a file can't be read as Kubernetes objects
    └── TooMuch      whatever format it has, it holds more than anybody means
"""


class PolicyError(Exception):
    """Shown without a traceback. Anything else that is raised is a bug."""


class SettingsError(PolicyError):
    """Carries all problems at once: setting, value, what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class SourceError(PolicyError):
    """Names the file, the line where there is one, and what was found."""


class TooMuch(SourceError):
    """Refused before it fills the memory."""
