"""Imports point one way: what must stay pure can't reach Pulumi, directly or through others."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PURE = (
    "infra.catalog.load",
    "infra.cluster",
    "infra.config",
    "infra.cost.assess",
    "infra.cost.cli",
    "infra.endpoints",
    "infra.environment",
    "infra.fit.capacity",
    "infra.fit.check",
    "infra.gguf.geometry",
    "infra.names",
    "infra.plan",
    "infra.quota",
    "infra.rollout",
    "infra.settings",
    "infra.units",
    "infra.manifests.all",
    "infra.outputs.aicore",
    "infra.outputs.compose",
    "infra.outputs.kubernetes",
)


def imported_by(*modules: str) -> set[str]:
    """All modules that a fresh interpreter has after importing some."""
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_pure_modules_never_reach_pulumi() -> None:
    """The plan can be computed, printed and judged without Pulumi."""
    assert not {name for name in imported_by(*PURE) if name.split(".")[0].startswith("pulumi")}


def test_the_list_of_pure_modules_is_complete() -> None:
    """Only the program and the components may import it; the edge to Pulumi's configuration does so when it is read."""
    shells = {"infra/program.py"}
    importing = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "infra").rglob("*.py")
        if any(line.startswith(("import pulumi", "from pulumi")) for line in path.read_text().splitlines())
    }
    assert {path for path in importing if not path.startswith("infra/components/")} == shells


def test_importing_the_program_reads_nothing_and_loads_no_kind() -> None:
    """Nothing happens at import; the SDK's large modules come when they are first used."""
    assert "pulumi_kubernetes.core.v1" not in imported_by("infra.program")


def test_the_program_never_reaches_the_tools() -> None:
    """tools/ imports from infra/, never the other way round."""
    assert not {name for name in imported_by("infra.program") if name.split(".")[0] == "tools"}


def test_kube_knows_neither_policies_nor_the_program() -> None:
    """What both read stands below both."""
    names = [path.stem for path in (ROOT / "kube").glob("*.py") if path.stem != "__init__"]
    assert names
    found = imported_by(*(f"kube.{name}" for name in names), "kube.sources")
    assert not {name for name in found if name.split(".")[0] in ("policies", "infra", "pulumi")}


def test_the_program_and_the_costs_never_reach_the_policies() -> None:
    """policies/ reads pure modules of infra/, never the other way round."""
    found = imported_by("infra.program", "infra.cost.cli", "infra.cost.assess", "infra.cost.reports.html")
    assert not {name for name in found if name.split(".")[0] == "policies"}
