"""Past load as people have it: CSV, or what Prometheus answers."""

import json

import pytest

from infra.errors import ConfigError
from infra.forecast.history import Sample, read

CSV = "time,requests,model\n2027-01-04T09:00:00+01:00,3,legal\n1799046000,1.5,risk\n2027-01-04T08:55:00+01:00,2,legal\n"


def test_a_csv_is_read_by_model_in_the_order_of_time() -> None:
    """Seconds, or ISO 8601 with an offset."""
    found = read("load.csv", CSV)
    assert [each.requests for each in found["legal"]] == [2, 3]
    assert found["risk"] == (Sample(1799046000.0, 1.5),)


def test_a_csv_of_one_model_needs_no_column_for_it() -> None:
    """It is named beside it."""
    assert list(read("load.csv", "time,requests\n1,2\n", "legal")) == ["legal"]


def test_the_answer_of_prometheus_is_read_by_its_label() -> None:
    """As /api/v1/query_range gives it."""
    result = [{"metric": {"model": "legal"}, "values": [[10, "2"], [40, "0"]]}]
    text = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})
    assert read("answer.json", text) == {"legal": (Sample(10.0, 2.0), Sample(40.0, 0.0))}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the first line is None; allowed: time, requests"),
        ("a,b\n1,2\n", "the first line is ['a', 'b']; allowed: time, requests"),
        ("time,requests,model\n2027-01-04T09:00:00,3,legal\n", "line 2: '2027-01-04T09:00:00', '3' is not allowed"),
        ("time,requests,model\n1,-3,legal\n", "line 2: '1', '-3' is not allowed"),
        ("time,requests,model\n1,inf,legal\n", "line 2: '1', 'inf' is not allowed"),
        ("time,requests,model\n1\n", "line 2: '1', None is not allowed"),
        ("time,requests\n1,2\n", "samples without a model; allowed: a column or label `model`, or --model"),
        ("time,requests\n", "has no sample"),
        ("{}", "can't be read; allowed: the answer of Prometheus to /api/v1/query_range"),
        ('{"data": {"result": [{"metric": {}, "values": [[1, "NaN"]]}]}}', "can't be read; allowed: the answer of"),
        ("{", "can't be read"),
    ],
)
def test_what_can_not_be_read_is_said_with_its_line(text: str, expected: str) -> None:
    """One sentence."""
    with pytest.raises(ConfigError) as caught:
        read("load", text)
    assert caught.value.problems[0].startswith("load: ")
    assert expected in caught.value.problems[0]
