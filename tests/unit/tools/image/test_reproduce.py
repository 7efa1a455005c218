"""Equal digests are equal images; the first difference of others is said."""

from tests.unit.tools.image.made import REF, Registry, file, layer
from tools.image import reading, registry, reproduce
from tools.image.reading import Image


def image(*layers: bytes, config: dict[str, object] | None = None) -> Image:
    """As it is read from a registry."""
    made = Registry()
    made.push("1", layers, config)
    return reading.read(made.client(), registry.parse(REF))


A, B = file("a", size_bytes=3), file("b", size_bytes=1)


def test_two_builds_with_the_same_bytes_do_not_differ() -> None:
    """One digest."""
    assert reproduce.difference(image(layer([A, B])), image(layer([A, B]))) is None


def test_the_first_difference_has_layer_path_and_what_differs() -> None:
    """Content, rights, presence, order."""
    history: dict[str, object] = {"history": [{"created_by": "FROM x", "empty_layer": True}, {"created_by": "COPY a"}]}
    one = image(layer([A], {"a": b"one"}), config=history)
    other = image(layer([A], {"a": b"two"}), config=history)
    said = reproduce.difference(one, other) or ""
    assert said.startswith("layer 1 (COPY a): /a: sha256 ")
    assert "size_bytes" not in said
    changed = image(layer([file("a", mode=0o600, size_bytes=3), B]))
    assert "/a: mode 420 and 384" in (reproduce.difference(image(layer([A, B])), changed) or "")
    assert "/b is only in the first" in (reproduce.difference(image(layer([A, B])), image(layer([A]))) or "")
    assert "another order, from /a on" in (reproduce.difference(image(layer([A, B])), image(layer([B, A]))) or "")


def test_a_difference_of_the_configuration_is_named_by_its_key() -> None:
    """Such as a time stamp, or an environment variable."""
    one, other = (image(layer([A]), config={"created": "x", "config": {"User": u}}) for u in ("1", "2"))
    assert reproduce.difference(one, other) == "config.config.User: 1 and 2"


def test_more_layers_are_a_difference_of_their_own() -> None:
    """Before any file is compared."""
    assert reproduce.difference(image(layer([A])), image(layer([A]), layer([B]))) == "1 layers and 2"
