"""Where the database is, and what is told of its URL."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from api_tests.store.keeping import Clock, Keeping, digest_of, report_of
from service.core.settings import Settings
from service.store.engine import Address

SECRET = "pa55word"
SHOWN = {
    f"postgresql://user:{SECRET}@host:5432/db": "postgresql://user:***@host:5432/db",
    f"postgresql://user:{SECRET}/@x@host/db?sslmode=require": "postgresql://user:***@host/db?sslmode=require",
    f"postgres://user:{SECRET}@/db?host=/run": "postgres://user:***@/db?host=/run",
    f"postgresql+psycopg://host/db?user=a&password={SECRET}&b=c": "postgresql+psycopg://host/db?user=a&password=***&b=c",
    f"postgresql://host/db?sslpassword={SECRET}": "postgresql://host/db?sslpassword=***",
    "postgresql://user@host:5432/db": "postgresql://user@host:5432/db",
    "sqlite:////data/reports.sqlite3": "sqlite:////data/reports.sqlite3",
    "": "",
}


@pytest.mark.parametrize(("url", "shown"), SHOWN.items())
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    settings = Settings(database_url=url)
    assert settings.environment()["GRADIENT_VERDICT_DATABASE_URL"] == shown
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    "url", [f"mysql://user:{SECRET}@host/db", "sqlite://", "sqlite:///:memory:", "/data/file", "x"]
)
def test_a_database_of_another_kind_is_refused_at_the_start_without_its_password(url: str) -> None:
    with pytest.raises(ValidationError, match="postgresql://") as refusal:
        Settings(database_url=url)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgres+psycopg"])
def test_every_spelling_of_postgresql_has_the_same_driver(scheme: str) -> None:
    assert Address.of(f"{scheme}://host/db").url.drivername == "postgresql+psycopg"


def test_the_database_is_in_the_data_directory_of_the_user_unless_it_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    store = Keeping("", Clock())
    store.put_all(1)
    assert (tmp_path / "gradient-verdict" / "reports.sqlite3").is_file()
    assert store.get(digest_of(1)) == report_of(1)
    store.close()


def test_no_test_touches_the_store_of_whoever_runs_it() -> None:
    assert "gradient-verdict-" in Settings().database_url
