"""Entry of the Pulumi program; everything is under infra/."""

from infra.program import deploy

deploy()
