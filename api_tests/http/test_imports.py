"""Models of other programs over HTTP: files that are streamed and gone, options, refusals, and reports."""

import errno
import gzip
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from anyio import sleep_forever
from starlette.requests import ClientDisconnect

from api_tests.http.asking import Json, assert_problem
from api_tests.http.test_planned_once import PoolHere
from api_tests.imports.hostile_files import MADE
from service.charts.renderer import ChartRenderer
from service.core.errors import DeadlineExceeded, MalformedJson, WorkerFailed, WorkerNotStarted
from service.core.settings import Settings
from service.http import uploads
from service.http.app import build_app
from service.http.examples import example
from service.imports import bounded
from service.imports.base import Fault, Imported, InputNeeded, NotUnderstood, Options, Reading, Source, WeightValues
from service.imports.bounded import MEMORY_BYTES, bounded_import
from service.jobs.jobs import Jobs
from service.nn.presets import PresetName
from service.processes.pool import PoolLimits
from service.simulation.estimate import Limits
from service.store.archive import Archive
from service.store.database import Database
from service.store.stores import NullStore

pytestmark = pytest.mark.anyio

T = TypeVar("T")
BINARY = "application/octet-stream"
PATH = "/v1/imports/keras"
LIMIT = 2048
KERAS: Json = example("models")["keras"]["value"]
Read = Callable[[Source, Path, Options, int], Imported]


class FaultyPool(PoolHere):
    """A pool whose tasks all end in the same way."""

    def __init__(self, limits: PoolLimits, error: Exception | None) -> None:
        super().__init__(limits)
        self.error = error
        self.seconds: list[float | None] = []

    async def run(
        self, task: Callable[[int], T], seconds: float | None = None, *, cost_seconds: float | None = None
    ) -> T:
        """What the task finds, or the error."""
        self.seconds.append(seconds)
        if self.error is not None:
            raise self.error
        return await super().run(task)


def made(layers: list[Json] | None = None, **fields: Any) -> Imported:
    """What a reader finds that finds a small network."""
    found = layers or [{"kind": "dense", "units": 3, "name": "only"}]
    return Reading(Source.KERAS).finished("a test", {"kind": "features", "features": 4}, found, None)


