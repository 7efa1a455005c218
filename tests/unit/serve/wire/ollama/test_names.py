"""Tests of serve.wire.ollama.names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.errors import InvalidRequestError
from serve.pulls.types import PullOrder
from serve.wire.ollama.names import PullBody, ShowBody, to_order


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("hf.co/org/repo:Q8_0", PullOrder("org/repo", "*Q8_0*.gguf")),
        ("hf.co/org/repo", PullOrder("org/repo", "*Q4_K_M*.gguf")),
        ("hf.co/org/repo:latest", PullOrder("org/repo", "*Q4_K_M*.gguf")),
        ("HF.co/Org/Repo-1.5_GGUF:IQ4_XS", PullOrder("Org/Repo-1.5_GGUF", "*IQ4_XS*.gguf")),
        ("huggingface.co/org/repo:a.Q4_0.gguf", PullOrder("org/repo", "a.Q4_0.gguf")),
        ("https://huggingface.co/org/repo:q4_0", PullOrder("org/repo", "*q4_0*.gguf")),
        ("org/repo:folder/a.gguf", PullOrder("org/repo", "folder/a.gguf")),
        ("TheBloke/TinyLlama-GGUF:tinyllama.Q2_K.gguf", PullOrder("TheBloke/TinyLlama-GGUF", "tinyllama.Q2_K.gguf")),
    ],
)
def test_a_name_of_the_hub_is_a_file_there(name: str, order: PullOrder) -> None:
    """Or the one file of a quantization; Ollama's own default is Q4_K_M."""
    assert to_order(name) == order


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("llama3.2", "Ollama's own registry"),
        ("llama3.2:1b", "Ollama's own registry"),
        ("library/llama3.2:1b", "Ollama's own registry"),
        ("someone/model", "Ollama's own registry"),
        ("a.gguf", "Ollama's own registry"),
        ("registry.ollama.ai/library/llama3.2:1b", "registry.ollama.ai is no hub"),
        ("modelscope.cn/org/repo:Q4_0", "modelscope.cn is no hub"),
        ("hf.co/org/repo:../x", "no quantization"),
        ("hf.co/org/repo:*", "no quantization"),
        ("hf.co/org", "Ollama's own registry"),
        ("", "Ollama's own registry"),
    ],
)
def test_other_names_are_refused_with_the_reason(name: str, why: str) -> None:
    """And with what is allowed."""
    with pytest.raises(InvalidRequestError, match=why) as caught:
        to_order(name)
    assert "hf.co/ORG/REPO:QUANT" in str(caught.value)


@given(st.text(alphabet="abZ0._-/:*[]?~ \n", max_size=40))
def test_no_name_is_more_than_a_file_of_a_repository(name: str) -> None:
    """A pattern is made here only."""
    try:
        order = to_order(name)
    except InvalidRequestError:
        return
    assert order.repo.count("/") == 1
    assert order.file.endswith(".gguf")


def test_a_model_has_two_words_for_its_name() -> None:
    """The newer one wins; one of them must be there."""
    assert ShowBody(model="a", name="b").asked == "a"
    assert ShowBody(name="b").asked == "b"
    with pytest.raises(InvalidRequestError, match="model is required"):
        _ = ShowBody().asked


def test_a_pull_without_tls_is_refused() -> None:
    """Nothing said, or false, asks for nothing."""
    assert PullBody(model="hf.co/a/b", insecure=False).order() == PullOrder("a/b", "*Q4_K_M*.gguf")
    with pytest.raises(InvalidRequestError, match="insecure is true"):
        PullBody(model="hf.co/a/b", insecure=True).order()
