"""Sampling -> a chain of llama.cpp's samplers, in its usual order."""

from __future__ import annotations

from typing import Any

from serve.engine.llama.dry import DrySamplers
from serve.engine.llama.library import C
from serve.engine.types import Sampling


def make_chain(sampling: Sampling, *, dry: DrySamplers, num_vocab: int, context_tokens: int) -> Any:
    """Bias, penalties, cuts, temperature, choice. The caller frees it."""
    has_dry = sampling.dry_multiplier > 0
    dry_sampler = dry.copy(sampling, _window(sampling.dry_window_tokens, context_tokens)) if has_dry else None
    chain = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())

    def add(sampler: Any) -> None:
        C.llama_sampler_chain_add(chain, sampler)

    bias = [(token, value) for token, value in sampling.logit_bias if 0 <= token < num_vocab]
    if bias:
        array = (C.llama_logit_bias * len(bias))(*(C.llama_logit_bias(token, value) for token, value in bias))
        add(C.llama_sampler_init_logit_bias(num_vocab, len(bias), array))
    if _has_penalties(sampling):
        window, repeat = _window(sampling.penalty_window_tokens, context_tokens), sampling.repeat_penalty
        frequency, presence = sampling.frequency_penalty, sampling.presence_penalty
        add(C.llama_sampler_init_penalties(num_vocab, window, repeat, frequency, presence))
    if dry_sampler is not None:
        add(dry_sampler)
    if sampling.temperature <= 0:
        add(C.llama_sampler_init_top_k(1))  # finds the same token as greedy's own search, in three quarters of its time
        add(C.llama_sampler_init_greedy())
    elif sampling.mirostat == 0:
        for cut in _cuts(sampling):
            add(cut)
        add(C.llama_sampler_init_temp(sampling.temperature))
        add(C.llama_sampler_init_dist(sampling.seed))
    else:
        add(C.llama_sampler_init_temp(sampling.temperature))
        add(_mirostat(sampling, num_vocab))
    return chain


def remembers(sampling: Sampling) -> bool:
    """Does a chain for it change with each token it is told? Then it must not be told one that is not used."""
    return _has_penalties(sampling) or sampling.dry_multiplier > 0 or sampling.mirostat > 0


def num_looked_at(sampling: Sampling, context_tokens: int) -> int:
    """So many of the last tokens, the prompt's too, have a say in the next one."""
    penalties = _window(sampling.penalty_window_tokens, context_tokens) if _has_penalties(sampling) else 0
    dry = _window(sampling.dry_window_tokens, context_tokens) if sampling.dry_multiplier > 0 else 0
    return max(penalties, dry)


def _window(num_tokens: int, context_tokens: int) -> int:
    """-1 is the whole context. Nobody has more, and llama.cpp allocates what it is told: too much ends the process."""
    return context_tokens if num_tokens < 0 else min(num_tokens, context_tokens)


def _has_penalties(sampling: Sampling) -> bool:
    return (sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty) != (1.0, 0.0, 0.0)


def _cuts(sampling: Sampling) -> list[Any]:
    cuts = []
    if sampling.top_k > 0:
        cuts.append(C.llama_sampler_init_top_k(sampling.top_k))
    if sampling.typical_p < 1.0:
        cuts.append(C.llama_sampler_init_typical(sampling.typical_p, 1))
    if sampling.top_p < 1.0:
        cuts.append(C.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0.0:
        cuts.append(C.llama_sampler_init_min_p(sampling.min_p, 1))
    if sampling.xtc_probability > 0:
        cuts.append(C.llama_sampler_init_xtc(sampling.xtc_probability, sampling.xtc_threshold, 1, sampling.seed))
    return cuts


def _mirostat(sampling: Sampling, num_vocab: int) -> Any:
    tau, eta = sampling.mirostat_tau, sampling.mirostat_eta
    if sampling.mirostat == 1:
        return C.llama_sampler_init_mirostat(num_vocab, sampling.seed, tau, eta, 100)
    return C.llama_sampler_init_mirostat_v2(sampling.seed, tau, eta)
