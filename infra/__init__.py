"""The Pulumi program: stack config -> catalog -> plan -> manifests -> components."""
