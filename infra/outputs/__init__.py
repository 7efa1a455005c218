"""The same plan for other ways to run it: YAML for kubectl and GitOps, SAP AI Core, one machine with Docker. Pure.

Nothing is decided here: a model's server, weights, sizes and times are the plan's, and objects are those of manifests/.
Each output only has its own words for them; a test holds all of them to the same values.
"""
