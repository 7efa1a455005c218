"""What is known to be wrong with the packages of an image, as far as package sources say it themselves.

`debian.py` asks apt whether Debian has a newer version of a package, `pypi.py` asks PyPI for advisories. No service
beyond these two is needed, so it also works where a scanner's own database can't be had. What it does not see: holes
that Debian has not fixed, holes in llama.cpp and in NVIDIA's libraries, secrets and settings. Releases are scanned by
Trivy, too (.github/workflows/image.yml), which knows the first; `make image-check` looks for the last two.
"""
