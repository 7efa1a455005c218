"""Speed and memory of the engine, each beside a peer: `python -m bench.engine`. What is measured: bench/README.md."""