def client_of(settings: Settings, error: Exception | None = None) -> httpx.AsyncClient:
    """A client of an application that does everything in this process."""
    pool = FaultyPool(PoolLimits.of(settings), error)
    archive = Archive(pool, NullStore(), Limits(1e12, 1 << 40), cache_bytes=1 << 20)
    app = build_app(settings, pool, archive, ChartRenderer(settings), Jobs(settings, Database(settings.database_url)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://service")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are, and no other."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def seen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Source, bytes, Options]]:
    """What a reader is asked to read from now on; the files are gone when all is done."""
    asked: list[tuple[Source, bytes, Options]] = []

    def read(source: Source, file: Path, options: Options, _: object = None) -> Imported:
        assert file.parent == folder
        asked.append((source, file.read_bytes(), options))
        return made()

    monkeypatch.setattr(bounded, "imported", read)
    monkeypatch.setattr(PoolHere, "run", run_here)
    return asked


async def run_here(_: PoolHere, task: Callable[[int], T], *_seconds: float, **_cost: float) -> T:
    return task(1)


@pytest.mark.parametrize(
    "media_type", [BINARY, "Application/Octet-Stream; x=y", "application/json", "application/x+json"]
)
async def test_the_body_is_the_file(seen: list[Any], folder: Path, media_type: str) -> None:
    content = bytes(range(256)) * 4
    async with client_of(Settings()) as client:
        answer = await client.post(PATH, content=content, headers={"Content-Type": media_type})
    assert answer.status_code == 200, answer.text
    assert seen == [(Source.KERAS, content, Options())]
    assert answer.json() == made().model_dump(mode="json", exclude_none=True)
    assert "report" not in answer.json()
    assert list(folder.iterdir()) == []


FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    "media_type", [FORM, "application/x-www-form-urlencoded", "text/plain", "application/zip", None]
)
async def test_a_body_of_another_type_is_refused_with_what_to_send(seen: list[Any], media_type: str | None) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    async with client_of(Settings()) as client:
        problem = assert_problem(await client.post(PATH, content=b"{}", headers=headers), 415, "unsupported-media-type")
    assert "curl --data-binary @model.keras -H 'Content-Type: application/octet-stream'" in problem["detail"]
    assert seen == []


async def test_a_compressed_body_is_refused(seen: list[Any]) -> None:
    headers = {"Content-Type": BINARY, "Content-Encoding": "gzip"}
    async with client_of(Settings()) as client:
        answer = await client.post(PATH, content=gzip.compress(b"{}"), headers=headers)
    assert_problem(answer, 415, "unsupported-media-type")
    assert seen == []


@pytest.mark.parametrize("chunk", [1, 100, LIMIT])
async def test_a_file_may_be_as_long_as_the_limit_and_no_longer(seen: list[Any], folder: Path, chunk: int) -> None:
    async def chunks(length: int) -> AsyncIterator[bytes]:
        for start in range(0, length, chunk):
            yield b"x" * min(chunk, length - start)

    async with client_of(Settings(import_bytes=LIMIT, body_bytes=1024)) as client:
        fits = await client.post(PATH, content=chunks(LIMIT), headers={"Content-Type": BINARY})
        longer = await client.post(PATH, content=chunks(LIMIT + 1), headers={"Content-Type": BINARY})
    assert fits.status_code == 200
    assert assert_problem(longer, 413, "body-too-large")["facts"] == {"limit": LIMIT}
    assert [len(content) for _, content, _ in seen] == [LIMIT]
    assert list(folder.iterdir()) == []


async def test_a_file_that_does_not_arrive_is_a_408_and_leaves_nothing(seen: list[Any], folder: Path) -> None:
    async def halted() -> AsyncIterator[bytes]:
        yield b"some"
        assert len(list(folder.iterdir())) == 1
        await sleep_forever()

    async with client_of(Settings(body_seconds=0.05)) as client:
        problem = assert_problem(
            await client.post(PATH, content=halted(), headers={"Content-Type": BINARY}), 408, "body-too-slow"
        )
    assert problem["detail"] == "Only 4 bytes of the file arrived within 0.05 seconds, which is too slow."
    assert list(folder.iterdir()) == []
    assert seen == []


async def test_a_long_file_has_the_time_of_several_bodies(folder: Path) -> None:
    now = 100.0

    class Patience:
        deadline, cancelled_caught = 0.0, False

        def __enter__(self) -> "Patience":
            return self

        def __exit__(self, *_: object) -> None:
            deadlines.append(self.deadline)

    deadlines: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "current_time", lambda: now)
        patch.setattr(uploads, "move_on_after", lambda _: Patience())
        patch.setattr(bounded, "imported", lambda *_: made())
        async with client_of(Settings(import_bytes=8192, body_bytes=1024, body_seconds=3)) as client:
            patch.setattr(PoolHere, "run", run_here)
            for length in (1, 1023, 1024, 5000):
                await client.post(PATH, content=b"x" * length, headers={"Content-Type": BINARY})
    assert deadlines == [now + 3, now + 3, now + 6, now + 15]


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(seen: list[Any], folder: Path) -> None:
    async def gone() -> AsyncIterator[bytes]:
        yield b"some"
        raise ClientDisconnect

    async with client_of(Settings()) as client:
        answer = await client.post(PATH, content=gone(), headers={"Content-Type": BINARY})
    assert_problem(answer, 408, "client-gone")
    assert list(folder.iterdir()) == []
    assert seen == []


class FullDisk:
    """A file on a disk that is full."""

    name = "file"

    def __enter__(self) -> "FullDisk":
        return self

    def __exit__(self, *_: object) -> None:
        """Fail again, as a file does that has kept something back."""
        self.write(b"")

    def write(self, _: bytes) -> int:
        """Fail."""
        raise OSError(errno.ENOSPC, "No space left on device")


