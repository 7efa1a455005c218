"""What the engine shows of verdicts, where that is not seen through the analyzer."""

from __future__ import annotations

from kube.objects import Object
from policies import diagnostics
from policies.evaluate import Verdict
from policies.judge import DECIDED_AT_UP
from policies.rules.security import read_only_root_fs
from policies.settings import Level


def verdict(name: str, path: str = "spec") -> Verdict:
    """One that waits for `up`."""
    target = Object({"kind": "Pod", "metadata": {"name": name, "namespace": "n"}}, f"urn:{name}")
    return Verdict(read_only_root_fs, target, path, f"must be so ({DECIDED_AT_UP})", Level.ADVISORY, undecided=True)


def test_of_many_objects_some_are_named() -> None:
    """A message is to be read."""
    (found,) = diagnostics.of_waiting([verdict(f"a{number:02}") for number in range(22)], ())
    assert found.message.endswith("Pod n/a18, Pod n/a19, 2 more")


def test_a_finding_of_the_whole_object_has_no_path() -> None:
    """And no colon in place of one."""
    (found,) = diagnostics.of_waiting([verdict("a", path="")], ())
    assert found.message == f"must be so ({DECIDED_AT_UP})\nof Pod n/a"
    assert diagnostics.of_verdict(verdict("a", path=""), ()).message == f"must be so ({DECIDED_AT_UP})"


def test_no_message_shows_a_secret() -> None:
    """Neither does a name that is one; what is short is a word, and stays."""
    assert "hunter2-long" not in diagnostics.notice("a hunter2-long b", ["hunter2-long"]).message
    (found,) = diagnostics.of_waiting([verdict("hunter2-long")], ["hunter2-long", "n"])
    assert found.message.endswith("of Pod n/[secret]")
