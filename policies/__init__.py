"""The policy pack: rules on plain Kubernetes objects, and what runs them: Pulumi, a command line, an API server."""
