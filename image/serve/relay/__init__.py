"""One address in front of several servers: `python -m serve relay`. Each request goes to the server that has its model.

settings <- shelf (which server has which model) <- relay (one request) <- app (paths) <- run (the process)
merge (several servers' answers as one; pure)

It has no keys and no models: the servers check the one and know the names of the other. A request is sent once, so
nothing is computed twice; whoever leaves here ends what is computed there.
"""
