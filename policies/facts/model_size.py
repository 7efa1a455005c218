"""How many bytes a model needs, told from its name. Every figure is a lower bound: too small a guess refuses nobody.

    weights = parameters x bits / 8
    cache   = 2 x layers x heads x numbers per head x bytes of a number x tokens

Parameters are the number in the name (`70B`, `0.5b`, `270m`), which a name rounds up by a twentieth at most; of `8x7B`
three quarters count, for the experts share the rest. Bits come from the flag for quantisation, from words of the name
(`AWQ`, `Q4_K_M`), from the table of models that are published quantised, else from the flag for the type of numbers,
else they are 16. What a name does not tell is None. Knows the table `models.yaml`.
"""

from __future__ import annotations

import re
from typing import Any

from policies.facts.tables import table

_PARAMETERS = re.compile(r"(?<![a-z0-9.])(?:(\d{1,9})x)?(\d{1,9}(?:\.\d{1,9})?)([bm])(?![a-z0-9])")
_UNITS = {"b": 10**9, "m": 10**6}
_ROUNDING = 0.95
_OWN_OF_EXPERTS = 0.75
_FULL = {"float32": 32, "float": 32}
_UNTOLD_QUANTISATION = 4


def weights_bytes(model: str, quantization: Any = None, dtype: Any = None) -> int | None:
    """The weights; None where the name tells no number of parameters."""
    name = _plain(model)
    found = _PARAMETERS.search(name)
    if not found:
        return None
    share = int(found[1]) * _OWN_OF_EXPERTS if found[1] else _ROUNDING
    return int(float(found[2]) * _UNITS[found[3]] * share * _bits(name, quantization, dtype) / 8)


def cache_bytes(model: str, tokens: int, kv_dtype: Any = None) -> int:
    """The keys and values of so many tokens; 0 for a model that is not in the table."""
    for pattern, layers, heads, width in table("models")["shapes"]:
        if re.search(_word(pattern), _plain(model)):
            return int(2 * layers * heads * width * _number_bytes(str(kv_dtype)) * tokens)
    return 0


def _number_bytes(kv_dtype: str) -> int:
    """Of a type that is not known: 0."""
    if re.search(r"(?:fp|q)8", kv_dtype):
        return 1
    return 2 if re.search(r"None|auto|16", kv_dtype) else 0


def _bits(name: str, quantization: Any, dtype: Any) -> float:
    if isinstance(quantization, str):
        return _stated_bits(_plain(quantization), "bits") or _UNTOLD_QUANTISATION
    return _stated_bits(name, "bits") or _stated_bits(name, "native") or _FULL.get(str(dtype), 16)


def _stated_bits(text: str, kind: str) -> float | None:
    return next((bits for pattern, bits in table("models")[kind] if re.search(_word(pattern), text)), None)


def _word(pattern: str) -> str:
    return rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9])"


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").rpartition("/")[2]
