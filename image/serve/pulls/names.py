"""What an order may name, and which files of a repository it means. Pure.

Names are taken apart here and nowhere else: what passes can't lead out of the models directory, into a command line or
to another address of the hub.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from serve.errors import ForbiddenError, InvalidRequestError, ModelNotFoundError
from serve.pulls.types import PullOrder

MAX_PARTS = 500
MAX_NAME = 200  # beside it lie `.NAME.part` and others; file systems take 255
_MAX_PATH = 1000
_REPO = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,95}/[A-Za-z0-9_][A-Za-z0-9._-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}")
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.gguf")  # as models.json takes it
_PATTERN = re.compile(r"[A-Za-z0-9._*?\[\]!/-]+")
SHA256_PATTERN = r"[0-9a-f]{64}"
_SHA256 = re.compile(SHA256_PATTERN)
_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")
# A projector of images or a matrix of importances is no model: a pattern means one only where it says so.
_ASIDE = ("mmproj", "imatrix")


def check_order(order: PullOrder) -> None:
    """InvalidRequestError for what can't be asked for; the fields have the names that the API gives them."""
    if not _REPO.fullmatch(order.repo) or ".." in order.repo:
        raise _wrong("model", order.repo, "a repository of the hub as OWNER/NAME is allowed")
    if not _REVISION.fullmatch(order.revision) or ".." in order.revision or "//" in order.revision:
        raise _wrong("revision", order.revision, "a branch, a tag or a commit is allowed")
    if order.sha256 is not None and not _SHA256.fullmatch(order.sha256):
        raise _wrong("sha256", order.sha256, "64 lower-case hexadecimal digits are allowed")
    _check_file(order.file)
    if order.stored is not None and not _is_name(order.stored):
        raise _wrong("stored", order.stored, "a plain name that ends with .gguf is allowed")
    is_single = not is_pattern(order.file) and len(parts(order.file)) == 1
    if not is_single and (order.sha256 is not None or order.stored is not None):
        raise InvalidRequestError("sha256 and stored are for a single file: a split model has several", param="sha256")


def check_allowed(repo: str, allowed: Sequence[str]) -> None:
    """ForbiddenError for a repository that no pattern fits. Without patterns, all are allowed. Case does not matter."""
    if allowed and not any(fnmatchcase(repo.lower(), pattern.lower()) for pattern in allowed):
        raise ForbiddenError(f"{repo} may not be pulled by this server: {', '.join(allowed)} may", param="model")


def is_pattern(file: str) -> bool:
    """Must the hub's list be looked at to know what it means?"""
    return any(char in file for char in "*?[")


def parts(file: str) -> tuple[str, ...]:
    """All files of the model that this one is of, in order: itself, or all parts of a split one."""
    found = _PART.fullmatch(file)
    if found is None:
        return (file,)
    number, count = int(found["number"]), int(found["count"])
    if not 1 <= number <= count <= MAX_PARTS:
        raise _wrong("filename", file, f"parts from 1 to at most {MAX_PARTS} are allowed")
    return tuple(f"{found['stem']}-{each:05}-of-{found['count']}.gguf" for each in range(1, count + 1))


def stored_name(file: str) -> str:
    """A repository may keep it in a folder; the models directory is flat."""
    return file.rpartition("/")[2]


def chosen(pattern: str, files: Iterable[str]) -> tuple[str, ...]:
    """The files of the one model that a pattern fits, or an error that names those that it could mean.

    As people write them: case does not matter, and without a slash only the name is looked at.
    """
    wanted = pattern.lower()
    fits = [file for file in files if _fits(file, wanted)]
    models = {parts(file) for file in fits}
    if not models:
        raise ModelNotFoundError(f"no GGUF file there fits {pattern!r}", param="filename")
    if len(models) > 1:
        some = ", ".join(sorted(model[0] for model in models)[:8])
        raise InvalidRequestError(f"{len(models)} models there fit {pattern!r}: {some}", param="filename")
    (model,) = models
    _check_file(model[0])
    return model


def _fits(file: str, wanted: str) -> bool:
    path = file.lower()
    name = stored_name(path)
    if not name.endswith(".gguf") or any(word in name and word not in wanted for word in _ASIDE):
        return False
    return fnmatchcase(path if "/" in wanted else name, wanted)


def _check_file(file: str) -> None:
    *folders, name = file.split("/")
    if len(file) > _MAX_PATH or len(name) > MAX_NAME:
        raise _wrong("filename", file, f"a name of at most {MAX_NAME} characters is allowed")
    if is_pattern(file):
        if not _PATTERN.fullmatch(file) or ".." in file or "//" in file or file.startswith("/"):
            raise _wrong("filename", file, "a pattern of letters, digits and . _ - / * ? [] is allowed")
        return
    if not _is_name(name) or not all(_FOLDER.fullmatch(folder) for folder in folders):
        raise _wrong("filename", file, "a path in the repository to a file whose name ends with .gguf is allowed")
    parts(file)


def _is_name(name: str) -> bool:
    return len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None


def _wrong(field: str, value: str, allowed: str) -> InvalidRequestError:
    shown = repr(value) if len(value) <= 80 else f"{value[:77]!r}..."
    return InvalidRequestError(f"{field} is {shown}: {allowed}", param=field)
