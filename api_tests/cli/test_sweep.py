"""`python -m service sweep` at a terminal and in a pipeline: the lines of a job, without a server."""

import csv
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, TypeVar

import pytest
from rich.console import Console

from api_tests.cli.test_terminal import ROOT, command, written
from api_tests.processes.processes import eventually
from api_tests.studies.sweeping import BASE, Counting, given, grid, spaced
from service.__main__ import main
from service.charts.tables import csv_line
from service.cli import sweep
from service.cli.sweep import SweepRun
from service.cli.sweep_results import HeatMap, SweepResults
from service.core.errors import DeadlineExceeded, WorkerFailed
from service.core.settings import Settings
from service.jobs.work.sweep import SweepWork
from service.processes.pool import PoolLimits
from service.studies.evaluation import ChunkResult, evaluate
from service.studies.points import SweepPoint
from service.studies.sweep import Grid

T = TypeVar("T")

PHASES = [spaced("weight_variance", 0.25, 4, 3, scale="log"), given("depth", 2, "many", 3)]
"""Nine points, three of which are no networks."""
SWEEP = {"base": BASE, "axes": PHASES}


def lines_of(swept: Grid) -> list[bytes]:
    return evaluate(swept, range(len(swept)), {}).lines


class Here:
    """Does in this process what worker processes would, and fails as they do where it is told to."""

    dies_at: frozenset[int] = frozenset()
    asked: list[range]

    def __init__(self, limits: PoolLimits, preload: Sequence[str]) -> None:
        type(self).asked = []

    async def start(self) -> None:
        """Nothing is to be started."""

    async def end(self) -> None:
        """Nothing is to be ended."""

    async def work(self, task: Callable[[], T], seconds: float) -> T:
        items: range = task.args[1]  # type: ignore[attr-defined]
        self.asked.append(items)
        if set(items) & self.dies_at:
            raise WorkerFailed("It died.") if min(self.dies_at) in items else DeadlineExceeded(1.0)
        return task()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> type[Here]:
    """All that is swept in this process."""
    monkeypatch.setattr(sweep, "ProcessPool", Here)
    monkeypatch.setattr(Here, "dies_at", frozenset())
    return Here


def test_points_are_those_of_a_job_to_the_byte(tmp_path: Path) -> None:
    swept = grid(*PHASES)
    table = tmp_path / "points.csv"
    ended = command("sweep", written(tmp_path, SWEEP), "--json", "--csv", str(table), "--workers", "1")
    assert (ended.returncode, ended.stderr) == (0, b"")
    lines = lines_of(swept)
    assert ended.stdout == b"".join(line + b"\n" for line in lines)
    rows = [csv_line(SweepPoint.model_validate_json(line).cells()) for line in lines]
    assert table.read_bytes() == b"".join([csv_line(swept.spec.columns()), *rows])


def test_the_table_may_be_the_standard_output(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], here: type[Here]
) -> None:
    assert main(["sweep", written(tmp_path, SWEEP), "--csv", "-"]) == 0
    rows = list(csv.reader(StringIO(capsysbinary.readouterr().out.decode(), newline="")))
    assert [cells[0] for cells in rows] == ["index", *map(str, range(9))]


def test_people_get_counts_errors_and_a_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], here: type[Here]
) -> None:
    axes = [spaced("weight_variance", 0.25, 4, 3, scale="log"), given("input_std", 1, 0.5, -1, 2)]
    assert main(["sweep", written(tmp_path, {**SWEEP, "axes": axes})]) == 0
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out
    assert printed.err == ""
    lines = printed.out.splitlines()
    assert lines[0].startswith("12 of 12 points in ")
    counts = [line.split("│") for line in lines if line.startswith("│")]
    assert sum(int(cells[2]) for cells in counts) == 12
    assert next(cells[2].strip() for cells in counts if "no result" in cells[1]) == "3"
    assert [line for line in lines if line.startswith("point ")] == [
        f"point {index} /data/inputs/std: The number must be at least 0." for index in (2, 6, 10)
    ]
    assert "weight_variance upwards (logarithmic)" in lines
    points = [SweepPoint.model_validate_json(line) for line in lines_of(grid(*axes))]
    for number, label in enumerate(("0.25", "1.0", "4")):
        signs = "".join(2 * HeatMap.sign(point.verdict) for point in points[4 * number : 4 * number + 4])
        assert f"{label.rjust(4).removesuffix('.0').rjust(4)} {signs}" in printed.out.replace("1.0 ", "  1 ")


@pytest.mark.parametrize("dies_at", [{4}, {0, 8}, set(range(9))])
def test_a_point_that_ends_its_process_is_an_error_alone(here: type[Here], dies_at: set[int]) -> None:
    here.dies_at = frozenset(dies_at)
    swept = grid(spaced("weight_variance", 0.25, 4, 3), given("depth", 1, 2, 3))
    found: dict[int, ChunkResult] = {}
    settings = Settings(workers=2)
    SweepRun(replace(SweepWork().accept(swept.spec, settings), chunk=5), settings).run(found.__setitem__)
    assert sorted(found) == [0, 5]
    lines = found[0].lines + found[5].lines
    failed = found[0].failed + found[5].failed
    undisturbed = lines_of(swept)
    for index, line in enumerate(lines):
        if index in dies_at:
            code = "worker-failed" if index == min(dies_at) else "deadline-exceeded"
            assert json.loads(line)["error"]["code"] == code
        else:
            assert line == undisturbed[index]
    assert failed == len(dies_at)


