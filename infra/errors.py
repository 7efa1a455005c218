"""Everything that can go wrong for a reason the operator can act on.

    SlipwayError
    ├── ConfigError      a setting of the stack file is wrong
    ├── CatalogError     infra/catalog/*.yaml is wrong
    ├── PlanError        each setting is right, together they can't be deployed
    ├── EndpointsError   the local cluster's endpoints file can't be read
    ├── ClusterError     the cluster that the stack names is not there
    └── RenderError      an output can't be written as it is asked for

An error carries all problems that its step has found, not only the first one.
The program shows them without a traceback. Anything else that is raised is a bug.
"""

from collections.abc import Iterable


class SlipwayError(Exception):
    """Base of all errors that name a cause outside this program."""

    heading = "Slipway can't go on"

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(self._text())

    def _text(self) -> str:
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        return f"{self.heading}; nothing was changed:\n{lines}"


class ConfigError(SlipwayError):
    """A setting has a wrong name, type or value."""

    heading = "The stack's settings are wrong"


class CatalogError(SlipwayError):
    """A catalog file has a wrong key, type or value."""

    heading = "The model catalog is wrong"


class PlanError(SlipwayError):
    """The settings contradict each other or the catalog."""

    heading = "The stack can't be deployed as it is set"


class EndpointsError(SlipwayError):
    """The endpoints file of the local cluster is missing a key or is not JSON."""

    heading = "The local cluster's endpoints file is wrong"


class ClusterError(SlipwayError):
    """No kubeconfig, no such context, or nothing answers."""

    heading = "The cluster is not there"


class RenderError(SlipwayError):
    """Images without digests, secrets in plain text, or files of others in the way."""

    heading = "Nothing was rendered"
