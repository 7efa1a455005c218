"""`python -m serve models|pull|rm|chat|bench`: a running server, asked by a person at a terminal.

arguments.py   what each command takes; all that the server's own start imports of this
command.py     from arguments to an exit code
client.py      requests, and what goes wrong in one line
stream.py      answers as they are written
show.py        sizes, times, tables; text of others made harmless for a terminal
models.py pull.py rm.py chat.py bench.py     one command each

Knows the server by its HTTP API only, so it serves as well from another machine.
"""
