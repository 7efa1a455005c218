"""The rules as ValidatingAdmissionPolicies: the same fence for kubectl as for Pulumi.

`expressions/` says rules in CEL, `resources.py` where pods lie for the API server, `generate.py` makes the objects.
What needs more than one object can't be said in CEL: `generate.not_said` tells which rules that are, and why.
"""
