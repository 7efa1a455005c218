"""Tests of serve.chat.probe: small templates, each with one property."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from serve.chat.probe import Capabilities, probe
from serve.chat.template import ChatTemplate

CALL = "{% for c in m.tool_calls or [] %}{{ c.id }}{{ c.function.name }}{{ ARGUMENTS }}{% endfor %}"
TOOLS = "{% if tools %}{{ tools|tojson }}{% endif %}"
TURNS = "{% for m in messages %}{{ m.role }}:{{ CONTENT }}" + CALL + "{% endfor %}"


def template(arguments: str = "c.function.arguments|tojson", content: str = "m.content or ''", more: str = "") -> str:
    """One that takes everything, and changes to it."""
    return more + TOOLS + TURNS.replace("ARGUMENTS", arguments).replace("CONTENT", content)


def capabilities(source: str) -> Capabilities:
    """Probed."""
    return probe(ChatTemplate(source, bos="", eos="", now=lambda: datetime(2026, 1, 2, tzinfo=UTC)))


ALL = Capabilities(tools=True, object_arguments=True, parallel_calls=True, null_content=True)
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}"
IN_TURN = (
    "{% for m in messages[1:] %}{% if m.role == messages[loop.index0].role == 'user' %}{{ raise_exception('no') }}"
    "{% endif %}{% endfor %}"
)
REFUSE = "{{ raise_exception('no') }}"
EACH_CALL = "{% for m in messages %}{% for c in m.tool_calls or [] %}IF{% endfor %}{% endfor %}"
ONE_CALL = EACH_CALL.replace("IF", "{% if not loop.last %}" + REFUSE + "{% endif %}")
NINE = EACH_CALL.replace("IF", "{% if c.id|length != 9 %}" + REFUSE + "{% endif %}")
THINKING = "{% if false %}{{ message.thinking }}{% endif %}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (template(), ALL),
        (TURNS.replace("CONTENT", "m.content").replace(CALL, ""), Capabilities()),
        (template(arguments="c.function.arguments"), Capabilities(tools=True, parallel_calls=True, null_content=True)),
        (template(content="m.content + ''"), Capabilities(tools=True, object_arguments=True, parallel_calls=True)),
        (template(more=NO_SYSTEM), Capabilities(False, True, True, True, True)),
        (template(more=IN_TURN), Capabilities(True, True, True, True, True, repeated_roles=False)),
        (template(more=ONE_CALL), Capabilities(True, True, True, False, True)),
        (template(more=NINE), Capabilities(True, True, True, True, True, short_ids=True)),
        (
            template(more="{% for t in tools %}{% endfor %}"),
            Capabilities(True, True, True, True, True, tools_never_none=True),
        ),
        (template(more=THINKING), Capabilities(True, True, True, True, True, thinking_key="thinking")),
        (
            "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}",
            Capabilities(typed_content=True),
        ),
        ("{{ raise_exception('never') }}", Capabilities(system=False, repeated_roles=False)),
    ],
)
def test_a_template_is_asked_what_it_takes(source: str, expected: Capabilities) -> None:
    """By rendering, so that it does not matter how it is written."""
    found = capabilities(source)
    if source.startswith("{{ raise"):
        found = Capabilities(found.system, found.tools, repeated_roles=found.repeated_roles)
    assert found == expected


def test_describing_tools_is_not_enough() -> None:
    """Without calls and results, a conversation with tools can't go on."""
    assert not capabilities(TOOLS + "{% for m in messages %}{{ m.content }}{% endfor %}").tools