def test_results_are_written_in_their_order_however_they_come() -> None:
    swept = grid(spaced("weight_variance", 0.25, 4, 7))
    lines = evaluate(swept, range(7), {}, Counting()).lines
    table, text = BytesIO(), BytesIO()
    results = SweepResults(swept.spec, table, text)
    for start, end, reached in ((2, 4, 0), (0, 2, 4), (6, 7, 4)):
        results.take(start, ChunkResult(lines[start:end]))
        assert text.getvalue().splitlines() == lines[:reached]
    assert results.done == 5
    results.finish()
    assert text.getvalue().splitlines() == lines[:4] + lines[6:]
    assert len(table.getvalue().splitlines()) == 6


def test_a_map_of_many_points_shows_some_with_both_ends() -> None:
    swept = grid(spaced("weight_variance", 1, 2, 200), spaced("input_std", 1, 2, 500))
    seen = HeatMap.of(swept.spec)
    assert seen is not None
    assert (len(seen.rows), len(seen.columns)) == (24, 64)
    assert (seen.rows[0], seen.rows[-1], seen.columns[0], seen.columns[-1]) == (0, 199, 0, 499)
    text = StringIO()
    seen.show(Console(file=text, width=120, color_system="truecolor", force_terminal=True))
    assert len(text.getvalue().splitlines()) == 24 + 4


@pytest.mark.parametrize(
    "axes",
    [
        [given("depth", 1, 2)],
        [given("depth", 1, 2), given("activation", "tanh", "relu")],
        [given("depth", 1), given("width", 1, 2)],
        [given("depth", 1, 2), given("width", 1, 2), given("input_std", 1, 2)],
    ],
)
def test_there_is_a_map_of_two_axes_of_numbers_alone(axes: list[Any]) -> None:
    assert HeatMap.of(grid(*axes).spec) is None


REFUSED: dict[str, tuple[Any, str]] = {
    "no axes": ({"base": BASE, "axes": []}, "/axes: "),
    "a bad base": ({**SWEEP, "base": {**BASE, "trials": "many"}}, "/base/trials: "),
    "an axis without a place": ({"base": BASE, "axes": [given("dept", 1)]}, "/axes/0/name: "),
    "a value without a place": ({"base": BASE, "axes": [given("depth", 1, 0)]}, "/axes/0/values/1: "),
    "a field given twice": (b'{"base": {"seed": 1, "seed": 1}}', "/base: "),
    "no JSON": (b"{", ""),
}


@pytest.mark.parametrize(("body", "start"), REFUSED.values(), ids=REFUSED)
def test_a_refused_sweep_ends_with_status_2_and_the_pointer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], here: type[Here], body: Any, start: str
) -> None:
    table = tmp_path / "points.csv"
    assert main(["sweep", written(tmp_path, body), "--csv", str(table)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(start)
    assert len(printed.err) > len(start) + 10
    assert not table.exists()


@pytest.mark.parametrize("place", ["/dev/full", "/nowhere/at/all.csv"])
def test_a_table_that_cannot_be_written_is_told_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], here: type[Here], place: str
) -> None:
    many = {"base": BASE, "axes": [spaced("seed", 0, 99, 100, pointer="/seed")]}
    assert main(["sweep", written(tmp_path, many), "--csv", place]) == 2
    assert capsys.readouterr().err.startswith(f"{place}: ")


@pytest.mark.parametrize("arguments", [["--json", "--csv", "-"], ["--workers", "0"], ["--workers", "many"]])
def test_arguments_that_make_no_sense_end_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    try:
        status: Any = main(["sweep", written(tmp_path, SWEEP), *arguments])
    except SystemExit as ending:
        status = ending.code
    assert status == 2
    assert capsys.readouterr().err


def test_ctrl_c_ends_at_once_with_what_was_found_so_far(tmp_path: Path) -> None:
    table = tmp_path / "points.csv"
    many = {"base": {**BASE, "trials": 200}, "axes": [spaced("seed", 0, 49_999, 50_000, pointer="/seed")]}
    master, slave = pty.openpty()
    line = [sys.executable, "-m", "service", "sweep", written(tmp_path, many), "--csv", str(table), "--workers", "1"]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=slave, start_new_session=True)
    os.close(slave)
    seen = b""
    while not table.exists() or table.read_bytes().count(b"\n") < 2:  # it redraws its bar ten times a second
        seen += os.read(master, 10_000)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    out, _ = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == 130
    assert b"/50000" in seen
    assert b"points, left:" in seen
    found = int(out.decode().split()[0])
    assert out.decode().startswith(f"{found} of 50000 points in ")
    rows = list(csv.reader(StringIO(table.read_text(), newline="")))
    assert [cells[0] for cells in rows[1:]] == list(map(str, range(found)))
    assert {len(cells) for cells in rows} == {len(rows[0])}
    assert found > 0
    assert eventually(lambda: not _group(process.pid), 60), "no process is left behind"


def test_what_a_shell_has_put_into_the_background_does_not_hear_ctrl_c(tmp_path: Path) -> None:
    sweep = [sys.executable, "-m", "service", "sweep", str(tmp_path / "none")]
    line = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *sweep]
    with subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True) as process:
        while not _ignores_interrupts(process.pid):
            time.sleep(0.01)
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.01)
    assert process.returncode == 2  # as without: there is no such file


def _ignores_interrupts(process: int) -> bool:
    ignored = re.search(r"^SigIgn:\s*(\w+)$", Path(f"/proc/{process}/status").read_text(), re.M)
    return ignored is not None and bool(int(ignored[1], 16) & 1 << signal.SIGINT - 1)


def _group(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
