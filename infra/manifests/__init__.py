"""Plan values -> Kubernetes objects as plain dictionaries. Pure: nothing here imports pulumi."""
