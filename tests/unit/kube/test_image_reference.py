"""Image references in their parts, as github.com/distribution/reference tells them apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.image_reference import ImageReference, parse

DIGEST = "sha256:" + "f" * 64


@pytest.mark.parametrize(
    ("text", "name", "tag", "digest"),
    [
        ("nginx", "docker.io/library/nginx", None, None),
        ("nginx:1.27", "docker.io/library/nginx", "1.27", None),
        ("docker.io/nginx", "docker.io/library/nginx", None, None),
        ("index.docker.io/nginx", "docker.io/library/nginx", None, None),
        ("team/nginx", "docker.io/team/nginx", None, None),
        ("foo/foo_bar.com:8080", "docker.io/foo/foo_bar.com", "8080", None),
        ("foo_bar.com:8080", "docker.io/library/foo_bar.com", "8080", None),
        ("test.com:5000", "docker.io/library/test.com", "5000", None),
        ("test.com/repo:tag", "test.com/repo", "tag", None),
        ("test:5000/repo", "test:5000/repo", None, None),
        ("test:5000/repo:tag", "test:5000/repo", "tag", None),
        (f"test:5000/repo:tag@{DIGEST}", "test:5000/repo", "tag", DIGEST),
        (f"test:5000/repo@{DIGEST}", "test:5000/repo", None, DIGEST),
        ("localhost/repo", "localhost/repo", None, None),
        ("Registry/repo", "Registry/repo", None, None),
        ("[2001:db8::1]:5000/repo", "[2001:db8::1]:5000/repo", None, None),
        ("sub-dom1.foo.com/bar/baz/quux:some-long-tag", "sub-dom1.foo.com/bar/baz/quux", "some-long-tag", None),
        ("xn--n3h.com/my__image/a-b:v1_2.3", "xn--n3h.com/my__image/a-b", "v1_2.3", None),
        ("team/my__image", "docker.io/team/my__image", None, None),
        ("team/my.image", "docker.io/team/my.image", None, None),
        ("example.com/my.team/image", "example.com/my.team/image", None, None),
        (f"a@sha384:{'0' * 96}", "docker.io/library/a", None, "sha384:" + "0" * 96),
        (f"a@sha512:{'0' * 128}", "docker.io/library/a", None, "sha512:" + "0" * 128),
    ],
)
def test_a_reference_has_registry_repository_tag_and_digest(
    text: str, name: str, tag: str | None, digest: str | None
) -> None:
    """A name without a host is Docker Hub's, and one without a team is in its library."""
    found = parse(text)
    assert found is not None
    assert (found.name, found.tag, found.digest) == (name, tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ":tag",
            "/a",
            "a/",
            "a//b",
            f"@{DIGEST}",
            "a@",
            "a@sha256:ff",
            f"a@sha256:{'f' * 65}",
            f"a@md5:{'f' * 32}",
        ),
        *(
            "Uppercase",
            "test:5000/Uppercase/a:b",
            "aa/asdf$$^/aa",
            "a b",
            "a:b c",
            "a:",
            "a:-b",
            "a:" + "x" * 129,
            "a\n",
        ),
        *(
            "-bad.com/a",
            "bad-.com/a",
            "a b.com/c",
            "a.com:port/b",
            "a.-b.com/c",
            "[::1/a",
            "a:é",
            "a..b",
            "a___b",
            "-a",
        ),
    ],
)
def test_what_a_container_runtime_would_refuse_is_no_reference(text: str) -> None:
    """Empty parts, capitals in a repository, digests of another length."""
    assert parse(text) is None


_NAMES = st.from_regex(r"\A[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,8}){0,2}\Z")


@given(
    st.from_regex(r"\A[a-z]{1,8}\.[a-z]{2,3}(?::[0-9]{1,4})?\Z"),
    st.lists(_NAMES, min_size=1, max_size=3).map("/".join),
    st.none() | st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}\Z"),
    st.none() | st.just(DIGEST),
)
def test_what_is_put_together_comes_apart(registry: str, repository: str, tag: str | None, digest: str | None) -> None:
    """Any registry, repository, tag and digest."""
    text = f"{registry}/{repository}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"
    assert parse(text) == ImageReference(registry, repository, tag, digest)


@given(st.text(max_size=40))
def test_no_text_makes_it_fail(text: str) -> None:
    """Parts, or None."""
    assert isinstance(parse(text), ImageReference | None)
