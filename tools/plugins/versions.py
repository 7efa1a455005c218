"""The version of an installed package, by the name of its `.dist-info` folder.

`importlib.metadata` gives the same, and takes longer to import than the rest of a plugin's start.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path


def version_of(package: str) -> str:
    """The version of an installed package, given by the name under which it is imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.origin:
        raise ModuleNotFoundError(f"the package {package!r} is not installed in this virtual environment", name=package)
    site_packages = Path(spec.origin).parent.parent
    for info in site_packages.glob(f"{package}-*.dist-info"):
        return info.name.removeprefix(f"{package}-").removesuffix(".dist-info")
    raise ModuleNotFoundError(f"the package {package!r} in {site_packages} has no version", name=package)
