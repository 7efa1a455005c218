"""Pulumi components: they take plan values and `opts`, and own the order and the lifetime of the objects."""
