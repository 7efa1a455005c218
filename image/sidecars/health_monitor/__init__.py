"""Asks services whether they are well, at their pace, and says when that changes: `python -m health_monitor`.

A program of its own beside the server: it shares no code with `serve`, so that its image needs nothing of it.

    settings ──> services ──> monitor ──> check        one GET
                                 │  └───> state        n failures: down, m successes: up
                                 │        pauses       how long until the next
                                 ├──────> board ──> pages: /health, /status; metrics: /metrics
                                 └──────> webhook      each change, once, with a few tries
"""
