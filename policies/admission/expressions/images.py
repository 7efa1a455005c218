"""Which images may run, in CEL: images of containers and of image volumes."""

from __future__ import annotations

from typing import Final

from kube import image_reference
from policies.admission.cel import NOTHING, Expressions, Table, either, every, field, literal
from policies.settings import Settings

_PART = "[a-z0-9]+(?:(?:_|__|-+)[a-z0-9]+)*"
_PART_WITH_DOTS = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = "|".join(
    (
        f"{image_reference.HOST.pattern}/{image_reference.REPOSITORY.pattern}",
        f"{_PART}(?:/{_PART_WITH_DOTS})+",  # what has a dot before its first slash has a host
        _PART_WITH_DOTS,
    )
)
REFERENCE: Final = f"^(?:{_NAME})(?::{image_reference.TAG.pattern})?(?:@{image_reference.DIGEST.pattern})?$"


def _each_image(condition: str) -> Expressions:
    """A condition on `{}`, for the image of each container and of each image volume."""
    of_volumes = condition.replace("{}", "volume.image.reference")
    is_named = "!volume.?image.?reference.hasValue()"
    return Expressions(
        container=either("!c.?image.hasValue()", condition.replace("{}", "c.image")),
        pod=f"{field('variables.spec.volumes', '[]')}.all(volume, {either(is_named, of_volumes)})",
    )


VALID: Final = f"{{}}.matches({literal(REFERENCE)})"
HAS_DIGEST: Final = "{}.contains('@')"
HAS_TAG: Final = every("{}.matches(':[^/]+$')", "!{}.endsWith(':latest')")
DIGEST: Final = "{}.split('@')[1]"


def _registries(settings: Settings) -> Expressions:
    if not settings.registries:
        return NOTHING
    prefixes = [f"{prefix.rstrip('/')}/" for prefix in settings.registries]
    # The name without tag and digest, then as Docker understands it: registry and repository.
    name = "[{}.find('^(?:[^@/]*/)*[^@/:]*')]"
    has_host = "name.matches('^(?:localhost|[^/]*[.:A-Z][^/]*)/')"
    name += f".map(name, {has_host} ? name : '{image_reference.DOCKER_HUB}/' + name)"
    name += ".map(name, name.startsWith('index.docker.io/') ? name.substring(6) : name)"
    name += ".map(name, name.matches('^docker[.]io/[^/]+$') ? 'docker.io/library/' + name.substring(10) : name)"
    is_within = f"{name}.exists(name, {literal(prefixes)}.exists(prefix, (name + '/').startsWith(prefix)))"
    return _each_image(every(VALID, is_within))


def _pull_policies() -> Expressions:
    wanted = f"({HAS_DIGEST} ? 'IfNotPresent' : 'Always')"
    of_volumes = every(VALID).replace("{}", "volume.image.reference")
    policy = f"volume.image.?pullPolicy.orValue('') == {wanted.replace('{}', 'volume.image.reference')}"
    excused = ("!volume.?image.?reference.hasValue()", f"!{of_volumes}")
    return Expressions(
        container=either(
            "!c.?image.hasValue()",
            f"!{VALID}".replace("{}", "c.image"),
            f"c.?imagePullPolicy.orValue('') == {wanted}".replace("{}", "c.image"),
        ),
        pod=f"{field('variables.spec.volumes', '[]')}.all(volume, {either(*excused, policy)})",
    )


def _attested(settings: Settings) -> Expressions:
    if settings.attested_digests is None:
        return NOTHING
    return _each_image(every(VALID, HAS_DIGEST, f"{DIGEST} in {literal(settings.attested_digests)}"))


def _sizes(settings: Settings) -> Expressions:
    sizes = settings.image_sizes_bytes.items()
    too_large = [digest for digest, size in sizes if size > settings.image_size_budget_bytes]
    if not too_large:
        return NOTHING
    return _each_image(either(f"!{HAS_DIGEST}", f"!({DIGEST} in {literal(too_large)})"))


TABLE: Final[Table] = {
    "image-tag-pinned": _each_image(every(VALID, either(HAS_DIGEST, HAS_TAG))),
    "image-digest-pinned": _each_image(HAS_DIGEST),
    "image-registry-allowed": _registries,
    "image-pull-policy-matches-pin": _pull_policies(),
    "image-attested": _attested,
    "image-size-budget": _sizes,
}
