"""Which models there are, under which names. Knows no worker.

folder     the files of the models directory, by name, size and time
discovery  which of them may be served: those that nobody writes to any more
names      copied names, kept over a restart
registry   configured, found and copied names together, as one value
catalogue  all of it as it comes and goes
"""
