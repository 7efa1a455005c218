"""Mutants: every clause of every rule is taken away once, and a case must notice it each time.

    make mutants                                          all rules
    .venv/bin/python -m tests.mutants images rbac         only these modules of policies/rules and policies/
    .venv/bin/python -m tests.mutants images --rule image-tag-pinned

A clause is an operand of `and` and `or`, a condition, a comparison and its bound, a statement, an element of a literal,
a word of an allow-list, a branch of a regular expression, a constant, all of a loop but its first turn, a value named
in `bad(...)`. Each mutant is
compiled into a private copy of the module (`world.py`); no file is touched. It is tried on the cases and the examples
of the rules that reach it (`trials.py`). What survives is printed as `module:line: function: before -> after`: write
the case that tells the two apart, or simplify the rule. A mutant that can't differ goes into `equivalent.yaml` with its
reason.

Messages are prose and are left alone; so are reasons, sources and levels.
"""
