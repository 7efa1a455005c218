"""One model, one context: the engine's Backend on llama.cpp."""

# ruff: noqa: FBT003  (C functions take their flags by position)

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from serve.engine.errors import DecodeError, EngineError, LoadError, NoRoomError
from serve.engine.llama.choosers import Choosers
from serve.engine.llama.context import ContextMemory
from serve.engine.llama.gpu import Gpu
from serve.engine.llama.library import BINDINGS_VERSION, C, log, start
from serve.engine.llama.model import Model
from serve.engine.llama.pages import anonymous_bytes, pages
from serve.engine.llama.params import context_params
from serve.engine.llama.rows import Rows
from serve.engine.llama.threads import Threads
from serve.engine.sequence import Chunk
from serve.engine.types import (
    Adapter,
    AdapterFile,
    LoadOptions,
    ModelInfo,
    Sampling,
    TokenScore,
)

_NO_KV_SLOT = 1
_MAX_IDS = 256  # llama.cpp's own bound
_MAX_KEPT, _MAX_KEPT_EXACT = 16, 4  # a recurrent state is large, whatever the length of its text
_MIN_OUTPUTS = 64
_RANK_FLOATS = 1


class Llama:
    """A loaded model: the engine's Backend, and its tokenizer."""

    def __init__(self, options: LoadOptions, on_progress: Callable[[float], None] = lambda _: None) -> None:
        gpu = Gpu(options.gpu_layers)
        start(uses_gpus=gpu.is_used)
        self._stuck: set[int] = set()  # sequences that could not be rolled back after an error
        self._active: tuple[Adapter, ...] = ()
        self._embeds = False
        self._context: Any = None
        self._anonymous_bytes = 0
        self.model = Model(options.path, on_progress, gpu)
        self._choosers = Choosers(self.model, options.sequence_tokens, options.num_threads)
        try:
            for adapter in options.adapters:
                self.model.add_adapter(adapter)
            self._open_context(options)
            self._warm_up()
            self._anonymous_bytes = anonymous_bytes()
        except LoadError:
            self.close_all()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_all()

    # ---- loading ----

    def _open_context(self, options: LoadOptions) -> None:
        """As the file says what becomes of its rows; once more where it says nothing of an encoder."""
        model = self.model
        self._pooling = model.told_pooling()
        self._context = self._make_context(options, C.LLAMA_POOLING_TYPE_UNSPECIFIED)
        found = int(C.llama_pooling_type(self._context))
        if found == 0 and not C.llama_get_memory(self._context):
            found = C.LLAMA_POOLING_TYPE_MEAN  # the usual way
        if found != self._pooling:
            C.llama_free(self._context)
            self._context, self._pooling = None, found
            self._context = self._make_context(options, found)
        if self._pooling == C.LLAMA_POOLING_TYPE_MEAN:
            model.gpu.need_cublas(options.path, "embeddings that are the mean of a text")
        self._check_room(options)
        info = self.info()
        self._vector_floats = _RANK_FLOATS if info.ranks else C.llama_model_n_embd_out(model.pointer)
        self.memory = ContextMemory(
            self._context, window_tokens=model.window_tokens, is_exact=model.is_exact, copies=self._copies
        )
        self._rows = Rows(options.step_tokens)
        # Who computes on a GPU hands a step over and goes on: its time says nothing.
        num_threads = 1 if model.gpu.is_used else options.num_threads
        self._threads = Threads(num_threads, self._use_threads)

    def _make_context(self, options: LoadOptions, pooling: int) -> Any:
        model, slots = self.model, options.num_slots
        # Cells of its own for each id: a row looks at its own sequence only, where one buffer for all costs every row a
        # look at every cell, those of what is kept, too (measured: 1.4 times the time, with a sliding window as without
        # one). Recurrent states have no such cells.
        self._copies = slots > 1 and not model.is_exact
        kept = 0 if self._copies else min(slots, _MAX_KEPT_EXACT if model.is_exact else _MAX_KEPT)
        self.num_ids = min(slots + kept, max(slots, _MAX_IDS))
        self.max_outputs = min(options.step_tokens, max(_MIN_OUTPUTS, 2 * slots, self.num_ids))
        if self.pools:  # vectors of whole texts: room for a whole step at once
            self.num_ids, self.max_outputs = slots, options.step_tokens
        params = context_params(options, self.num_ids, self.max_outputs, copies=self._copies)
        if self.pools:
            params.pooling_type, params.embeddings = pooling, True
            params.n_ubatch, params.n_outputs_max = options.step_tokens, 0
        model.gpu.set_context_params(params)
        log().clear()
        pages().count()
        context = C.llama_init_from_model(model.pointer, params)
        self._lazy_bytes = pages().lazy_bytes
        if not context:
            raise LoadError(
                f"{options.path} loaded, but {slots} slots of {options.sequence_tokens} tokens did not: {log().first()}"
            )
        return context

    def _check_room(self, options: LoadOptions) -> None:
        """llama.cpp rounds what it is asked for, and takes sizes above 32 bits for small ones."""
        slots, tokens = options.num_slots, options.sequence_tokens
        total, each = int(C.llama_n_ctx(self._context)), int(C.llama_n_ctx_seq(self._context))
        if total < slots * tokens or each < tokens:
            raise LoadError(
                f"{slots} slots of {tokens} tokens are {slots * tokens} tokens: llama.cpp made room for {total} in all "
                f"and {each} for each"
            )

    def _warm_up(self) -> None:
        """One decode, so that the first request does not pay for page faults and graph building."""
        C.llama_set_warmup(self._context, True)
        self._rows.fill((Chunk(0, 0, (max(C.llama_vocab_bos(self.model.vocab), 0),), 1),))
        code = C.llama_decode(self._context, self._rows.batch)
        self.memory.clear()
        C.llama_synchronize(self._context)
        C.llama_set_warmup(self._context, False)
        if code != 0:
            raise LoadError(f"the first decode failed with code {code}: {log().first()}")

    @property
    def pools(self) -> bool:
        """Does it only make embeddings, of whole texts?"""
        return self._pooling > 0

    def info(self) -> ModelInfo:
        """What the GGUF says about itself."""
        told = self.model.info(self._pooling)
        return replace(told, lazy_bytes=self._lazy_bytes, anonymous_bytes=self._anonymous_bytes)

    def fingerprint(self) -> str:
        """Equal where KV state of one process can be used by another: the same weights, library and kind of cells."""
        path, block = self.model.path, 1 << 20
        digest = hashlib.sha256(f"{BINDINGS_VERSION} {path.stat().st_size}".encode())
        with path.open("rb") as file:
            digest.update(file.read(block))
            file.seek(max(path.stat().st_size - block, 0))
            digest.update(file.read(block))
        return digest.hexdigest()[:16]

    def tokenize(self, text: str, *, add_special: bool = True, parse_special: bool = True) -> tuple[int, ...]:
        """Text to tokens. Safe from any thread."""
        return self.model.tokenize(text, add_special=add_special, parse_special=parse_special)

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """A token's bytes."""
        return self.model.piece(token, special=special)

    def is_end(self, token: int) -> bool:
        """Does this token end the answer?"""
        return self.model.is_end(token)

    # ---- sequences ----

    def open(
        self, seq: int, sampling: Sampling, grammar: str | None, *, prompt: tuple[int, ...], shows_special: bool = False
    ) -> None:
        """Build the sampler chain of a new sequence."""
        self._choosers.open(seq, sampling, grammar, prompt=prompt, shows_special=shows_special)

    def constrain(self, seq: int, grammar: str, begun: bytes) -> None:
        """From now on this grammar holds."""
        self._choosers.constrain(seq, grammar, begun)

    def close(self, seq: int) -> None:
        """Free its sampler."""
        self._stuck.discard(seq)
        self._choosers.close(seq)

    def move(self, old: int, new: int) -> None:
        """Its chooser goes with it."""
        self._choosers.move(old, new)

    def has_adapter(self, name: str) -> bool:
        """Is there one of this name?"""
        return name in self.model.adapters

    def add_adapter(self, file: AdapterFile) -> None:
        """Load a LoRA adapter while others run; one of the same name is replaced."""
        self._use((), force=True)
        self.model.add_adapter(file)

    def remove_adapter(self, name: str) -> None:
        """Unload one. Nothing that runs may use it."""
        self._use((), force=True)
        self.model.remove_adapter(name)

    # ---- computing ----

    def decode(self, chunks: tuple[Chunk, ...], adapters: tuple[Adapter, ...] = (), *, embeds: bool = False) -> None:
        """Compute all rows in one batch. On failure the memory is as before."""
        if any(chunk.seq in self._stuck for chunk in chunks):
            raise DecodeError("an earlier error left its memory in an unknown state")
        self._use(adapters)
        if embeds != self._embeds and not self.pools:
            C.llama_set_embeddings(self._context, embeds)
            self._embeds = embeds
        self._rows.fill(chunks)
        num_answers = sum(chunk.num_outputs > 0 for chunk in chunks)
        decode = partial(C.llama_decode, self._context, self._rows.batch)
        code = self._threads.run(self._rows.batch.n_tokens, num_answers, decode)
        if code != 0:
            for chunk in chunks:
                # A part of the batch may be in memory already: take it out, or give that sequence up.
                if not self.memory.trim(chunk.seq, chunk.start):
                    self._stuck.add(chunk.seq)
            reason = log().first()
            log().clear()
            if code == _NO_KV_SLOT:
                raise NoRoomError(f"no room in the KV cache: {reason}")
            raise DecodeError(f"llama_decode returned {code}: {reason}")
        self.memory.decoded()
        self._choosers.decoded(self._context, chunks, self._rows.first)

    def _use_threads(self, num: int) -> None:
        C.llama_set_n_threads(self._context, num, num)

    def _use(self, adapters: tuple[Adapter, ...], *, force: bool = False) -> None:
        if adapters == self._active and not force:
            return
        missing = [adapter.name for adapter in adapters if adapter.name not in self.model.adapters]
        if missing:
            raise DecodeError(f"there is no adapter {missing[0]!r} any more")
        pointers = (C.llama_adapter_lora_p_ctypes * len(adapters))(*(self.model.adapters[a.name] for a in adapters))
        scales = (ctypes.c_float * len(adapters))(*(adapter.scale for adapter in adapters))
        if C.llama_set_adapters_lora(self._context, pointers, len(adapters), scales) != 0:
            raise DecodeError(f"the adapters can't be used: {log().first()}")
        self._active = adapters

    def sample(self, chunk: Chunk, row: int) -> int:
        """The next token after a row of a chunk of the last decode."""
        return self._choosers.sample(chunk, row)

    def score(self, chunk: Chunk, row: int, token: int, num_top: int) -> TokenScore:
        """How likely a token was after this row, and which were likelier."""
        logits = C.llama_get_logits_ith(self._context, self._rows.first[chunk.seq] + row)
        if not logits or not 0 <= token < self.model.num_vocab:
            raise EngineError(f"there is no score of token {token}")
        logprob, top = self._choosers.candidates.logprobs(logits, token, num_top)
        likeliest = tuple((each, self.piece(each, special=True), value) for each, value in top)
        return TokenScore(token, self.piece(token, special=True), logprob, likeliest)

    def vector(self, chunk: Chunk) -> bytes:
        """The embedding: of a model that pools, of the whole text; else that of its last token."""
        if self.pools:
            pointer = C.llama_get_embeddings_seq(self._context, chunk.seq)
        else:
            pointer = C.llama_get_embeddings_ith(self._context, self._rows.first[chunk.seq] + len(chunk.tokens) - 1)
        if not pointer:
            raise EngineError("llama.cpp made no vector of it")
        return ctypes.string_at(pointer, 4 * self._vector_floats)

    def save(self, seq: int, path: Path, tokens: tuple[int, ...]) -> None:
        """Write the memory of a sequence to a file."""
        self.memory.save(seq, path, tokens)

    def load(self, seq: int, path: Path, max_tokens: int) -> tuple[int, ...]:
        """Read it back."""
        return self.memory.load(seq, path, max_tokens)

    def close_all(self) -> None:
        """Give all memory back. Safe to call twice."""
        self._choosers.close_all()
        if self._context:
            C.llama_free(self._context)
        self._context = None
        self.model.close()
