"""Weights: loading them, what they say about themselves, their tokenizer, and the LoRA adapters made for them."""

# ruff: noqa: FBT003  (C functions take their flags by position)

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serve.engine.errors import LoadError
from serve.engine.llama.dry import DrySamplers
from serve.engine.llama.gpu import Gpu
from serve.engine.llama.library import C, log
from serve.engine.types import AdapterFile, ModelInfo

_PIECE_BYTES = 256
_POOLING_RANK = 4


class Model:
    """A loaded GGUF."""

    def __init__(self, path: Path, on_progress: Callable[[float], None], gpu: Gpu) -> None:
        if not path.is_file():
            raise LoadError(f"the weights file {path} is missing")
        gpu.check_file(path)

        @C.llama_progress_callback  # type: ignore[untyped-decorator]
        def progress(share: float, _: object) -> bool:
            on_progress(share)
            return True

        log().clear()
        params = C.llama_model_default_params()
        params.progress_callback = progress
        gpu.set_model_params(params)
        self.gpu = gpu
        self.path = path
        self.pointer = C.llama_model_load_from_file(str(path).encode(), params)
        if not self.pointer:
            raise LoadError(f"{path} can't be loaded: {log().first()}")
        self.vocab = C.llama_model_get_vocab(self.pointer)
        self._check_kind()
        self.num_vocab = int(C.llama_vocab_n_tokens(self.vocab))
        self.dry = DrySamplers(self.vocab)
        self.adapters: dict[str, Any] = {}
        self._pieces: dict[int, bytes] = {}
        self._hidden: tuple[int, ...] | None = None
        self._longest: int | None = None

    def _check_kind(self) -> None:
        """What llama.cpp loads but can't decode token by token ends the process at the first request."""
        if C.llama_vocab_type(self.vocab) == C.LLAMA_VOCAB_TYPE_NONE or C.llama_vocab_n_tokens(self.vocab) < 1:
            reason = "it has no tokenizer"
        elif C.llama_model_has_encoder(self.pointer):
            reason = "it reads with an encoder of its own, as T5 does"
        elif C.llama_model_is_diffusion(self.pointer):
            reason = "it writes all of an answer at once, by diffusion"
        else:
            return
        C.llama_model_free(self.pointer)
        raise LoadError(f"{self.path} can't be served: {reason}")

    def close(self) -> None:
        """Give all memory back. Safe to call twice."""
        self.dry.close()
        for name in tuple(self.adapters):
            self.remove_adapter(name)
        if self.pointer:
            C.llama_model_free(self.pointer)
        self.pointer = None

    @property
    def is_exact(self) -> bool:
        """Is its memory a state at one position, wholly or in part?"""
        return bool(C.llama_model_is_recurrent(self.pointer) or C.llama_model_is_hybrid(self.pointer))

    @property
    def window_tokens(self) -> int:
        """The sliding window, 0 without one."""
        return int(C.llama_model_n_swa(self.pointer))

    def info(self, pooling: int) -> ModelInfo:
        """What the GGUF says about itself; `pooling` is what its context makes of its rows."""
        template = C.llama_model_chat_template(self.pointer, None)
        return ModelInfo(
            size_bytes=C.llama_model_size(self.pointer),
            trained_context_tokens=C.llama_model_n_ctx_train(self.pointer),
            chat_template=template.decode("utf-8", "replace") if template else None,
            bos=self._special_text(C.llama_vocab_bos(self.vocab)),
            eos=self._special_text(C.llama_vocab_eos(self.vocab)),
            adds_bos=C.llama_vocab_get_add_bos(self.vocab),
            adds_eos=C.llama_vocab_get_add_eos(self.vocab),
            sep=self._special_text(C.llama_vocab_sep(self.vocab)),
            embedding_size=C.llama_model_n_embd_out(self.pointer),
            generates=pooling == 0,
            ranks=pooling == _POOLING_RANK,
            num_parameters=C.llama_model_n_params(self.pointer),
            num_vocab=self.num_vocab,
            architecture=self._metadata("general.architecture"),
            file_type=self._file_type(),
            gpu_bytes=log().gpu_bytes(),
        )

    def told_pooling(self) -> int:
        """llama.cpp's number for what becomes of a text's rows, as the file says it; 0: nothing, they stay rows."""
        told = self._metadata(f"{self._metadata('general.architecture')}.pooling_type")
        return int(told) if told.isdecimal() and len(told) < 5 else 0

    def _file_type(self) -> int:
        told = self._metadata("general.file_type")
        return int(told) if told.isdecimal() and len(told) < 5 else -1

    def _metadata(self, key: str) -> str:
        """A value of the file's header as text, at most so long; empty without one."""
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        num = C.llama_model_meta_val_str(self.pointer, key.encode(), buffer, _PIECE_BYTES)
        return buffer.value.decode("utf-8", "replace") if num > 0 else ""

    # ---- text ----

    def tokenize(self, text: str, *, add_special: bool = True, parse_special: bool = True) -> tuple[int, ...]:
        """Text to tokens, with the beginning-of-text token where the model wants one. Safe from any thread."""
        raw = text.encode("utf-8", "replace")
        num = len(raw) + 2  # a token is at least one byte; room for the special ones
        tokens = (C.llama_token * num)()
        count = C.llama_tokenize(self.vocab, raw, len(raw), tokens, num, add_special, parse_special)
        if count < 0:
            tokens = (C.llama_token * -count)()
            count = C.llama_tokenize(self.vocab, raw, len(raw), tokens, -count, add_special, parse_special)
        return tuple(tokens[:count])

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """A token's bytes; of a control token only when `special`. Each is asked of C once."""
        if token < 0:
            return b""
        key = ~token if special else token
        found = self._pieces.get(key)
        if found is None:
            found = self._pieces[key] = self._read_piece(token, special=special)
        return found

    def is_end(self, token: int) -> bool:
        """Does this token end the answer?"""
        return bool(C.llama_vocab_is_eog(self.vocab, token))

    def is_hidden(self, token: int) -> bool:
        """Has it no text of its own, and ends nothing? Where the text is constrained, it must not appear."""
        return not self.piece(token) and not self.is_end(token)

    def _read_piece(self, token: int, *, special: bool) -> bytes:
        if not 0 <= token < self.num_vocab:
            return b""  # C looks it up without asking
        size = _PIECE_BYTES
        while True:
            buffer = ctypes.create_string_buffer(size)  # its own: two threads ask
            num = C.llama_token_to_piece(self.vocab, token, buffer, size, 0, special)
            if num >= 0:
                return buffer.raw[:num]
            size = -num

    def _special_text(self, token: int) -> str:
        if token < 0:
            return ""
        return self._read_piece(token, special=True).decode("utf-8", "replace")

    @property
    def knows_hidden_tokens(self) -> bool:
        """Have they been found?"""
        return self._hidden is not None

    def hidden_tokens(self) -> tuple[int, ...]:
        """All of those; found once, when first asked for."""
        if self._hidden is None:
            size = C.llama_token_to_piece  # without room to write, what is not 0 has text
            silent = (token for token in range(self.num_vocab) if size(self.vocab, token, None, 0, 0, False) == 0)
            self._hidden = tuple(token for token in silent if not self.is_end(token))
        return self._hidden

    def longest_token_bytes(self) -> int | None:
        """None where the tokenizer rewrites its text (lower case, other forms of letters), as BERT's and T5's do."""
        if C.llama_vocab_type(self.vocab) not in (C.LLAMA_VOCAB_TYPE_SPM, C.LLAMA_VOCAB_TYPE_BPE):
            return None
        if self._longest is None:
            # Without room to write, the answer is the negative size. A control token counts by the text that means it.
            sizes = (C.llama_token_to_piece(self.vocab, token, None, 0, 0, True) for token in range(self.num_vocab))
            self._longest = -min(map(int, sizes))
        return self._longest

    # ---- adapters ----

    def add_adapter(self, file: AdapterFile) -> None:
        """Load a LoRA adapter under its name."""
        if not file.path.is_file():
            raise LoadError(f"the adapter file {file.path} is missing")
        self.gpu.check_file(file.path)
        log().clear()
        pointer = C.llama_adapter_lora_init(self.pointer, str(file.path).encode())
        if not pointer:
            raise LoadError(f"the adapter {file.path} can't be used with {self.path.name}: {log().first()}")
        self.remove_adapter(file.name)
        self.adapters[file.name] = pointer

    def remove_adapter(self, name: str) -> None:
        """Give its memory back. No context may use it any more."""
        pointer = self.adapters.pop(name, None)
        if pointer is not None:
            C.llama_adapter_lora_free(pointer)
