"""The schema of a database is brought up, down and up again, once however many do it."""

import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, select, text

from api_tests.networks import Json
from api_tests.store.keeping import Clock, Keeping, digest_of, report_of
from service.__main__ import main
from service.grading.spec import Rubric
from service.jobs.records import Accepted, JobRecords, Requester
from service.jobs.results import JobResults
from service.store.assignments import AssignmentStore
from service.store.database import Database
from service.store.engine import Address
from service.store.migration import Schema
from service.store.schema import ASSIGNMENTS, JOBS, METADATA


def test_the_schema_that_the_migrations_lead_to_is_the_one_that_is_used(database_url: str) -> None:
    engine = Address.of(database_url).engine()
    Schema(engine).upgrade()
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_the_newest_revision_is_the_one_that_is_looked_for() -> None:
    assert ScriptDirectory(str(files("service.store") / "migrations")).get_heads() == [Schema.NEWEST]


def tables_of(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_a_database_goes_up_down_and_up_again(database_url: str) -> None:
    store = Keeping(database_url, Clock())
    store.put_all(1, 2)
    store.close()
    engine = Address.of(database_url).engine()
    Schema(engine).downgrade("base")
    assert (Schema(engine).revision(), tables_of(engine)) == (None, set())
    Schema(engine).upgrade()
    assert (Schema(engine).revision(), tables_of(engine)) == (Schema.NEWEST, set(METADATA.tables))
    assert store.page(5).items == []
    store.put_all(3)
    assert store.get(digest_of(3)) == report_of(3)
    store.close()
    engine.dispose()


def test_the_first_step_alone_takes_jobs_and_leaves_reports(database_url: str) -> None:
    store = Keeping(database_url, Clock())
    store.put_all(1)
    store.close()
    engine = Address.of(database_url).engine()
    Schema(engine).downgrade("0001")
    assert (Schema(engine).revision(), tables_of(engine)) == ("0001", {"reports"})
    assert store.get(digest_of(1)) == report_of(1), "which has brought it up by itself"
    assert Schema(engine).revision() == Schema.NEWEST
    store.close()
    engine.dispose()


NETWORK: Json = {"network": {"features": 1, "layers": [{"kind": "dense", "units": 1}]}}
PATCH = [{"op": "replace", "path": "/seed", "value": 1}]


def measuring(measure: str) -> Json:
    """A rubric with that measure in two claims, and with its name where it is none."""
    title = f'∂e/∂W and "measure":"{measure}"'
    change = {"id": "c", "kind": "change", "simulation": NETWORK, "patch": PATCH, "title": title, "measure": measure}
    order = {"id": "r", "kind": "ranking", "of": {"measure": NETWORK, "kind": NETWORK}, "measure": measure}
    other = {"id": "o", "kind": "ranking", "of": {"a": NETWORK, "b": NETWORK}, "measure": "depth_ratio"}
    return {"id": "course", "claims": [change, order, other, {"id": "n", "kind": "number", "expected": 0.1}]}


def rubrics_in(engine: Engine) -> dict[str, bytes]:
    with engine.connect() as connection:
        rows = connection.execute(select(ASSIGNMENTS.c.id, ASSIGNMENTS.c.rubric)).all()
    return {row.id: row.rubric for row in rows}


def test_a_measure_of_stored_rubrics_is_called_by_its_new_name(database_url: str) -> None:
    engine = Address.of(database_url).engine()
    Schema(engine).upgrade()
    Schema(engine).downgrade("0002")
    old, plain, spoilt = measuring("reach"), zlib.compress(b'{"claims":[{"kind":"number"}]}'), b"spoilt"
    packed = zlib.compress(json.dumps(old, ensure_ascii=False, separators=(",", ":")).encode())
    moment = Clock()()
    with engine.begin() as connection:
        for name, rubric in (("old", packed), ("plain", plain), ("spoilt", spoilt)):
            row = {"id": name, "created_at": moment, "updated_at": moment, "rubric": rubric}
            connection.execute(ASSIGNMENTS.insert().values(row))
    Schema(engine).upgrade()
    database = Database(database_url)
    kept = AssignmentStore(database).get("old").read()
    database.close()
    new = {**old, "claims": [{**one} for one in old["claims"]]}
    for claim in new["claims"][:2]:
        claim["measure"] = "end_to_end_ratio"
    assert (kept.rubric, kept.updated_at) == (Rubric.model_validate(new), moment)
    assert "∂e/∂W and" in kept.rubric.claims[0].title
    assert '"measure":"reach"' in kept.rubric.claims[0].title
    assert (rubrics_in(engine)["plain"], rubrics_in(engine)["spoilt"]) == (plain, spoilt)
    Schema(engine).downgrade("0002")
    assert rubrics_in(engine) == {"old": packed, "plain": plain, "spoilt": spoilt}
    engine.dispose()


def test_jobs_stay_while_the_notes_about_their_engine_come_and_go(database_url: str) -> None:
    database = Database(database_url)
    row = Accepted("0" * 32, "sweep", "0" * 64, "1", 1, 1, 1.0, b"{}")
    JobRecords(database).accept(row, Requester("me"), "")
    engine = Address.of(database_url).engine()
    Schema(engine).downgrade("0003")
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id, dispatched, forgotten FROM jobs")).one()
        indexes = {index["name"] for index in inspect(connection).get_indexes("jobs")}
    assert tuple(found) == ("0" * 32, False, False), "so that every open job is enqueued once more"
    assert "jobs_to_dispatch" in indexes
    Schema(engine).upgrade()
    assert JobRecords(database).open_owners() == {"0" * 32: "me"}
    database.close()
    engine.dispose()


def test_what_was_kept_before_has_no_owner_and_its_size(database_url: str) -> None:
    store = Keeping(database_url, Clock())
    store.put(digest_of(1), report_of(1), owner="me")
    assignments = AssignmentStore(store.database)
    put = assignments.put("one", json.dumps(measuring("depth_ratio")).encode(), "me")
    JobRecords(store.database).accept(Accepted("0" * 32, "sweep", "0" * 64, "1", 2, 1, 1.0, b"{}"), Requester("me"), "")
    JobRecords(store.database).start("0" * 32, b"prepared")
    JobResults(store.database).keep("0" * 32, 0, [b"{}"], 0)
    before = kept_in(store)
    engine = Address.of(database_url).engine()
    Schema(engine).downgrade("0004")
    Schema(engine).upgrade()
    assert kept_in(store) == before
    assert min(before) > 0
    assert store.page(5, owner="me").items == []
    assert [item.digest for item in store.page(5, owner="").items] == [digest_of(1)]
    assert (assignments.owner("one"), assignments.get("one", "")) == ("", put)
    store.close()
    engine.dispose()


def kept_in(store: Keeping) -> list[int]:
    """The sizes of the assignments and of the jobs."""
    with store.database.reading() as connection:
        sizes = [connection.execute(select(table.c.stored_bytes)).scalar_one() for table in (ASSIGNMENTS, JOBS)]
    return [int(size) for size in sizes]


def test_a_database_that_is_new_enough_keeps_what_it_has(database_url: str) -> None:
    store = Keeping(database_url, Clock())
    store.put_all(1)
    engine = Address.of(database_url).engine()
    Schema(engine).upgrade()
    engine.dispose()
    assert store.get(digest_of(1)) == report_of(1)
    store.close()


def test_many_that_open_a_new_database_at_once_make_it_once(database_url: str) -> None:
    together = Barrier(8)

    def opened(number: int) -> bytes | None:
        store = Keeping(database_url, Clock())
        together.wait()
        store.put_all(number)
        found = store.get(digest_of(number))
        store.close()
        return found

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(opened, range(8))) == [report_of(number) for number in range(8)]


