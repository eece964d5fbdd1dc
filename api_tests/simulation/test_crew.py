"""Work that is shared among helper processes: the same results, whatever becomes of a helper."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from api_tests.networks import Json, stack
from api_tests.worker.processes import children, eventually, exists
from service.simulation import crew
from service.simulation import simulate as simulation
from service.simulation.crew import spread
from service.simulation.memory import keep_freed_memory
from service.simulation.simulate import simulate
from service.spec import SimulationSpec

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

PARENT = os.getpid()


def located(share: int) -> tuple[int, int]:
    return share, os.getpid()


def fragile(share: int) -> tuple[int, int]:
    if os.getpid() != PARENT:
        os.kill(os.getpid(), signal.SIGKILL)
    return located(share)


def failing_elsewhere(share: int) -> tuple[int, int]:
    if os.getpid() != PARENT:
        raise MemoryError
    return located(share)


def failing(share: int) -> int:
    raise ValueError(share)


def memory_hungry(share: int) -> tuple[int, int]:
    keep_freed_memory()
    size = sum(len(bytearray(1 << 20)) for _ in [[bytearray(1 << 20) for _ in range(100)]])
    return size, os.getpid()


def test_every_share_is_done_once_and_each_but_the_first_elsewhere() -> None:
    found = spread(located, [0, 1, 2])
    assert [share for share, _ in found] == [0, 1, 2]
    assert found[0][1] == PARENT
    assert len({process for _, process in found}) == 3


def test_helpers_stay_for_the_next_time() -> None:
    first, second = ({process for _, process in spread(located, [0, 1, 2])} for _ in range(2))
    assert first == second


@pytest.mark.parametrize("unable", [fragile, failing_elsewhere])
def test_what_a_helper_could_not_do_is_done_here_and_the_next_one_is_sound(
    unable: Callable[[int], tuple[int, int]],
) -> None:
    assert spread(unable, [0, 1]) == [(0, PARENT), (1, PARENT)]
    assert spread(located, [0, 1])[1][1] != PARENT


def test_a_helper_that_died_while_it_had_nothing_to_do_is_replaced() -> None:
    _, (_, helper) = spread(located, [0, 1])
    os.kill(helper, signal.SIGKILL)
    assert eventually(lambda: not exists(helper), 5)
    assert [share for share, _ in spread(located, [0, 1])] == [0, 1]
    assert spread(located, [0, 1])[1][1] not in (PARENT, helper)


def test_a_failure_is_raised_and_no_helper_is_left_at_work() -> None:
    with pytest.raises(ValueError, match="0"):
        spread(failing, [0, 1, 2])
    before = children()
    assert {process for _, process in spread(located, [0, 1, 2])} - {PARENT} <= children()
    assert len(children()) <= max(len(before), 2)


def test_an_idle_helper_gives_its_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def resident() -> int:
        return int(Path(f"/proc/{helper}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    monkeypatch.setattr(crew, "_IDLE_SECONDS", 0.2)
    others = {process for _, process in spread(located, [0, 1, 2])}
    (helper,) = {process for _, process in spread(memory_hungry, [0, 1, 2, 3])} - others
    busy = resident()
    assert eventually(lambda: resident() < busy - (80 << 20), 5)


def test_a_helper_holds_nothing_of_its_parent_open() -> None:
    _, (_, helper) = spread(located, [0, 1])
    held = {int(path.name) for path in Path(f"/proc/{helper}/fd").iterdir()}
    assert len(held - {2}) == 1


@pytest.mark.parametrize("processes", [2, 3, 8])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("units", "trials"), [(9, 21), (3, 150)])
def test_the_number_of_processes_does_not_change_a_byte(
    processes: int, precision: str, units: int, trials: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "_WORTH_A_HELPER", 1.0)
    body: Json = {
        "network": stack(4, units, "tanh"),
        "trials": trials,
        "precision": precision,
        "include": ["histograms"],
    }
    spec = SimulationSpec.model_validate(body)
    alone, shared = (simulate(spec, count).model_dump(exclude={"elapsed_seconds"}) for count in (1, processes))
    assert shared == alone
