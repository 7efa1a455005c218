"""Constrained output, the pure half: JSON Schema, JSON mode and regular expressions become llama.cpp grammars."""
