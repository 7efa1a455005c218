"""The way in: who waits how long, who is led where, and by which certificate."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from infra.catalog.load import load_catalog
from infra.catalog.types import Catalog
from infra.manifests.edge import edge
from infra.manifests.model import service
from infra.manifests.network import network_policies
from infra.manifests.objects import Manifest
from infra.plan import Plan, make_plan
from infra.stack import ModelConfig
from tests.unit.infra.plan.stacks import config, one, plan
from tests.unit.infra.recorder import stack_plan

NGINX = "nginx.ingress.kubernetes.io/"
PLAIN: dict[str, Any] = {"tls_secret": "none"}
ISSUED: dict[str, Any] = {"tls_secret": "none", "issuer": "letsencrypt"}


def stack(*groups: dict[str, Any], **keys: Any) -> Plan:
    """Two models behind an edge with these keys."""
    return plan({"edge": keys}, {"models": {"legal": {}, "risk": {}}}, *groups)


def of_kind(found: Plan, kind: str) -> list[Manifest]:
    """Objects of the edge."""
    return [each for each in edge(found) if each["kind"] == kind]


def notes(found: Plan) -> dict[str, str]:
    """Of the only Ingress."""
    (entry,) = of_kind(found, "Ingress")
    return dict(entry["metadata"].get("annotations", {}))


def told(found: Plan) -> list[str]:
    """What is said of the way in."""
    words = ("Gateway", "class ", "traefik", "plain text", "certificate")
    return [each.text for each in found.notices if any(word in each.text for word in words)]


def test_nginx_waits_for_streams_and_bounds_bodies() -> None:
    """As long and as large as the stack says; the models refuse larger ones, too."""
    found = stack(timeout_s=1200, body_limit="4Mi")
    wanted = {"proxy-buffering": "off", "proxy-read-timeout": "1200", "proxy-send-timeout": "1200"}
    wanted["proxy-body-size"] = str(4 * 2**20)
    assert {f"{NGINX}{key}": value for key, value in wanted.items()}.items() <= notes(found).items()
    assert {model.server.env["SLIPWAY_MAX_BODY_BYTES"] for model in found.models} == {str(4 * 2**20)}


@pytest.mark.parametrize(("class_name", "is_nginx"), [("nginx-internal", True), ("traefik", False), ("alb", False)])
def test_annotations_are_for_who_reads_them(class_name: str, is_nginx: bool) -> None:
    """Teams name their classes after their controllers."""
    found = stack(**{"class": class_name}, from_namespace="edge")
    assert bool(notes(found)) is is_nginx


def test_a_client_comes_back_to_its_replica_for_an_hour() -> None:
    """By address at the Service, by a cookie at controllers that choose pods themselves."""
    found = stack()
    spec = service(found, found.models[0])["spec"]
    assert spec["sessionAffinity"] == "ClientIP"
    assert spec["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 3600}}
    assert notes(found)[f"{NGINX}session-cookie-max-age"] == "3600"
    by_traefik = stack(**{"class": "traefik"})
    said = service(by_traefik, by_traefik.models[0])["metadata"]["annotations"]
    assert said["traefik.ingress.kubernetes.io/service.sticky.cookie.maxage"] == "3600"


@pytest.mark.parametrize("keys", [{}, {"class": "traefik"}, {"kind": "gateway"}])
def test_without_affinity_requests_go_to_any_replica(keys: dict[str, Any]) -> None:
    """Nothing is left of it."""
    found = stack(affinity_s=0, **keys)
    assert "sessionAffinity" not in service(found, found.models[0])["spec"]
    assert "annotations" not in service(found, found.models[0])["metadata"]
    assert "affinity" not in str(edge(found))
    assert not any("affinity" in text and "any replica" in text for text in told(found))


@pytest.mark.parametrize("kind", ["ingress", "gateway"])
def test_an_issuer_makes_one_certificate_for_the_names_of_all_models(kind: str) -> None:
    """And what ends TLS uses its Secret."""
    found = stack(kind=kind, **ISSUED)
    (certificate,) = of_kind(found, "Certificate")
    assert certificate["spec"]["dnsNames"] == ["legal.models.staging.example.com", "risk.models.staging.example.com"]
    assert certificate["spec"]["issuerRef"]["name"] == "letsencrypt"
    assert f"'{certificate['spec']['secretName']}'" in str(of_kind(found, kind.capitalize()))


def test_an_issuer_of_the_namespace_is_named_as_one() -> None:
    """`issuer_kind` says which of the two kinds it is."""
    (certificate,) = of_kind(stack(issuer="letsencrypt", issuer_kind="Issuer", tls_secret="mine"), "Certificate")
    assert certificate["spec"]["issuerRef"]["kind"] == "Issuer"
    assert certificate["spec"]["secretName"] == "mine"


def test_more_names_than_a_certificate_has_become_one_for_all() -> None:
    """And a preview tells what its issuer must be able to do."""
    catalog = load_catalog()
    legal = catalog.models["legal"]
    models = {f"m{number}": dataclasses.replace(legal, id=f"m{number}", aliases=()) for number in range(101)}
    many = dataclasses.replace(
        config({"edge": ISSUED}), models=tuple(ModelConfig(model_id, 1, 1, None) for model_id in models)
    )
    found = make_plan(many, Catalog(models, catalog.profiles))
    (certificate,) = of_kind(found, "Certificate")
    assert certificate["spec"]["dnsNames"] == ["*.models.staging.example.com"]
    assert any("dns01" in text for text in told(found))


def test_a_secret_made_by_hand_needs_no_certificate() -> None:
    """It is only named."""
    found = stack(tls_secret="by-hand")
    assert of_kind(found, "Certificate") == []
    assert of_kind(found, "Ingress")[0]["spec"]["tls"][0]["secretName"] == "by-hand"


def test_a_gateway_of_the_stack_takes_routes_of_its_namespace_only() -> None:
    """A listener with the certificate, and one that only tells where to go."""
    found = stack(kind="gateway", tls_secret="by-hand")
    (gateway,) = of_kind(found, "Gateway")
    http, https = gateway["spec"]["listeners"]
    assert (http["protocol"], https["protocol"]) == ("HTTP", "HTTPS")
    assert https["tls"]["certificateRefs"] == [{"kind": "Secret", "name": "by-hand"}]
    assert {each["allowedRoutes"]["namespaces"]["from"] for each in (http, https)} == {"Same"}
    redirect, *routes = of_kind(found, "HTTPRoute")
    assert redirect["spec"]["rules"][0]["filters"][0]["requestRedirect"] == {"scheme": "https", "statusCode": 301}
    assert {each["spec"]["parentRefs"][0]["sectionName"] for each in routes} == {"https"}


def test_a_route_lets_a_stream_last_and_leads_only_where_the_public_may_go() -> None:
    """No limit of the whole; the stack's for one attempt. /metrics is not among the paths."""
    routes = of_kind(stack(kind="gateway", timeout_s=900, **PLAIN), "HTTPRoute")
    assert [each["spec"]["hostnames"] for each in routes] == [
        [f"{name}.models.staging.example.com"] for name in ("legal", "risk")
    ]
    for each in routes:
        (rule,) = each["spec"]["rules"]
        assert rule["timeouts"] == {"request": "0s", "backendRequest": "900s"}
        assert {match["path"]["value"] for match in rule["matches"]} == {"/v1", "/health", "/healthz", "/ready", "/"}
        assert {"type": "Exact", "value": "/"} in [match["path"] for match in rule["matches"]]


