"""The gRPC stubs load without the package that they come in."""

import subprocess
import sys

import pytest

from tools.plugins import protocol


def test_stubs_load_without_importing_pulumi() -> None:
    """A plugin's start must not pay for the SDK."""
    code = "from tools.plugins.protocol import provider_pb2_grpc; import sys; print('pulumi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_stubs_are_those_of_pulumi_where_it_is_imported() -> None:
    """One process has one set of messages."""
    code = (
        "from pulumi.runtime.proto import provider_pb2 as theirs; from tools.plugins.protocol import provider_pb2; "
        "print(theirs is provider_pb2)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_pulumi_can_still_be_imported_after_the_stubs() -> None:
    """Tests of the Pulumi program run in the same process as tests of the plugins."""
    code = (
        "from tools.plugins.protocol import provider_pb2 as ours; import pulumi; "
        "from pulumi.runtime.proto import provider_pb2 as theirs; "
        "print(theirs.CheckRequest(urn='a').SerializeToString() == ours.CheckRequest(urn='a').SerializeToString())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Only stubs that are listed are loaded."""
    with pytest.raises(AttributeError, match="no_such_stub"):
        _ = protocol.no_such_stub