def unwritable(**_: Any) -> FullDisk:
    raise OSError(errno.ENOENT, "No usable temporary directory found")


@pytest.mark.parametrize("opened", [lambda **_: FullDisk(), unwritable])
async def test_where_there_is_no_room_for_a_file_the_client_is_told(
    seen: list[Any], monkeypatch: pytest.MonkeyPatch, opened: Callable[..., Any]
) -> None:
    monkeypatch.setattr(uploads, "NamedTemporaryFile", opened)
    async with client_of(Settings()) as client:
        assert_problem(await client.post(PATH, json=KERAS), 503, "no-room")
    assert seen == []


OPTIONS: list[tuple[Json, Options]] = [
    ({}, Options()),
    ({"input": "784"}, Options(input=(784,))),
    ({"input": "32x48x3"}, Options(input=(32, 48, 3))),
    ({"preset": "pytorch"}, Options(defaults=PresetName.PYTORCH)),
    ({"loss": "huber"}, Options(loss="huber")),
    ({"values": "file"}, Options(values=WeightValues.FILE)),
    (
        {"input": "1x2", "preset": "keras", "loss": "hinge", "values": "drawn"},
        Options((1, 2), PresetName.KERAS, "hinge"),
    ),
]


@pytest.mark.parametrize(("query", "options"), OPTIONS)
async def test_what_is_said_beside_the_file_is_in_the_query(seen: list[Any], query: Json, options: Options) -> None:
    async with client_of(Settings()) as client:
        for source in Source:
            answer = await client.post(f"/v1/imports/{source}", params=query, json=KERAS)
            assert answer.status_code == 200, answer.text
    assert [(source, given) for source, _, given in seen] == [(source, options) for source in Source]


@pytest.mark.parametrize(
    "query",
    ["input=32,32,3", "input=", "input=0x3", "input=-1", "input=1x2x3x4x5", "preset=mine", "loss=mine", "values=all",
     "simulate=perhaps"],
)  # fmt: skip
async def test_what_makes_no_sense_in_the_query_is_refused(seen: list[Any], query: str) -> None:
    async with client_of(Settings()) as client:
        assert_problem(await client.post(f"{PATH}?{query}", json=KERAS), 422, "invalid-request")
    assert seen == []


async def test_an_unknown_source_is_refused_with_those_that_are_known(seen: list[Any]) -> None:
    async with client_of(Settings()) as client:
        problem = assert_problem(await client.post("/v1/imports/caffe", json=KERAS), 422, "invalid-request")
    assert all(source in problem["detail"] for source in Source)
    assert seen == []


REFUSED = [
    (
        NotUnderstood.of([Fault("/config/layers/1", "Lambda is not read."), Fault("/config/layers/4", "Nor is Mine.")]),
        422,
    ),
    (InputNeeded("The height is open; send `input=32x32x3`.", pointer="/config/layers/0"), 422),
    (MalformedJson("The text is not JSON."), 400),
]


@pytest.mark.parametrize(("error", "status"), REFUSED, ids=lambda one: getattr(one, "code", ""))
async def test_what_a_reader_refuses_is_a_problem_with_its_places(folder: Path, error: Any, status: int) -> None:
    async with client_of(Settings(), error) as client:
        problem = assert_problem(await client.post(PATH, json=KERAS), status, error.code)
    assert problem["detail"] == error.sentence
    places = [fault.pointer for fault in getattr(error, "faults", ())] or ([error.pointer] if error.pointer else [])
    assert [each["pointer"] for each in problem["errors"]] == places
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DeadlineExceeded(20.0), "The work was stopped after 20 seconds, the longest it may take."),
        (WorkerFailed("It died."), "The process that read this file died of it."),
    ],
)
async def test_a_file_that_takes_too_much_is_refused_and_no_defect(error: Exception, sentence: str) -> None:
    async with client_of(Settings(), error) as client:
        problem = assert_problem(await client.post(PATH, json=KERAS), 422, "not-understood")
    assert problem["detail"] == f"Nothing was imported. {sentence}"


