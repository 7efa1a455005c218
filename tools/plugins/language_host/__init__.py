"""`pulumi-language-python`: runs Pulumi programs and policy packs that are written in Python, for CLI 3.250.

`options -> interpreter -> commands -> processes`: what the project file asks for, which Python that means, the
command line of each child, and the children themselves. `host` answers the engine; `policy_proxy` stands between the
engine and a policy pack. Knows nothing of Kubernetes, nor of what the programs do.
"""
