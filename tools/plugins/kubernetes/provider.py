"""Answers the engine: `pulumirpc.ResourceProvider`, the calls about the provider itself.

Who it is, its options, its end, and what it refuses. The calls about resources are in resources.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

import grpc
from google.protobuf import empty_pb2

from tools.plugins.engine import Log
from tools.plugins.kubernetes import settings
from tools.plugins.kubernetes.configuration import compare_configurations, texts_of
from tools.plugins.kubernetes.errors import ProviderError, RefusedError
from tools.plugins.kubernetes.resources import ResourceCalls, readable
from tools.plugins.kubernetes.session import Session
from tools.plugins.kubernetes.values import from_struct
from tools.plugins.kubernetes.wait import Clock
from tools.plugins.protocol import plugin_pb2, provider_pb2
from tools.plugins.versions import version_of


class KubernetesProvider(ResourceCalls):
    """The provider of one engine."""

    def __init__(self, log: Log, environ: Mapping[str, str]) -> None:
        self._log = log
        self._environ = environ
        self._clock = Clock()
        self._session = Session(settings.Settings(), environ, log, self._clock)

    def GetPluginInfo(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """It stands in for the version that the installed SDK asks for."""
        return plugin_pb2.PluginInfo(version=version_of("pulumi_kubernetes"))

    @readable
    def GetSchema(self, _request: provider_pb2.GetSchemaRequest, _context: grpc.ServicerContext) -> NoReturn:
        """The schema comes with the official provider; only code generators ask for it."""
        raise RefusedError("the schema, for generated code (`pulumi import` works with --generate-code=false)")

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Refuse options that this provider does not have."""
        failures = []
        try:
            settings.load(texts_of(from_struct(request.news)), self._environ)
        except ProviderError as e:
            failures.append(provider_pb2.CheckFailure(reason=str(e)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    @readable
    def DiffConfig(
        self, request: provider_pb2.DiffRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Whether another configuration means another cluster."""
        found = compare_configurations(from_struct(request.olds), from_struct(request.news))
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if found.changed else none, diffs=found.changed, replaces=found.replacing
        )

    @readable
    def Configure(
        self, request: provider_pb2.ConfigureRequest, _context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Take the options. Connects to nothing yet."""
        self._session = Session(
            settings.load(dict(request.variables), self._environ), self._environ, self._log, self._clock
        )
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Cancel(self, _request: empty_pb2.Empty, _context: grpc.ServicerContext) -> empty_pb2.Empty:
        """The user wants it to end: every wait gives up, with what is known so far."""
        self._clock.cancelled.set()
        return empty_pb2.Empty()

    @readable
    def Invoke(self, request: provider_pb2.InvokeRequest, _context: grpc.ServicerContext) -> NoReturn:
        """Functions render charts and YAML bundles: left to the official provider."""
        raise RefusedError(f"function {request.tok}")

    @readable
    def Construct(self, request: provider_pb2.ConstructRequest, _context: grpc.ServicerContext) -> NoReturn:
        """So do components."""
        raise RefusedError(f"component {request.type}")
