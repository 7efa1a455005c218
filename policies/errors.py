"""What can go wrong for a reason that whoever runs the pack can act on. What can't be read is kube's: `kube.errors`.

PolicyError
└── SettingsError    a setting of the pack is wrong
"""


class PolicyError(Exception):
    """Shown without a traceback. Anything else that is raised is a bug."""


class SettingsError(PolicyError):
    """Carries all problems at once: setting, value, what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))
