"""llama.cpp through llama-cpp-python's low-level API: the only file that imports it.

One `Llama` = one model, one context, one batch, and a sampler chain per sequence. Pointers stay in here; so do
llama.cpp's logs, of which the first error becomes the message when something fails. Logits never come to Python:
sampling is C's work.
"""

# ruff: noqa: FBT003  (C functions take their flags by position)

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Self

import llama_cpp as C  # type: ignore[import-not-found]  # noqa: N812  (its functions are C functions)

from serve.engine.scheduler import Chunk
from serve.engine.types import DecodeError, LoadError, LoadOptions, ModelInfo, Sampling

# Struct layouts change with every llama.cpp; a wrong one corrupts memory instead of failing.
BINDINGS_VERSION = "0.3.36"
_LOG_ERROR = 4
_NO_KV_SLOT = 1
_PIECE_BYTES = 256


class Llama:
    """A loaded model: the engine's Backend, and its tokenizer."""

    def __init__(self, options: LoadOptions, on_progress: Callable[[float], None] = lambda _: None) -> None:
        if C.__version__ != BINDINGS_VERSION:
            raise LoadError(f"llama-cpp-python is {C.__version__}: this server is made for {BINDINGS_VERSION}")
        self._model: Any = None
        self._context: Any = None
        self._batch: Any = None
        self._samplers: dict[int, Any] = {}
        self._rows: dict[int, int] = {}  # sequence id -> row of its logits in the last decode
        self._stuck: set[int] = set()  # sequences that could not be rolled back after an error
        self._log = _log()
        _load_backends()
        C.llama_backend_init()
        try:
            self._load_model(options, on_progress)
            self._load_context(options)
        except LoadError:
            self.close_all()
            raise
        self._vocab = C.llama_model_get_vocab(self._model)
        self._memory = C.llama_get_memory(self._context)
        self._num_vocab = C.llama_vocab_n_tokens(self._vocab)
        self._piece_buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        self._warm_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_all()

    # ---- loading ----

    def _load_model(self, options: LoadOptions, on_progress: Callable[[float], None]) -> None:
        if not options.path.is_file():
            raise LoadError(f"the weights file {options.path} is missing")

        @C.llama_progress_callback  # type: ignore[untyped-decorator]
        def progress(share: float, _: object) -> bool:
            on_progress(share)
            return True

        self._log.clear()
        params = C.llama_model_default_params()
        params.progress_callback = progress
        self._model = C.llama_model_load_from_file(str(options.path).encode(), params)
        if not self._model:
            raise LoadError(f"{options.path} can't be loaded: {self._log.first()}")

    def _load_context(self, options: LoadOptions) -> None:
        params = C.llama_context_default_params()
        params.n_ctx = options.num_slots * options.sequence_tokens
        params.n_batch = options.step_tokens
        params.n_ubatch = min(options.step_tokens, params.n_ubatch)
        params.n_seq_max = options.num_slots
        params.n_threads = params.n_threads_batch = options.num_threads
        # One buffer for all sequences: rows may have gaps in their sequence ids without splitting the batch.
        params.kv_unified = True
        params.no_perf = True
        self._context = C.llama_init_from_model(self._model, params)
        if not self._context:
            raise LoadError(
                f"{options.path} loaded, but {options.num_slots} slots of {options.sequence_tokens} tokens "
                f"did not: {self._log.first()}"
            )
        batch = self._batch = C.llama_batch_init(options.step_tokens, 0, 1)
        # Each access to a struct field makes a new pointer object: fetch them once.
        self._token: Any = batch.token
        self._pos: Any = batch.pos
        self._logits: Any = batch.logits
        self._seq: list[Any] = [batch.seq_id[row] for row in range(options.step_tokens)]
        for row in range(options.step_tokens):
            batch.n_seq_id[row] = 1

    def _warm_up(self) -> None:
        """One decode, so that the first request does not pay for page faults and graph building."""
        C.llama_set_warmup(self._context, True)
        self._fill_row(0, token=max(C.llama_vocab_bos(self._vocab), 0), position=0, seq=0, logits=True)
        self._batch.n_tokens = 1
        code = C.llama_decode(self._context, self._batch)
        C.llama_memory_clear(self._memory, True)
        C.llama_synchronize(self._context)
        C.llama_set_warmup(self._context, False)
        if code != 0:
            raise LoadError(f"the first decode failed with code {code}: {self._log.first()}")

    def info(self) -> ModelInfo:
        """What the GGUF says about itself."""
        template = C.llama_model_chat_template(self._model, None)
        return ModelInfo(
            size_bytes=C.llama_model_size(self._model),
            trained_context_tokens=C.llama_model_n_ctx_train(self._model),
            longest_token_bytes=self._longest_token_bytes(),
            chat_template=template.decode("utf-8", "replace") if template else None,
            bos=self._special_text(C.llama_vocab_bos(self._vocab)),
            eos=self._special_text(C.llama_vocab_eos(self._vocab)),
            adds_bos=C.llama_vocab_get_add_bos(self._vocab),
        )

    # ---- text ----

    def tokenize(self, text: str) -> tuple[int, ...]:
        """Text to tokens, with the beginning-of-text token where the model wants one. Safe from any thread."""
        raw = text.encode("utf-8", "replace")
        num = len(raw) + 2  # a token is at least one byte; room for the special ones
        while True:
            tokens = (C.llama_token * num)()
            count = C.llama_tokenize(self._vocab, raw, len(raw), tokens, num, True, True)
            if count >= 0:
                return tuple(tokens[:count])
            num = -count

    def piece(self, token: int) -> bytes:
        """A token's bytes; nothing for control tokens."""
        count = C.llama_token_to_piece(self._vocab, token, self._piece_buffer, _PIECE_BYTES, 0, False)
        if count >= 0:
            return self._piece_buffer.raw[:count]
        longer = ctypes.create_string_buffer(-count)
        return longer.raw[: C.llama_token_to_piece(self._vocab, token, longer, -count, 0, False)]

    def is_end(self, token: int) -> bool:
        """Does this token end the answer?"""
        return bool(C.llama_vocab_is_eog(self._vocab, token))

    def _longest_token_bytes(self) -> int | None:
        if C.llama_vocab_type(self._vocab) not in (C.LLAMA_VOCAB_TYPE_SPM, C.LLAMA_VOCAB_TYPE_BPE):
            return None
        # Without room to write, the answer is the negative size. A control token counts by the text that means it.
        return max(
            -int(C.llama_token_to_piece(self._vocab, token, self._piece_buffer, 0, 0, True))
            for token in range(self._num_vocab)
        )

    def _special_text(self, token: int) -> str:
        if token < 0:
            return ""
        text: bytes = C.llama_vocab_get_text(self._vocab, token) or b""
        return text.decode("utf-8", "replace")

    # ---- computing ----

    def open(self, seq: int, sampling: Sampling) -> None:
        """Build the sampler chain of a new sequence."""
        self._samplers[seq] = _sampler_chain(sampling, self._num_vocab)

    def close(self, seq: int) -> None:
        """Forget a sequence: its KV tokens and its sampler."""
        C.llama_memory_seq_rm(self._memory, seq, -1, -1)
        self._stuck.discard(seq)
        sampler = self._samplers.pop(seq, None)
        if sampler is not None:
            C.llama_sampler_free(sampler)

    def decode(self, chunks: tuple[Chunk, ...]) -> None:
        """Compute all rows in one batch. On failure the memory is as before."""
        if any(chunk.seq in self._stuck for chunk in chunks):
            raise DecodeError("an earlier error left its memory in an unknown state")
        row = 0
        self._rows.clear()
        self._log.clear()
        for chunk in chunks:
            for offset, token in enumerate(chunk.tokens):
                self._fill_row(row, token=token, position=chunk.start + offset, seq=chunk.seq, logits=False)
                row += 1
            if chunk.samples:
                self._logits[row - 1] = 1
                self._rows[chunk.seq] = row - 1
        self._batch.n_tokens = row
        code = C.llama_decode(self._context, self._batch)
        if code != 0:
            self._undo(chunks)
            reason = "no room in the KV cache" if code == _NO_KV_SLOT else f"llama_decode returned {code}"
            raise DecodeError(f"{reason}: {self._log.first()}")

    def sample(self, chunk: Chunk) -> int:
        """The next token after a chunk of the last decode."""
        return int(C.llama_sampler_sample(self._samplers[chunk.seq], self._context, self._rows[chunk.seq]))

    def _fill_row(self, row: int, *, token: int, position: int, seq: int, logits: bool) -> None:
        self._token[row] = token
        self._pos[row] = position
        self._seq[row][0] = seq
        self._logits[row] = logits

    def _undo(self, chunks: tuple[Chunk, ...]) -> None:
        """After an error a part of the batch may be in memory already: take it out, or give that sequence up."""
        for chunk in chunks:
            if not C.llama_memory_seq_rm(self._memory, chunk.seq, chunk.start, -1):
                self._stuck.add(chunk.seq)

    def close_all(self) -> None:
        """Give all memory back. Safe to call twice."""
        for seq in tuple(self._samplers):
            C.llama_sampler_free(self._samplers.pop(seq))
        if self._batch is not None:
            C.llama_batch_free(self._batch)
        if self._context:
            C.llama_free(self._context)
        if self._model:
            C.llama_model_free(self._model)
        self._model = self._context = self._batch = None


