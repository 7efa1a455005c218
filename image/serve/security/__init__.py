"""Who may ask the server for what: keys, how much each may ask, what is the administrators' own, which web pages.

keys.py     a file of keys -> values with hashes, no key itself
ring.py     the keys that count now; the files are read again when they change
limits.py   how often and how many at once, key by key
admin.py    ONE table of what changes the server itself
guard.py    ASGI middleware that asks the others, in front of everything that answers
cors.py     web pages of other origins
new_key.py  `python -m serve key`
"""
