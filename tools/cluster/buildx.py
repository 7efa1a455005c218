"""Tell build clients where the standalone builder is, in the file format of docker buildx.

pulumi-docker-build finds builders by name through buildx's instance files. Ours lies in a buildx folder of its own
(BUILDX_CONFIG), so nothing of the user's Docker settings is touched and registry logins keep working.
"""

from __future__ import annotations

import json
from pathlib import Path

from tools.cluster.layout import BUILDER, Layout


def folder(layout: Layout) -> Path:
    """What BUILDX_CONFIG must name."""
    return layout.dir / "buildx"


def write_instance(layout: Layout) -> None:
    """Write the instance file of the builder."""
    endpoint = f"unix://{layout.buildkit_socket}"
    instance = {
        "Name": BUILDER,
        "Driver": "remote",
        "Nodes": [{"Name": f"{BUILDER}0", "Endpoint": endpoint, "Platforms": None, "DriverOpts": None, "Flags": None}],
        "Dynamic": False,
    }
    path = folder(layout) / "instances" / BUILDER
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(instance))
