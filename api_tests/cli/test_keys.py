"""`keys`: made, listed and taken back; a key is printed once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.__main__ import main
from service.core.context import Scope
from service.core.keys import Keys, digest_of


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIENT_VERDICT_API_KEYS_FILE", str(tmp_path / "keys.json"))
    return tmp_path / "keys.json"


def made(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["keys", "create", *arguments]) == 0
    return capsys.readouterr().out.strip()


def test_a_key_is_printed_once_and_its_digest_is_kept(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = made(capsys, "ada", "--scope", "grade,read")
    assert key.startswith("gv_")
    (kept,) = Keys.read(path).keys
    assert (kept.name, kept.sha256, kept.scopes) == ("ada", digest_of(key), [Scope.READ, Scope.GRADE])
    assert path.stat().st_mode & 0o777 == 0o600
    assert main(["keys", "list"]) == 0
    told = capsys.readouterr().out
    assert "ada" in told
    assert "read, grade" in told
    assert key not in told
    assert digest_of(key) not in told


def test_a_name_is_taken_once_and_free_again_when_it_is_revoked(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = made(capsys, "ada", "--scope", "read")
    assert main(["keys", "create", "ada", "--scope", "admin"]) == 2
    assert "ada already" in capsys.readouterr().err
    assert main(["keys", "revoke", "ada"]) == 0
    assert Keys.read(path).keys == []
    assert made(capsys, "ada", "--scope", "read") != first
    assert main(["keys", "revoke", "ben"]) == 2
    assert "no key named ben" in capsys.readouterr().err


def test_what_is_allowed_without_a_key_has_none(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert made(capsys, "anonymous", "--scope", "read", "--scope", "simulate") == ""
    (kept,) = Keys.read(path).keys
    assert (kept.name, kept.sha256) == ("anonymous", None)


def test_another_file_is_named_by_an_option(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(capsys, "ada", "--scope", "read", "--file", f"{path}.other")
    assert not path.exists()
    assert [key.name for key in Keys.read(Path(f"{path}.other")).keys] == ["ada"]


def test_without_a_file_that_is_named_or_can_be_read_nothing_is_done(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["keys", "list"]) == 2
    path.write_text('{"keys": 1}')
    assert main(["keys", "create", "ada", "--scope", "read"]) == 2
    assert path.read_text() == '{"keys": 1}'
    assert main(["keys", "create", "ada", "--scope", "read", "--file", f"{path}/no/folder"]) == 2
    monkeypatch.delenv("GRADIENT_VERDICT_API_KEYS_FILE")
    capsys.readouterr()
    assert main(["keys", "list"]) == 2
    assert "--file" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["1ada --scope read", "a/b --scope read", "a", "a --scope all", "a --scope read,"])
def test_what_is_no_name_or_scope_is_refused(words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["keys", "create", *words.split()])
    assert ended.value.code == 2


def test_keys_that_are_made_at_once_are_all_kept(path: Path) -> None:
    commands = [
        subprocess.Popen([sys.executable, "-m", "service", "keys", "create", f"key-{number}", "--scope", "read"])
        for number in range(4)
    ]
    assert [one.wait(timeout=120) for one in commands] == [0] * 4
    assert {key.name for key in Keys.read(path).keys} == {f"key-{number}" for number in range(4)}


def test_a_service_that_everybody_could_reach_does_not_start_without_keys(tmp_path: Path) -> None:
    for settings in ({"HOST": "0.0.0.0", "API_KEYS_FILE": ""}, {"API_KEYS_FILE": str(tmp_path / "none.json")}):
        named = {f"GRADIENT_VERDICT_{name}": value for name, value in settings.items()}
        ended = subprocess.run(
            [sys.executable, "-m", "service", "serve"],
            env=os.environ | named,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 2, ended.stderr
        assert b"key" in ended.stderr
        assert b"Traceback" not in ended.stderr
