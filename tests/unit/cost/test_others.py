"""Resources that nothing here prices."""

from typing import Any

from infra.cost.others import others


def resource(kind: str, name: str = "db", **fields: Any) -> dict[str, Any]:
    """Of a state."""
    return {"urn": f"urn:pulumi:prod::slipway::{kind}::{name}", "type": kind, "custom": True, **fields}


def test_resources_of_other_providers_are_counted_and_named() -> None:
    """One entry for each provider; the total lacks them."""
    [aws, gcp] = others([resource("aws:rds/instance:Instance"), resource("gcp:sql/database:Database", "a"),
                         resource("aws:s3/bucket:Bucket", "logs")])  # fmt: skip
    assert aws.id == "2 resources of aws"
    assert aws.reason == "not priced here: aws:rds/instance:Instance db, aws:s3/bucket:Bucket logs"
    assert aws.is_total_wrong
    assert gcp.id == "1 resource of gcp"


def test_many_are_counted_and_some_are_named() -> None:
    """Five of twelve."""
    [told] = others(resource("aws:s3/bucket:Bucket", f"b{i}") for i in range(12))
    assert told.id == "12 resources of aws"
    assert told.reason.endswith("b4 and 7 more")


def test_clusters_and_their_pools_are_priced_by_the_settings() -> None:
    """That is said, and is no error."""
    kinds = ["aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "eks:index:Cluster"]
    told = list(others(map(resource, kinds)))
    assert [each.is_total_wrong for each in told] == [False, False]
    assert told[0].reason.startswith("priced as the settings say")
    [azure] = others([resource("azure-native:containerservice:ManagedCluster")])
    [gcp] = others([resource("gcp:container/nodePool:NodePool")])
    assert not azure.is_total_wrong
    assert not gcp.is_total_wrong


def test_what_costs_nothing_is_not_told() -> None:
    """Kubernetes objects (priced elsewhere), components, and providers whose resources are no things."""
    assert list(others([
        resource("kubernetes:apps/v1:Deployment"),
        resource("slipway:infra:Model", custom=False),
        resource("pulumi:pulumi:Stack"),
        resource("pulumi:providers:aws"),
        resource("random:index/randomId:RandomId"),
        resource("docker-build:index:Image"),
    ])) == []  # fmt: skip


def test_what_is_only_read_is_paid_elsewhere() -> None:
    """A VPC of another stack."""
    [told] = others([resource("aws:ec2/vpc:Vpc", external=True)])
    assert (told.id, told.is_total_wrong) == ("1 resources of other stacks", False)
