"""The child process that holds one model. Imported by nobody else.

worker    three threads: reads, prepares, computes
prompts   checked requests -> tokens; forms: what an answer must look like -> GBNF
loaded    what it was told to load, for the engine
"""
