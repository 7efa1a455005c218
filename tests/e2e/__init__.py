"""The real thing: a cluster, a registry, a builder, Pulumi, a model. Run by `make test`."""
