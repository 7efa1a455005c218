"""Reads the header of a GGUF file: what a model is and how much memory it takes, without its gigabytes."""