def _sampler_chain(sampling: Sampling, num_vocab: int) -> Any:
    """llama.cpp's usual order: bias, penalties, cuts, temperature, choice."""
    chain = C.llama_sampler_chain_init(C.llama_sampler_chain_default_params())
    bias = [(token, value) for token, value in sampling.logit_bias if 0 <= token < num_vocab]
    if bias:
        array = (C.llama_logit_bias * len(bias))(*(C.llama_logit_bias(token, value) for token, value in bias))
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_logit_bias(num_vocab, len(bias), array))
    if (sampling.repeat_penalty, sampling.frequency_penalty, sampling.presence_penalty) != (1.0, 0.0, 0.0):
        penalties = C.llama_sampler_init_penalties(
            num_vocab,
            sampling.penalty_window_tokens,
            sampling.repeat_penalty,
            sampling.frequency_penalty,
            sampling.presence_penalty,
        )
        C.llama_sampler_chain_add(chain, penalties)
    if sampling.temperature <= 0:
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_greedy())
        return chain
    if sampling.top_k > 0:
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1.0:
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0.0:
        C.llama_sampler_chain_add(chain, C.llama_sampler_init_min_p(sampling.min_p, 1))
    C.llama_sampler_chain_add(chain, C.llama_sampler_init_temp(sampling.temperature))
    C.llama_sampler_chain_add(chain, C.llama_sampler_init_dist(sampling.seed))
    return chain


