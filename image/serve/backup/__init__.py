"""`python -m serve backup` and `restore`: copies of what must not be lost, to a folder or a bucket, and back.

    sets.py       a folder -> a snapshot (files as lists of chunks) -> a folder; what is no longer needed goes
    snapshots.py  the document that a snapshot is
    store.py      what a target can do, and the one that is a folder
    s3.py         the one that is a bucket; signing.py signs its requests
    history.py    what Prometheus knows of a day, as a file
    arguments.py  what the two commands are told; command.py does it

Chunks are named by their SHA-256: what is there already is not copied, so a second backup of the same weights copies
nothing, and one that was killed goes on where it stopped. A snapshot is written last: it is whole or it is not there.
Nothing else in the server imports this package.
"""
