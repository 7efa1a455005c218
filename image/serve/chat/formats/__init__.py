"""How models write tool calls, one module each. A format knows how to read its answers and how to hold them to it.

detect.py chooses; the others know nothing of each other.
"""
