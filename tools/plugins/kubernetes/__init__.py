"""`pulumi-resource-kubernetes`: a stand-in for the official provider 4.34, for machines where that one can't be had.

It behaves as the official provider does for plain Kubernetes objects and custom resources: the same ids, the same
state, the same diffs, replacements and waits. What it does not do (Helm, Kustomize, YAML bundles, Patch resources,
rendering to files) it refuses with a message that says what to install.

    values      what the engine sends and gets, secrets and unknown values included
    settings    the provider's configuration      kubeconfig, credentials    how to reach which cluster
    client      HTTP                              cluster, discovery, kinds  objects by kind and name
    check, autoname, normalise    inputs          diff, immutable, paths     what changed, what must be replaced
    readiness, pods, waitfor      pure verdicts   wait                       asks until a verdict is final
    operations  create, read, update, delete      state, ownership           what is kept, who owns which field
    resources, provider, answers  the calls of the engine over gRPC
"""
