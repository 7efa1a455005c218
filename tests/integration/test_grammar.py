"""Grammars as llama.cpp itself reads them, against the reference matcher and against jsonschema.

A byte-level vocabulary lets any text be fed. What would abort the process is never done: a token is accepted only after
the grammar has let it pass.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from serve.grammar import json_mode, regex
from serve.grammar.errors import GrammarError
from serve.grammar.gbnf import check
from serve.grammar.json_schema import to_gbnf
from tests.helpers import llama, tiny_gguf
from tests.helpers.gbnf import Grammar
from tests.unit.serve.grammar.schemas import is_valid, schemas
from tests.unit.serve.grammar.test_gbnf import GOOD

pytestmark = pytest.mark.engine

ATOMS = st.sampled_from(['"x"', '"y"', '"xy"', "[xy]", "[^x]", "a", "b", "c", "root", '""', ".", '"é"'])
SIGNS = st.sampled_from(["*", "+", "?", "{2}", "{0,3}", "{1,}"])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' | '.join(parts)})"),
        st.tuples(inner, SIGNS).map(lambda pair: f"({pair[0]}){pair[1]}"),
    ),
    max_leaves=5,
)
GRAMMARS = st.tuples(*[EXPRESSIONS] * 4).map(
    lambda parts: "".join(f"{name} ::= {part}\n" for name, part in zip(("root", "a", "b", "c"), parts, strict=True))
)

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


class Llama:
    """llama.cpp's grammar sampler over a vocabulary with one token per byte."""

    def __init__(self, path: Path) -> None:
        llama.make_importable()
        from serve.engine.llama.library import C

        self._c = C
        params = C.llama_model_default_params()
        params.vocab_only = True
        self._model = C.llama_model_load_from_file(str(path).encode(), params)
        self._vocab = C.llama_model_get_vocab(self._model)
        self._end = C.llama_vocab_eos(self._vocab)
        self._tokens = {self._piece(token): token for token in reversed(range(256))}

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(16)
        count = self._c.llama_token_to_piece(self._vocab, token, buffer, 16, 0, False)
        return buffer.raw[:count]

    def accepts(self, grammar: str, text: str) -> bool:
        """Is this whole text allowed, and the end after it?"""
        sampler = self._c.llama_sampler_init_grammar(self._vocab, grammar.encode(), b"root")
        assert sampler, f"llama.cpp refuses {grammar}"
        try:
            for byte in text.encode():
                token = self._tokens[bytes([byte])]
                if not self._allows(sampler, token):
                    return False
                self._c.llama_sampler_accept(sampler, token)
            return self._allows(sampler, self._end)
        finally:
            self._c.llama_sampler_free(sampler)

    def _allows(self, sampler: Any, token: int) -> bool:
        data = (self._c.llama_token_data * 1)(self._c.llama_token_data(token, 1.0, 0.0))
        array = self._c.llama_token_data_array(data, 1, -1, False)
        self._c.llama_sampler_apply(sampler, ctypes.byref(array))
        return bool(data[0].logit == 1.0)

    def close(self) -> None:
        """Give the vocabulary back."""
        self._c.llama_model_free(self._model)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """One vocabulary for all tests."""
    one = Llama(tiny_gguf.write(tmp_path_factory.mktemp("grammar") / "tiny.gguf"))
    yield one
    one.close()


def damaged(text: str, random: Random) -> str:
    """The text with a character lost, doubled or replaced."""
    if not text:
        return " "
    at = random.randrange(len(text))
    return text[:at] + random.choice(["", text[at] * 2, random.choice('0a" ,}]-.')]) + text[at + 1 :]


def compare(engine: Llama, grammar: str, random: Random, num_texts: int = 6) -> list[str]:
    """Random texts of a grammar, on all of which, and on damaged ones, llama.cpp and the reference agree."""
    reference = Grammar(grammar)
    texts = [reference.sample(random) for _ in range(num_texts)]
    for text in texts:
        assert engine.accepts(grammar, text), text
        other = damaged(text, random)
        assert engine.accepts(grammar, other) == reference.accepts(other), other
    return texts


def test_json_mode_lets_objects_pass_and_nothing_else(engine: Llama) -> None:
    """Also where a model may be tempted: text around it, endless spaces."""
    grammar = json_mode.to_gbnf()
    for text in ("{}", '{"a": [1, 2.5e3, null, {"b": "ü\\u00e9\\n"}]}', '{\n    "a": true\n}'):
        assert engine.accepts(grammar, text), text
    for text in ("[]", "", " {}", "{} ", '{"a":  1}', '{"a": 1}x', "{'a': 1}", '{"a" : 1}', "{\n\n\n}", '{"a":00}'):
        assert not engine.accepts(grammar, text), text


@SLOW
@given(schema=schemas(), seed=st.integers(0, 1000))
@example(schema={"oneOf": [{"type": "string", "format": "date"}, {"enum": [""]}]}, seed=0)
def test_what_llama_cpp_lets_pass_is_valid(engine: Llama, schema: Any, seed: int) -> None:
    """Random schemas: every text that the grammar makes is one of llama.cpp's, and valid by jsonschema."""
    try:
        grammar = to_gbnf(schema)
    except GrammarError:
        return
    for text in compare(engine, grammar, Random(seed)):
        assert is_valid(json.loads(text), schema)


@pytest.mark.parametrize(
    ("pattern", "accepted", "rejected"),
    [
        (r"^\d{3}-[a-f]+$", "123-abc", "12-abc"),
        (r"(a|ab)*c?", "aababc", "abba"),
        (r"[^\n\"\\]+é.?", "xé!", "é"),
        (r"(?:a*)*b", "aab", "aa"),
        (r"x{2,600}", "x" * 600, "x" * 601),
        (r"\u{1F600}|\x41", "😀", "B"),
    ],
)
def test_a_regular_expression_becomes_a_grammar_of_llama_cpp(
    engine: Llama, pattern: str, accepted: str, rejected: str
) -> None:
    """Whole texts, from the first to the last character."""
    grammar = regex.to_gbnf(pattern)
    assert engine.accepts(grammar, accepted)
    assert not engine.accepts(grammar, rejected)
    compare(engine, grammar, Random(1))


@pytest.mark.parametrize("name", GOOD)
def test_usual_grammars_are_read_as_llama_cpp_reads_them(engine: Llama, name: str) -> None:
    """The same texts, in a grammar with comments, classes, groups and counts."""
    compare(engine, GOOD[name], Random(3))


@SLOW
@given(grammar=GRAMMARS, seed=st.integers(0, 1000))
def test_a_grammar_that_passes_the_check_does_not_harm_llama_cpp(engine: Llama, grammar: str, seed: int) -> None:
    """Whatever it looks like: it is read, nothing aborts, and it means what the reference says."""
    try:
        check(grammar)
    except GrammarError:
        return
    compare(engine, grammar, Random(seed), num_texts=3)
