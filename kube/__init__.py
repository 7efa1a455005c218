"""Kubernetes objects as plain data: reading, selecting, measuring; from YAML, previews and states. Shared, and pure."""
