"""The file of keys: read again when it changes, the last good one holds while it is broken, and no key is in it."""

import json
import logging
import os
from pathlib import Path

import pytest

from api_tests.http.keyed import write_keys
from service.core.context import Caller, Quotas, Scope
from service.core.keys import Exposed, Key, KeyFile, Keys, KeysUnreadable, check_exposure, digest_of, new_key
from service.core.settings import Settings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def test_a_key_says_who_asks_what_is_allowed_and_how_much(path: Path) -> None:
    keys = write_keys(path, {"ada": ["read", "grade"], "ben": ["admin"]}, ada={"requests_per_second": 5})
    file = KeyFile(path)
    ada = Caller("ada", frozenset({Scope.READ, Scope.GRADE}), quotas=Quotas(requests_per_second=5))
    assert file.caller(keys["ada"]) == ada
    assert ada.may(Scope.READ)
    assert not ada.may(Scope.TEACH)
    root = file.caller(keys["ben"])
    assert root is not None
    assert all(root.may(scope) for scope in Scope)
    assert file.caller(None) is None


@pytest.mark.parametrize("key", ["", "gv_", "\ud800", "é", "a" * 100_000, digest_of("gv_x")])
def test_what_is_no_key_is_nobody(path: Path, key: str) -> None:
    write_keys(path, {"ada": ["read"]})
    assert KeyFile(path).caller(key) is None


def test_the_digest_of_a_key_is_no_key(path: Path) -> None:
    keys = write_keys(path, {"ada": ["read"]})
    assert KeyFile(path).caller(digest_of(keys["ada"])) is None
    assert keys["ada"] not in path.read_text()


def test_callers_without_a_key_may_do_what_anonymous_may_and_have_their_turns_by_address(path: Path) -> None:
    write_keys(path, {"anonymous": ["read"]})
    found = KeyFile(path).caller(None)
    assert found == Caller("anonymous", frozenset({Scope.READ}))
    assert not found.has_key
    assert Caller("anonymous", address="192.0.2.7").share == Caller("", address="192.0.2.7").share == "192.0.2.7"
    assert Caller("ada", address="192.0.2.7").share == "ada"


def test_a_change_of_the_file_holds_from_the_next_request_on(path: Path) -> None:
    old = write_keys(path, {"ada": ["read"]})
    file = KeyFile(path)
    new = write_keys(path, {"ada": ["grade"]})
    assert file.caller(old["ada"]) is None
    found = file.caller(new["ada"])
    assert found is not None
    assert found.scopes == {Scope.GRADE}


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"\xff", b'{"keys": [{"name": "ada"}]}', b'{"keys": [], "more": 1}', None]
)
def test_while_the_file_is_broken_the_last_good_one_holds_and_the_log_says_so_once(
    path: Path, caplog: pytest.LogCaptureFixture, broken: bytes | None
) -> None:
    keys = write_keys(path, {"ada": ["read"]})
    file = KeyFile(path)
    path.unlink() if broken is None else path.write_bytes(broken)
    with caplog.at_level(logging.ERROR, "service.keys"):
        for _ in range(3):
            assert file.caller(keys["ada"]) is not None
    assert len(caplog.records) == 1
    assert str(path) in caplog.text
    write_keys(path, {"ben": ["read"]})
    assert file.caller(keys["ada"]) is None


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ([{"name": "ada", "scopes": ["read"]}], "has its `sha256`"),
        ([{"name": "anonymous", "sha256": digest_of("a"), "scopes": ["read"]}], "`anonymous` has none"),
        ([{"name": "ada", "sha256": "gv_secret", "scopes": ["read"]}], "/keys/0/sha256"),
        ([{"name": "ada", "sha256": digest_of("a"), "scopes": ["everything"]}], "/keys/0/scopes/0"),
        ([{"name": "ada", "sha256": digest_of("a"), "scopes": []}], "/keys/0/scopes"),
        ([{"name": "10.0.0.1", "sha256": digest_of("a"), "scopes": ["read"]}], "/keys/0/name"),
        ([{"name": one, "sha256": digest_of("a"), "scopes": ["read"]} for one in "ab"], "the same sha256"),
        ([{"name": "a", "sha256": digest_of(one), "scopes": ["read"]} for one in "ab"], "the same name"),
        ([{"name": "a", "sha256": digest_of("a"), "scopes": ["read"], "quotas": {"x": 1}}], "/keys/0/quotas/x"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_place(path: Path, entries: list[object], fault: str) -> None:
    path.write_text(json.dumps({"keys": entries}))
    with pytest.raises(KeysUnreadable) as raised:
        KeyFile(path)
    assert fault in raised.value.sentence
    assert str(path) in raised.value.sentence
    assert "gv_secret" not in raised.value.sentence


def test_a_file_that_others_may_read_is_warned_of(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_keys(path, {"ada": ["read"]})
    with caplog.at_level(logging.WARNING, "service.keys"):
        KeyFile(path)
        assert not caplog.records
        path.chmod(0o644)
        KeyFile(path)
    assert "chmod 600" in caplog.text


def test_the_file_is_written_at_once_for_its_owner_alone(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0o644)
    keys = Keys(keys=[Key(name="ada", sha256=digest_of(new_key()), scopes=[Scope.READ])])
    before = os.umask(0)
    try:
        keys.write(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Keys.read(path) == keys
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


def test_keys_differ_and_are_long() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("gv_") and len(key) >= 46 for key in keys)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_without_keys_loopback_may_be_listened_on(host: str) -> None:
    check_exposure(Settings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "grading.example.edu", "localhost.example.edu"])
def test_without_keys_no_other_address_is_listened_on_unless_it_is_said(host: str, path: Path) -> None:
    with pytest.raises(Exposed) as raised:
        check_exposure(Settings(host=host))
    assert "keys create" in raised.value.sentence
    assert "GRADIENT_VERDICT_ALLOW_ANONYMOUS=true" in raised.value.sentence
    check_exposure(Settings(host=host, allow_anonymous=True))
    check_exposure(Settings(host=host, api_keys_file=str(path)))
