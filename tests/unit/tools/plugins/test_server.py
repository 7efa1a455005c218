"""A plugin process: it prints its port, serves, and leaves."""

import signal
import subprocess
import sys

import grpc
from google.protobuf import empty_pb2

from tools.plugins.protocol import provider_pb2_grpc


def test_a_plugin_prints_its_port_serves_and_leaves_on_a_signal() -> None:
    """The first line of output is all that the engine needs."""
    argv = [sys.executable, "-m", "tools.plugins.kubernetes"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as proc:
        assert proc.stdout is not None
        port = int(proc.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=10).version.count(".") == 2
        proc.send_signal(signal.SIGTERM)
        assert proc.wait(10) == 0
