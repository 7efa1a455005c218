"""Which images may run: pinned, from known registries, attested, not too large.

Knows the images of containers and of image volumes. Asks no registry: what is known of a digest (attested, its size)
comes from the settings. An image that is not named at all is the API server's to refuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kube import image_reference
from kube.image_reference import ImageReference
from kube.objects import Pod
from kube.view import View
from policies.facts import repairs
from policies.rule import ADVISORY, MANDATORY, MANDATORY_IN_PROD, Findings, pod_rule
from policies.settings import Settings

_UNPINNED = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: example.com/a}]}}"
_TAGGED = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: 'ghcr.io/b/a:1.2'}]}}"
_PINNED = """
{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a,
  image: 'ghcr.io/acme/a@sha256:0f3b6c1d2e4a59788796a5b4c3d2e1f00112233445566778899aabbccddeeff0'}]}}
"""


@pod_rule(
    why="What runs under no tag or under latest changes without a change of the stack, and can't be rolled back.",
    source="Kyverno disallow-latest-tag; kube-linter latest-tag; Trivy KSV-0013; Checkov CKV_K8S_14",
    level=MANDATORY,
    bad=_UNPINNED,
    good=_TAGGED,
)
def image_tag_pinned(pod: Pod, _settings: Settings) -> Findings:
    """Every image is a valid reference with a digest, or with a tag that is not `latest`."""
    for holder, field, _, image in _images(pod):
        if image is None:
            yield holder.bad(field, "must be an image reference, such as registry.example.com/team/app:1.2")
        elif image.digest is None and image.tag in (None, "latest"):
            yield holder.bad(field, "must have a digest, or a tag other than latest")


@pod_rule(
    why="A tag can be moved to another image; a digest can't.",
    source="Checkov CKV_K8S_43; Kyverno require-image-checksum; Gatekeeper imagedigests",
    level=MANDATORY_IN_PROD,
    bad=_TAGGED,
    good=_PINNED,
)
def image_digest_pinned(pod: Pod, _settings: Settings) -> Findings:
    """Every image is named by digest. Whether the digest is well formed is `image-tag-pinned`'s question."""
    for holder, field, _, _ in _images(pod):
        if "@" not in holder.get(field):
            yield holder.bad(field, "must name the image by digest: name@sha256:...")


@pod_rule(
    why="Whoever controls a registry decides what runs in the cluster.",
    source="Kyverno restrict-image-registries; Trivy KSV-0125; Gatekeeper allowedrepos",
    level=MANDATORY,
    bad=_TAGGED,
    good=_PINNED,
    example_settings={"registries": ["ghcr.io/acme"]},
)
def image_registry_allowed(pod: Pod, settings: Settings) -> Findings:
    """Images come from `registries`: whole registries, or paths in them. With none set, any registry will do."""
    for holder, field, _, image in _images(pod) if settings.registries else ():
        if not (image and _is_within(image.name, settings.registries)):
            yield holder.bad(field, f"must come from one of: {', '.join(settings.registries)}")


def _set_pull_policies(data: dict[str, Any], _settings: Settings) -> None:
    for _, spec in repairs.pods(data):
        places = [(container, "image", "imagePullPolicy") for container in repairs.containers(spec)]
        volumes = [volume.get("image") for volume in repairs.mappings(spec, "volumes")]
        places += [(each, "reference", "pullPolicy") for each in volumes if isinstance(each, dict)]
        for place, field, policy_field in places:
            text, policy = place.get(field), place.get(policy_field)
            image = image_reference.parse(text) if isinstance(text, str) else None
            if image and (policy is None or isinstance(policy, str)) and not _fits(policy, image):
                place[policy_field] = _policy_for(image)


@pod_rule(
    why="Nodes keep what a tag once named and run that; what a digest names need not be pulled again.",
    source="Kyverno imagepullpolicy-always; Checkov CKV_K8S_15; Polaris pullPolicyNotAlways",
    level=ADVISORY,
    remedy=_set_pull_policies,
    bad=_TAGGED,
    good=_PINNED,
)
def image_pull_policy_matches_pin(pod: Pod, _settings: Settings) -> Findings:
    """`IfNotPresent` for an image by digest, `Always` for one by tag; what the API server would set counts as set.

    The peers want `Always` throughout; for a digest that buys nothing.
    """
    for holder, _, policy_field, image in _images(pod):
        policy = holder.text(policy_field)
        if image and not _fits(policy, image):
            yield holder.bad(policy_field, f"must be {_policy_for(image)} for this image", policy)


@pod_rule(
    why="An image that nobody has signed for may have been built by anyone.",
    source="SLSA v1.0; Kyverno verify-image-slsa, without asking a registry during a preview",
    level=ADVISORY,
    bad=_TAGGED,
    good=_PINNED,
    example_settings={"attested_digests": ["sha256:0f3b6c1d2e4a59788796a5b4c3d2e1f00112233445566778899aabbccddeeff0"]},
)
def image_attested(pod: Pod, settings: Settings) -> Findings:
    """The digest of every image is in `attested_digests`, where that list is given."""
    attested = settings.attested_digests
    if attested is None:
        return
    for holder, field, _, image in _images(pod):
        if not (image and image.digest in attested):
            yield holder.bad(field, "must have a digest that attested_digests lists")


@pod_rule(
    why="A pod waits for its image: each GiB that it need not hold delays every start on a new node.",
    source="Kyverno block-large-images, with a bound that suits images with CUDA",
    level=ADVISORY,
    bad=_PINNED,
    good=_TAGGED,
    example_settings={
        "image_sizes_bytes": {"sha256:0f3b6c1d2e4a59788796a5b4c3d2e1f00112233445566778899aabbccddeeff0": 9663676416}
    },
)
def image_size_budget(pod: Pod, settings: Settings) -> Findings:
    """No image whose size `image_sizes_bytes` tells is larger than `image_size_budget_bytes`."""
    budget = settings.image_size_budget_bytes
    too_large = {digest: size for digest, size in settings.image_sizes_bytes.items() if size > budget}
    for holder, field, _, image in _images(pod) if too_large else ():
        if image and image.digest in too_large:
            yield holder.bad(field, f"is larger than the {budget} bytes that are allowed")


def _images(pod: Pod) -> Iterator[tuple[View, str, str, ImageReference | None]]:
    """Each image that is named and known: where, in which field, with which field for the pull policy, its parts."""
    places = [(container, "image", "imagePullPolicy") for container in pod.containers]
    places += [(volume.at("image"), "reference", "pullPolicy") for volume in pod.spec.items("volumes")]
    for holder, field, policy_field in places:
        text = holder.text(field)
        if isinstance(text, str):
            yield holder, field, policy_field, image_reference.parse(text)


def _is_within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(f"{name}/".startswith(f"{prefix.rstrip('/')}/") for prefix in prefixes)


def _policy_for(image: ImageReference) -> str:
    return "IfNotPresent" if image.digest else "Always"


def _fits(policy: Any, image: ImageReference) -> bool:
    """Whether the policy, or what the API server sets in its place, is the one for this image."""
    if policy is None:
        return image.digest is not None or image.tag in (None, "latest")
    return bool(policy == _policy_for(image))
