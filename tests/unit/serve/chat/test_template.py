"""Tests of serve.chat.template."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from serve.chat.template import ChatTemplate
from serve.chat.types import ChatMessage
from serve.engine.errors import RefusedError

HELLO = (ChatMessage("user", "Hello"),)


def render(source: str, messages: tuple[ChatMessage, ...] = HELLO) -> str:
    """Compile and render."""
    template = ChatTemplate(source, bos="<s>", eos="</s>", now=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    return template.render(messages)


def test_the_usual_parts_of_templates_work() -> None:
    """Special tokens, loops with break, the generation tag, the date, JSON without escapes."""
    source = (
        "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m['content'] }}{{ eos_token }}{% break %}{% endfor %}"
        "{% generation %}!{% endgeneration %}{{ strftime_now('%Y') }}{{ {'a': 'é<'} | tojson }}"
        "{% if add_generation_prompt %}>{% endif %}{% if tools %}no{% endif %}"
    )
    assert render(source) == '<s>user:Hello</s>!2026{"a": "é<"}>'


def test_blocks_leave_no_lines_behind() -> None:
    """As in Transformers: a line with only a block is no line."""
    assert render("{% for m in messages %}\n  {{ m.content }}\n{% endfor %}\n") == "  Hello\n"


def test_a_template_that_refuses_says_why() -> None:
    """Its own words reach the client."""
    with pytest.raises(RefusedError, match="refuses this conversation: roles must alternate"):
        render("{{ raise_exception('roles must alternate') }}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].__init__.__globals__ }}",
        "{% include '/etc/passwd' %}",
        "{{ 1 / 0 }}",
        "{{ range(10 ** 9) | list }}",
    ],
)
def test_a_hostile_template_gets_nowhere(source: str) -> None:
    """Nothing of Python, the disk or the conversation itself is within its reach."""
    with pytest.raises(RefusedError, match="the model's chat template failed"):
        render(source + "{{ undefined.attribute }}")


def test_what_is_no_template_is_told_when_the_model_loads() -> None:
    """Not at the first request."""
    with pytest.raises(ValueError, match="the chat template is not valid Jinja: "):
        render("{% for %}")


def test_what_llama_cpp_tells_is_told_where_a_template_asks() -> None:
    """Today, and the tools as text. The client's own word wins."""
    source = "{{ date_string }} {{ datetime }} {{ functions }}"
    template = ChatTemplate(source, bos="<s>", eos="</s>", now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert template.render(HELLO) == "02 Jan 2026 Jan 02 2026 03:04:05 GMT "
    told = template.render_turns([], tools=[{"name": "f"}], more={"date_string": "26 Jul 2024"})
    assert told == '26 Jul 2024 Jan 02 2026 03:04:05 GMT [\n  {\n    "name": "f"\n  }\n]'
    assert render("{% if other is defined %}no{% endif %}") == ""
