"""A provider of images that builds none: stands in for docker-build where only what runs them is tried.

An image's reference is its first tag with the digest of what it was asked to be made of: the same inputs, the same
image, and a second `up` finds nothing to do.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from typing import Any

from google.protobuf import empty_pb2, json_format, struct_pb2

from tools.plugins import arguments
from tools.plugins.protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from tools.plugins.server import serve
from tools.plugins.versions import version_of


class ImageProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Takes every input, and knows nothing before an update."""

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:
        """It stands in for the version that the installed SDK asks for."""
        return plugin_pb2.PluginInfo(version=version_of("pulumi_docker_build"))

    def CheckConfig(self, request: Any, _context: Any) -> Any:
        """There is nothing to configure."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request: Any, _context: Any) -> Any:
        """So nothing changes."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, _request: Any, _context: Any) -> Any:
        """Without previews: what comes of an image is not known before."""
        return provider_pb2.ConfigureResponse()

    def Check(self, request: Any, _context: Any) -> Any:
        """Whatever is asked for."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, _context: Any) -> Any:
        """Other inputs are another image."""
        same = request.old_inputs == request.news
        kinds = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(changes=kinds.DIFF_NONE if same else kinds.DIFF_SOME)

    def Create(self, request: Any, _context: Any) -> Any:
        """Its name and digest."""
        return provider_pb2.CreateResponse(id="image", properties=_made(request.properties))

    def Update(self, request: Any, _context: Any) -> Any:
        """Its new digest."""
        return provider_pb2.UpdateResponse(properties=_made(request.news))

    def Delete(self, _request: Any, _context: Any) -> Any:
        """There was none."""
        return empty_pb2.Empty()

    def Cancel(self, _request: Any, _context: Any) -> Any:
        """Nothing is under way."""
        return empty_pb2.Empty()


def _made(inputs: struct_pb2.Struct) -> struct_pb2.Struct:
    asked = json_format.MessageToDict(inputs)
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    made = struct_pb2.Struct()
    made.CopyFrom(inputs)
    made["ref"] = f"{asked['tags'][0]}@sha256:{digest}"
    return made


def main(argv: Sequence[str]) -> None:
    """Serve until the engine is gone."""
    serve(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(ImageProvider(), server),
        engine_address=arguments.parse(argv).engine_address,
        on_leave=lambda: None,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
