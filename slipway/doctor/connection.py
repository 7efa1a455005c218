"""The cluster of a kubeconfig, as the doctor asks it: by the same client as the stand-in provider.

So whatever `pulumi up` can log in with works here: certificates, tokens, exec plugins, proxies; kubectl is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from infra.errors import ClusterError
from slipway.doctor.answers import Body, Forbidden, Right
from tools.plugins.kubernetes import kubeconfig
from tools.plugins.kubernetes.client import Client
from tools.plugins.kubernetes.credentials import Credentials
from tools.plugins.kubernetes.errors import ApiError, UnreachableError
from tools.plugins.kubernetes.settings import Settings

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class Connection:
    """One API server."""

    def __init__(self, path: str, context: str, environ: Mapping[str, str]) -> None:
        try:
            access = kubeconfig.load(Settings(kubeconfig=path, context=context), environ)
            self._client = Client(access, Credentials(access, environ))
            self._client.request("GET", "/version", num_attempts=1)
        except ApiError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise ClusterError([f"the API server refuses us: {error}"]) from error
        except UnreachableError as error:
            raise ClusterError([str(error)]) from error

    @property
    def server(self) -> str:
        """Its address."""
        return self._client.server

    def get(self, path: str) -> Body | None:
        """What is at a path; None where there is nothing. A group whose own server is down has nothing, either."""
        try:
            address, _, query = path.partition("?")
            return self._client.request("GET", address, params=dict(parse_qsl(query)), num_attempts=2).body
        except ApiError as error:
            if error.status in (HTTPStatus.FORBIDDEN, HTTPStatus.UNAUTHORIZED):
                raise Forbidden(path) from error
            if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE):
                return None
            raise ClusterError([f"{path}: {error}"]) from error
        except UnreachableError as error:
            raise ClusterError([str(error)]) from error

    def may(self, right: Right) -> bool:
        """Whether the API server would let us."""
        verb, group, plural, namespace = right
        attributes = {"verb": verb, "group": group, "resource": plural, "namespace": namespace}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        try:
            answer = self._client.request("POST", REVIEWS, body=review)
        except (ApiError, UnreachableError) as error:
            raise ClusterError([f"what we may do can't be asked: {error}"]) from error
        return bool(answer.body["status"].get("allowed"))
