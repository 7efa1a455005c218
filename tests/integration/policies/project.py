"""A project that registers plain objects, and what the real CLI says of them with our pack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.plugins.control_plane import Binaries
from tests.integration.plugins.workspace import Workspace
from tools.plugins.versions import version_of

ROOT = Path(__file__).resolve().parents[3]
PACK = ROOT / "policies"
PROGRAM = f"""
import json
for name, (token, properties) in json.load(open("objects.json")).items():
    options = pulumi.ResourceOptions(version="{version_of("pulumi_kubernetes")}")
    pulumi.CustomResource(token, name, properties, options)
"""
VIOLATION = re.compile(r"^ *- \[(\w+)\](?: \[severity: \w+\])?  (\S+)  \((\S+): (\S+)\)$", re.MULTILINE)
"""`- [mandatory] [severity: high]  no-host-path  (kubernetes:core/v1:Pod: name)`"""


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the CLI about a rule."""

    level: str
    rule: str
    resource: str


@dataclass(frozen=True, slots=True)
class Answer:
    """How a run of the CLI ended, and all that it said."""

    status: int
    text: str

    @property
    def told(self) -> frozenset[Told]:
        """Which rule has said something about which resource, at which level."""
        return frozenset(Told(level, rule, name) for level, rule, _, name in VIOLATION.findall(self.text))

    def rules(self, level: str, about: str = "") -> set[str]:
        """The rules that have spoken at a level, about resources whose names begin so."""
        return {each.rule for each in self.told if each.level == level and each.resource.startswith(about)}


class Project(Workspace):
    """A workspace with our pack."""

    def __init__(self, folder: Path, binaries: Binaries, kubeconfig: Path | None) -> None:
        super().__init__(folder, binaries, kubeconfig)
        self.register({})

    def register(self, objects: Mapping[str, Mapping[str, Any]], head: str = "") -> None:
        """What the program is to make from now on, by the names of its resources; `head` is run before."""
        listed = {name: (token(each), each) for name, each in objects.items()}
        (self.project / "objects.json").write_text(json.dumps(listed, default=str))
        self.write(head + PROGRAM)

    def configure(self, settings: Mapping[str, Any] | None) -> None:
        """The pack's settings in the stack file."""
        if settings is None:
            self.pulumi("config", "rm", "slipway:policy")
        else:
            self.pulumi("config", "set", "slipway:policy", json.dumps(settings, default=str))

    def ask(self, command: str = "preview", *args: str) -> Answer:
        """Run a command with our pack."""
        done = self.run(command, "--policy-pack", str(PACK), *args)
        return Answer(done.returncode, done.stdout + done.stderr)


def token(data: Mapping[str, Any]) -> str:
    """The type under which Pulumi knows a kind."""
    version = data["apiVersion"]
    if version.startswith("helm.sh/"):
        version = "example.com/v1"  # the stand-in provider knows no charts; the object itself says what it is
    return f"kubernetes:{version if '/' in version else f'core/{version}'}:{data['kind']}"


def named(objects: Iterable[Mapping[str, Any]], rule: str) -> dict[str, Mapping[str, Any]]:
    """Examples of a rule under names that tell whose they are."""
    return {f"{rule}.{index}": each for index, each in enumerate(objects)}
