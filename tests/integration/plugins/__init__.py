"""The Pulumi plugins of tools/ under the real CLI, against a real API server with its controllers, without nodes."""
