"""Stand-ins for two Pulumi plugins that are published nowhere a package client can reach.

`language_host` runs Pulumi programs and policy packs written in Python, `kubernetes` provides Kubernetes objects.
The engine starts both as programs of their own and speaks gRPC with them on 127.0.0.1. Where the official plugins
are installed, they win: neither the program nor its state can tell the difference.
"""
