"""The generated gRPC stubs of the `pulumi` package, without the package itself.

The engine starts a plugin three or four times per operation, and `import pulumi` alone takes longer than all the
rest of a start. The stubs import each other only relatively, so they load from the same files as a package of their
own. Where `pulumi` is imported already, its own stubs are used: a process has one set of messages.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        analyzer_pb2,
        engine_pb2,
        engine_pb2_grpc,
        language_pb2,
        language_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        status_pb2,
    )

__all__ = [
    "analyzer_pb2",
    "engine_pb2",
    "engine_pb2_grpc",
    "language_pb2",
    "language_pb2_grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
    "status_pb2",
]

OWN_PACKAGE = "tools_plugins_stubs"
PULUMI_PACKAGE = "pulumi.runtime.proto"


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{_package()}.{name}")


def _package() -> str:
    """The package to load the stubs from."""
    if PULUMI_PACKAGE in sys.modules:
        return PULUMI_PACKAGE
    if OWN_PACKAGE not in sys.modules:
        spec = importlib.util.find_spec("pulumi")
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError(
                "the package 'pulumi' is not installed in this virtual environment", name="pulumi"
            )
        package = ModuleType(OWN_PACKAGE)
        package.__path__ = [f"{location}/runtime/proto" for location in spec.submodule_search_locations]
        sys.modules[OWN_PACKAGE] = package
    return OWN_PACKAGE