def _load_backends() -> None:
    """Load the CPU variants from the library's own folder.

    Left alone, llama_backend_init looks for them in the current directory too, where anyone may have put a library.
    """
    folder = Path(C.__file__).parent / "lib"
    if not any(folder.glob("libggml-cpu-*.so")):
        return  # one CPU baseline, linked in
    ggml = ctypes.CDLL(str(folder / "libggml.so"))
    ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
    ggml.ggml_backend_load_all_from_path.restype = None
    ggml.ggml_backend_load_all_from_path(str(folder).encode())


class _Log:
    """Keeps the first error that llama.cpp logs (later ones only repeat that something failed), shows nothing."""

    def __init__(self) -> None:
        self._first = ""

        @C.llama_log_callback  # type: ignore[untyped-decorator]
        def keep(level: int, text: bytes, _: object) -> None:
            if level == _LOG_ERROR and not self._first:
                self._first = text.decode("utf-8", "replace").strip()

        self._callback = keep  # C holds no reference
        C.llama_log_set(keep, None)

    def first(self) -> str:
        """The first error since `clear`."""
        return self._first or "llama.cpp gave no reason"

    def clear(self) -> None:
        """What went wrong before does not count any more."""
        self._first = ""


@cache
def _log() -> _Log:
    """One for the process, because C has one callback, which must outlive every call."""
    return _Log()
