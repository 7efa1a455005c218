"""Builds of single images on the builder of the cluster under test, with its own client: no stack, no Pulumi."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra import endpoints as endpoints_file
from infra.endpoints import Endpoints
from infra.environment import Environment
from tools.image import build

TIMEOUT_S = 2700


@dataclass(frozen=True, slots=True)
class Builder:
    """The builder, and the registry that it pushes to."""

    program: str
    address: str
    endpoints: Endpoints

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Builder:
        """As `make test` tells it: buildx's file of the builder, and the cluster's endpoints."""
        assert "BUILDX_CONFIG" in environ, "run through `make test`, which sets BUILDX_CONFIG and starts the cluster"
        endpoints = endpoints_file.load(Environment.read(environ).state_dir)
        assert endpoints is not None
        instance = json.loads(Path(environ["BUILDX_CONFIG"], "instances", str(endpoints.builder)).read_text())
        program = shutil.which("buildctl", path=f"{environ['SLIPWAY_TOOLCHAIN_BIN']}{os.pathsep}{environ['PATH']}")
        assert program is not None
        return cls(program, instance["Nodes"][0]["Endpoint"], endpoints)

    def build(self, context: Path, name: str, *, target: str = "", **build_args: str) -> str:
        """Build and push; the image's reference. AssertionError with what the builder said."""
        ref = f"{self.endpoints.registry}/{name}"
        done = self._run(context, f"type=image,name={ref},push=true", target, build_args)
        assert done.returncode == 0, done.stderr
        return ref

    def refusal(self, context: Path, *, target: str = "", **build_args: str) -> str:
        """What the builder said of a build that must fail; nothing is pushed."""
        done = self._run(context, "", target, build_args)
        assert done.returncode != 0, done.stderr
        return done.stderr

    def _run(
        self, context: Path, output: str, target: str, build_args: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        builder = build.Builder(
            self.program, self.address, base_image=self.endpoints.base_image, ca_file=self.endpoints.ca_file
        )
        argv = build.argv(builder, build.Order(context, target or None, output, build_args))
        return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
