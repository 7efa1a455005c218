"""What no package manager knows of: llama.cpp with ggml, which the image compiles, and NVIDIA's libraries.

Read as files; no library of the image is loaded, so an image for another machine is read as well. ggml's own version is
the one text of that form in libggml-base.so. Its commit is there only where llama.cpp was compiled from a git checkout;
from a source distribution it is `unknown`, and then it is not said. NVIDIA's files carry no version that can be read
without loading them, but for cuBLAS; each is told by its SHA-256, too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from packageurl import PackageURL

from tools.image.sbom.component import Component, Kind

_BINDINGS = re.compile(r"(?:.*/)?llama_cpp/__init__\.py")
_GGML = re.compile(r"(?:.*/)?libggml-base\.so(?:\..*)?")
_NVIDIA = re.compile(r"(?:.*/)?(libcudart|libcublas|libcublasLt|libnvrtc)\.so\.([0-9.]+)")
_VERSION = re.compile(rb"\x00(\d+\.\d+\.\d+)\x00")
_COMMIT = re.compile(rb"\x00([0-9a-f]{7,12}|[0-9a-f]{40})(?:-dirty)?\x00")
_DECLARED = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)
FORWARDER_MARK = b"slipway_cublas_path"
"""The function by which the server asks our own libcublas where the real one is."""
NVIDIA_LICENCE = "NVIDIA CUDA Toolkit EULA"


def is_wanted(path: str) -> bool:
    """Whether a file of the image says something here."""
    return any(pattern.fullmatch(path) for pattern in (_BINDINGS, _GGML, _NVIDIA))


def read(path: str, content: bytes) -> Iterator[Component]:
    """What one wanted file is, or is a part of."""
    if _BINDINGS.fullmatch(path):
        yield from _bindings(path, content)
    elif _GGML.fullmatch(path):
        yield _ggml(path, content)
    elif match := _NVIDIA.fullmatch(path):
        yield _nvidia(path, content, match[1], match[2])


def _bindings(path: str, content: bytes) -> Iterator[Component]:
    """Their version names the llama.cpp that they contain."""
    if match := _DECLARED.search(content.decode("utf-8", "replace")):
        yield Component(
            name="llama-cpp-python",
            version=match[1],
            purl=PackageURL("pypi", None, "llama-cpp-python", match[1]).to_string(),
            licences=("MIT",),
            source=path,
            properties={"contains": "llama.cpp, compiled from the sources in its source distribution"},
        )


def _ggml(path: str, content: bytes) -> Component:
    versions = sorted({found.decode() for found in _VERSION.findall(content)})
    commits = sorted({found.decode() for found in _COMMIT.findall(content)})
    version = versions[0] if len(versions) == 1 else ""
    commit = commits[0] if len(commits) == 1 else ""
    return Component(
        name="llama.cpp",
        version=f"ggml-{version}" if version else "",
        # The project has no releases by ggml's version: its commit, where it is known, is what others look up.
        purl=PackageURL("github", "ggml-org", "llama.cpp", commit).to_string() if commit else "",
        licences=("MIT",),
        source=path,
        sha256=hashlib.sha256(content).hexdigest(),
        properties={"commit": commit} if commit else {},
    )


def _nvidia(path: str, content: bytes, name: str, major: str) -> Component:
    digest = hashlib.sha256(content).hexdigest()
    if FORWARDER_MARK in content:
        return Component(
            "slipway-cublas",
            major,
            "",
            Kind.LIBRARY,
            ("Apache-2.0",),
            path,
            "",
            digest,
            {"forwards-to": f"{name}.so.{major}"},
        )
    exact = re.search(rb"%s\.so\.(\d+(?:\.\d+)+)" % name.encode(), content)
    version = exact[1].decode() if exact else major
    package = {"libcudart": "cudart", "libcublas": "cublas", "libcublasLt": "cublasLt"}.get(
        name, name.removeprefix("lib")
    )
    purl = PackageURL("generic", "nvidia", package, version).to_string()
    return Component(name, version, purl, Kind.LIBRARY, (NVIDIA_LICENCE,), path, "NVIDIA Corporation", digest)