def test_a_step_that_fails_leaves_nothing_behind(database_url: str) -> None:
    engine = Address.of(database_url).engine()
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE other (a INTEGER)"))
        connection.execute(text("CREATE INDEX reports_by_label ON other (a)"))  # the name of the second index
    with pytest.raises(Exception, match="already exists"):
        Schema(engine).upgrade()
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["other"]
    engine.dispose()


def test_the_command_line_tells_and_changes_the_revision(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRADIENT_VERDICT_DATABASE_URL", database_url)
    said = []
    for way in (["current"], ["upgrade"], ["current"], ["downgrade"], ["upgrade"], ["downgrade", "base"]):
        assert main(["database", *way]) == 0
        said.append(capsys.readouterr().out.strip())
    newest = f"{Schema.NEWEST} (newest)"
    assert said == ["none", newest, newest, "0004", newest, "none"]
    assert main(["database", "downgrade", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_the_command_line_says_why_a_database_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRADIENT_VERDICT_DATABASE_URL", f"sqlite:///{tmp_path}/file/reports.sqlite3")
    assert main(["database", "upgrade"]) == 2
    assert capsys.readouterr().err == "The store of reports is not available: its database is not reachable.\n"


def test_a_database_of_another_version_is_left_alone(keeping: Keeping) -> None:
    keeping.put_all(1)
    with keeping.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    keeping.close()
    with pytest.raises(Exception, match="another version of the service"):
        keeping.page(1)