def test_routes_join_a_gateway_that_is_there() -> None:
    """Then nothing but routes is made, and its pods' namespace may reach the models."""
    found = stack(kind="gateway", gateway="shared", gateway_namespace="infra-edge", tls_secret="theirs")
    assert {each["kind"] for each in edge(found)} == {"HTTPRoute"}
    (parent,) = edge(found)[0]["spec"]["parentRefs"]
    assert (parent["name"], parent["namespace"]) == ("shared", "infra-edge")
    assert "sectionName" not in parent
    assert found.models[0].url.startswith("https://")
    assert any("the Gateway infra-edge/shared must have a listener for HTTPS" in text for text in told(found))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (PLAIN, "requests and answers cross the network in plain text"),
        ({"kind": "gateway"}, "no limit of bodies and no affinity that all know: bodies above 32Mi are refused by the"),
        ({"class": "traefik", "timeout_s": 60}, "slipway:edge.timeout_s is 60: an Ingress can't tell it to traefik"),
        ({"class": "alb", "from_namespace": "kube-system"}, "class alb is neither nginx nor traefik"),
    ],
)
def test_what_a_way_in_does_not_do_is_told(keys: dict[str, Any], expected: str) -> None:
    """With what does it instead."""
    (text,) = told(stack(**keys))
    assert expected in text


def test_what_is_done_is_not_told() -> None:
    """Nor what is only for trying out."""
    for found in (stack(), stack(**{"class": "traefik"}), stack_plan("local"), plan(one("legal"))):
        assert told(found) == []


def test_an_issuer_may_prove_a_name_by_a_pod_beside_the_models() -> None:
    """Only the way in reaches it, and only where there is an issuer."""
    for keys, there in ((ISSUED, True), (PLAIN, False), ({**PLAIN, "kind": "gateway", "gateway": "shared"}, False)):
        found = {each["metadata"]["name"]: each["spec"] for each in network_policies(stack(**keys))}
        assert ("ingress-to-solver" in found) is there
    policies = {each["metadata"]["name"]: each["spec"] for each in network_policies(stack(**ISSUED))}
    assert policies["ingress-to-solver"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": 8089}]
