"""llama.cpp through llama-cpp-python's low-level API. Pointers stay in here; library.py imports it."""
