"""What a machine without the official downloads needs: a pinned toolchain, a local cluster, stand-in plugins.

Knows nothing of models, plans or prices. An installed `pulumi` and a named kubeconfig always win over what is here.
"""
