"""Tests of serve.backup.s3, against a bucket on this machine that checks signatures."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serve.backup import s3
from serve.backup.s3 import Bucket, S3Store, read_credentials
from serve.backup.sets import back_up, restore
from serve.backup.signing import Credentials
from serve.errors import SetupError
from tests.helpers import s3_stand_in
from tests.helpers.s3_stand_in import CREDENTIALS, REGION, StandIn

THEN = datetime(2027, 1, 1, 3, tzinfo=UTC)


@pytest.fixture
def bucket() -> Iterator[StandIn]:
    """An empty one."""
    with s3_stand_in.running() as stand_in:
        yield stand_in


def store_of(bucket: StandIn, credentials: Credentials = CREDENTIALS, waited: list[float] | None = None) -> S3Store:
    """Its objects below a prefix; waits are only noted."""
    where = Bucket("backups", "prod stack/a+b", REGION, bucket.url)
    return S3Store(where, credentials, sleep=(waited if waited is not None else []).append)


def test_what_is_put_can_be_listed_read_and_deleted(bucket: StandIn) -> None:
    """Over several pages of the list, below the prefix alone, with keys that must be encoded."""
    store = store_of(bucket)
    keys = [f"set/chunks/{number} &~é" for number in range(7)]
    for key in keys:
        store.put(key, key.encode())
    bucket.objects["another/set/chunks/x"] = b""
    assert list(store.keys("set/chunks/")) == sorted(keys)
    assert store.get(keys[3]) == keys[3].encode()
    store.delete(keys[3])
    store.delete(keys[3])
    assert list(store.keys("set/chunks/")) == sorted(set(keys) - {keys[3]})
    assert list(store.keys("other/")) == []


def test_a_backup_to_a_bucket_is_restored_with_the_same_bytes_and_copied_once(bucket: StandIn, tmp_path: Path) -> None:
    """The second one puts its snapshot and nothing else."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "m.gguf").write_bytes(bytes(range(256)) * 10)
    store = store_of(bucket)
    back_up(store, "m", source, THEN, keep=2, chunk_bytes=1000)
    bucket.asked.clear()
    (source / "m.gguf").touch()
    back_up(store, "m", source, THEN.replace(day=2), keep=2, chunk_bytes=1000)
    assert bucket.puts() == ["prod stack/a+b/m/snapshots/20270102T030000Z.json"]
    restore(store, "m", target)
    assert (target / "m.gguf").read_bytes() == (source / "m.gguf").read_bytes()


def test_what_fails_for_a_moment_is_tried_again_later_each_time(bucket: StandIn) -> None:
    """Services ask for that when they are busy."""
    waited: list[float] = []
    bucket.failures = [503, 500, 429]
    store_of(bucket, waited=waited).put("a", b"a")
    assert list(bucket.objects.values()) == [b"a"]
    assert waited == [1.0, 2.0, 4.0]


def test_a_service_that_stays_busy_is_given_up(bucket: StandIn) -> None:
    """With its own word for it."""
    bucket.failures = [503] * s3.NUM_TRIES
    with pytest.raises(SetupError, match=r"s3://backups/prod stack/a\+b/a: PUT was answered 503 SlowDown"):
        store_of(bucket).put("a", b"a")
    assert len(bucket.asked) == s3.NUM_TRIES


def test_what_is_refused_is_said_at_once_and_without_the_key(bucket: StandIn) -> None:
    """A wrong secret, an object that is not there."""
    with pytest.raises(SetupError) as caught:
        store_of(bucket, Credentials("AKIATEST", "wrong-secret")).get("a")
    assert str(caught.value) == "s3://backups/prod stack/a+b/a: GET was answered 403 SignatureDoesNotMatch"
    with pytest.raises(SetupError, match="GET was answered 404 NoSuchKey"):
        store_of(bucket).get("a")
    assert len(bucket.asked) == 2


def test_a_service_that_is_not_there_is_one_line() -> None:
    """After as many attempts."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    waited: list[float] = []
    store = S3Store(Bucket("b", "", REGION, f"http://127.0.0.1:{port}"), CREDENTIALS, sleep=waited.append)
    with pytest.raises(SetupError, match=r"s3://b/a: GET failed: .*[Rr]efused"):
        store.get("a")
    assert len(waited) == s3.NUM_TRIES - 1


def test_a_bucket_of_aws_has_a_name_of_its_own_and_others_a_folder() -> None:
    """As each wants it."""
    assert Bucket("b", "p", "eu-west-1").address("p/k") == ("https", "b.s3.eu-west-1.amazonaws.com", "/p/k")
    assert Bucket("b", "p", "x", "http://minio:9000/s3/").address("p/k") == ("http", "minio:9000", "/s3/b/p/k")


def test_credentials_are_read_as_awss_own_tools_read_them(tmp_path: Path) -> None:
    """Profile, comments, percent signs; a session's token where there is one."""
    path = tmp_path / "credentials"
    path.write_text("[default]\n# mine\naws_access_key_id = A\naws_secret_access_key = b%c=\n")
    assert read_credentials(path) == Credentials("A", "b%c=")
    path.write_text("[default]\naws_access_key_id=A\naws_secret_access_key=b\naws_session_token=t\n")
    assert read_credentials(path) == Credentials("A", "b", "t")


NO_CREDENTIALS = ("", "the-secret", "[other]\naws_access_key_id = the-secret\n", "[default]\nthe-secret\n")


@pytest.mark.parametrize("text", NO_CREDENTIALS)
def test_a_file_that_has_no_credentials_is_refused_without_showing_it(tmp_path: Path, text: str) -> None:
    """Somebody may have put the bare secret there."""
    path = tmp_path / "credentials"
    path.write_text(text)
    with pytest.raises(SetupError, match="is no file of credentials") as caught:
        read_credentials(path)
    assert "the-secret" not in str(caught.value)
    with pytest.raises(SetupError, match="can't be read"):
        read_credentials(tmp_path / "nowhere")
