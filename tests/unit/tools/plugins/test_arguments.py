"""The engine's command line."""

from tools.plugins.arguments import parse


def test_the_engine_address_follows_the_flags() -> None:
    """As CLI 3.250 starts a plugin."""
    args = parse(["--logtostderr", "-v=9", "--tracing", "http://trace", "127.0.0.1:1234"])
    assert (args.engine_address, args.tracing) == ("127.0.0.1:1234", "http://trace")


def test_the_launcher_adds_the_executor_in_front() -> None:
    """Only the language host needs it."""
    assert parse(["--use-executor", "/bin/exec", "127.0.0.1:1"]).executor == "/bin/exec"


def test_without_an_engine_there_is_no_address() -> None:
    """A person may start a plugin by hand."""
    assert parse([]).engine_address == ""


def test_flags_of_a_newer_engine_do_not_stop_the_plugin() -> None:
    """They are ignored."""
    assert parse(["--brand-new", "127.0.0.1:1"]).engine_address == "127.0.0.1:1"
