"""The images as they lie in a registry: how large they are, what is in them, whether two builds make the same one.

Reads what was pushed, byte for byte, and needs neither a container engine nor root. `variants.py` says which images
there are, `build.py` asks the builder for one, `registry.py` and `layers.py` read it; `size.py`, `check.py` and
`reproduce.py` judge. Knows nothing of stacks and clusters but where the local one's builder is.
"""
