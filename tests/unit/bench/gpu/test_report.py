"""Tests of bench.gpu.report."""

from __future__ import annotations

import json

from bench.gpu.report import Check, json_line


def test_a_check_is_one_line_for_people_and_all_are_one_for_machines() -> None:
    """What does not hold is seen at the line's beginning."""
    checks = [Check("code", holds=True, seen="for 8.0", values={"bytes": 3}), Check("off", holds=False, seen="loaded")]
    assert [str(check) for check in checks] == ["ok    code: for 8.0", "FAIL  off: loaded"]
    told = json.loads(json_line(checks, {"gpus": []}))
    assert told["checks"][0] == {"name": "code", "holds": True, "seen": "for 8.0", "values": {"bytes": 3}}
    assert told["about"] == {"gpus": []}