async def test_that_no_process_can_be_started_is_not_the_files_fault() -> None:
    async with client_of(Settings(), WorkerNotStarted("None.")) as client:
        assert_problem(await client.post(PATH, json=KERAS), 500, "worker-failed")


def reading(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    monkeypatch.setattr(bounded, "imported", lambda *_: work())


def test_a_reader_has_a_bounded_memory_and_gives_it_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = bounded.resource.getrlimit(bounded.resource.RLIMIT_AS)
    reading(monkeypatch, lambda: bytearray(2 * MEMORY_BYTES))
    with pytest.raises(NotUnderstood, match=f"more than {MEMORY_BYTES >> 20} MiB of memory") as raised:
        bounded_import(Source.KERAS, tmp_path, Options())
    assert [fault.pointer for fault in raised.value.faults] == [""]
    reading(monkeypatch, lambda: bytearray(MEMORY_BYTES // 4) and "read")
    assert bounded_import(Source.KERAS, tmp_path, Options()) == "read"
    assert bounded.resource.getrlimit(bounded.resource.RLIMIT_AS) == before


async def test_a_file_that_nests_deeper_than_is_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def deep() -> object:
        return deep()

    reading(monkeypatch, deep)
    with pytest.raises(NotUnderstood, match="nests deeper than is read"):
        bounded_import(Source.KERAS, tmp_path, Options())


async def test_with_simulate_the_answer_has_the_report_and_its_headers(seen: list[Any]) -> None:
    async with client_of(Settings()) as client:
        spec = made().model_dump(mode="json", exclude_none=True)["specification"]
        first = await client.post(f"{PATH}?simulate=true", json=KERAS)
        again = await client.post(f"{PATH}?simulate=true", json=KERAS)
        alone = await client.post("/v1/simulations", json=spec)
        kept = await client.get(first.headers["location"])
    assert first.status_code == 200, first.text
    without = {name: value for name, value in first.json().items() if name != "report"}
    assert without == made().model_dump(mode="json", exclude_none=True)
    assert first.json()["report"] == alone.json() == kept.json() == again.json()["report"]
    assert first.headers["location"] == f"/v1/simulations/{alone.json()['digest']}"
    assert first.headers["cache-status"].startswith("gradient-verdict; fwd=miss")
    assert again.headers["cache-status"] == "gradient-verdict; hit"


def imported_over(url: str, source: str, content: bytes, **query: str) -> httpx.Response:
    headers = {"Content-Type": BINARY}
    return httpx.post(f"{url}/v1/imports/{source}", params=query, content=content, headers=headers)


def test_a_running_service_imports_judges_and_refuses(service_url: str) -> None:
    content = json.dumps(KERAS).encode()
    answer = imported_over(service_url, "keras", content, simulate="true")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert [layer["name"] for layer in found["specification"]["network"]["layers"]] == ["hidden", "digit"]
    report = httpx.post(f"{service_url}/v1/simulations", json=found["specification"]).json()
    assert found["report"]["digest"] == report["digest"]
    assert httpx.get(f"{service_url}{answer.headers['location']}").json()["digest"] == report["digest"]
    strange = json.dumps(KERAS).replace('"Dense"', '"Mine"').encode()
    problem = assert_problem(imported_over(service_url, "keras", strange), 422, "not-understood")
    assert len(problem["errors"]) == 2
    assert_problem(imported_over(service_url, "keras", b'{"class_name": '), 400, "malformed-json")


HARMFUL = [
    "lambda with code",
    "huge units",
    "ladder",
    "nested objects",
    "zip bomb",
    "a pickle",
    "hdf5 of quotes",
    "nothing",
]


def test_a_running_service_refuses_harmful_files_and_goes_on(service_url: str) -> None:
    for name, content in MADE["keras"]():
        if name in HARMFUL:
            answer = imported_over(service_url, "keras", content, simulate="true")
            assert answer.status_code in (400, 422), (name, answer.text)
            assert_problem(answer, answer.status_code, answer.json()["code"])
    assert imported_over(service_url, "keras", json.dumps(KERAS).encode()).status_code == 200
