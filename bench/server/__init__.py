"""How the server behaves beside its engine: health, memory, start, recovery, pulls. `python -m bench.server`."""
