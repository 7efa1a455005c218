"""Pulumi components: they take plan values and `opts`, and own the order and the lifetime of the objects.

Each one can be used by another program: it takes typed arguments and `opts`, gives its children itself as their parent,
registers its outputs, and reads no configuration, no stack and no file. What it makes is what manifests/ says, no more.
"""
