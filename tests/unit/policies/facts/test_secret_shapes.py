"""What looks like a secret. The rules' own cases have every word and every shape; here is what they share."""

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from policies.evaluate import evaluate
from policies.facts import secret_shapes
from policies.rules import environment
from policies.settings import Settings

SECRETS = ("hunter2-is-long", "hf_abcdefgh01234567", "redis://:hunter2-is-long@cache")


@pytest.mark.parametrize("name", ["HF_TOKEN", "hf-token", "hfToken", "hf.token", "HF_TOKEN_2"])
def test_a_name_is_read_word_by_word_however_they_are_joined(name: str) -> None:
    """Capitals, dashes, dots and underscores all part words."""
    assert secret_shapes.is_secret_name(name)


@pytest.mark.parametrize("name", ["secretIDName", "accessKeyURL", "passwordTTL"])
def test_an_abbreviation_is_a_word(name: str) -> None:
    """Its last capital may begin the next word."""
    assert not secret_shapes.is_secret_name(name)
    assert secret_shapes.is_secret_name("DBPassword")


@pytest.mark.parametrize("value", [None, UNKNOWN, 5, ["password=a"]])
def test_what_is_no_text_is_no_secret(value: object) -> None:
    """An absent, unknown or malformed value is somebody else's finding."""
    assert not secret_shapes.is_secret_name(value)
    assert not secret_shapes.is_secret_value(value)
    assert not secret_shapes.is_literal(value)
    assert not secret_shapes.has_secret(value)


@pytest.mark.parametrize("secret", SECRETS)
def test_no_verdict_shows_the_secret_it_is_about(secret: str) -> None:
    """Neither its message nor its path holds the value, wherever it was found."""
    objects = [
        Object({"kind": "Pod", "spec": {"containers": [{"env": [{"name": "A_PASSWORD", "value": secret}]}]}}),
        Object({"kind": "ConfigMap", "data": {"password": secret, "a.env": f"PASSWORD={secret}\n"}}),
    ]
    rules = (environment.no_literal_secret_env, environment.no_secret_in_configmap)
    verdicts = evaluate(objects, rules, Settings())
    assert len(verdicts) == 3
    assert not any(secret in f"{verdict.path} {verdict.message}" for verdict in verdicts)
