"""Ollama's request bodies -> GenerateRequests, through those of wire/chat.py and wire/completion.py: the same in
other words, checked in one place. https://docs.ollama.com/api

options, turns, context <- text    what generate and chat share, and both of them
options <- vectors                 embed, and the older embeddings
names                              show, pull, copy, delete: what models are called
"""
