"""Work that is shared among helper processes: the same results, whatever becomes of a helper."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer

import pytest

from api_tests.networks import Json, stack
from api_tests.processes.processes import children, eventually, exists
from service.processes import fork_map as module
from service.processes.fork_map import fork_map
from service.simulation import measure
from service.simulation.simulate import simulate
from service.simulation.spec import SimulationSpec

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

PARENT = os.getpid()
FORMULA: Json = {"kind": "expression", "formula": "z tanh(b z)", "parameters": {"b": 0.5}}
NETWORKS: dict[str, tuple[Json, int]] = {
    "tanh": (stack(4, 9), 21),
    "along the trials": (stack(4, 3), 150),
    "a formula": (stack(3, 5, FORMULA, {"kind": "explicit", "values": [[0.1 * i - 0.2] * 5 for i in range(5)]}), 30),
    "overflowing": (stack(6, 4, "selu", {"kind": "normal", "std": 1e13}), 16),
}
"""Networks, and how many trials of each."""


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


def dying_in_the_middle_of_a_word(share: int) -> bytes:
    if os.getpid() != PARENT:
        Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return bytes(8 << 20)  # more than a pipe holds
    time.sleep(0.5)
    return b"here"


@pytest.fixture(autouse=True)
def nobody_idle() -> Iterator[None]:
    while module._idle:
        module._idle.pop().end()
    yield
    while module._idle:
        module._idle.pop().end()


def test_every_share_is_done_once_and_each_but_the_first_elsewhere() -> None:
    found = fork_map(located, [0, 1, 2])
    assert [share for share, _ in found] == [0, 1, 2]
    assert found[0][1] == PARENT
    assert len({process for _, process in found}) == 3


def test_helpers_stay_for_the_next_time() -> None:
    first, second = ({process for _, process in fork_map(located, [0, 1, 2])} for _ in range(2))
    assert first == second


@pytest.mark.parametrize("unable", [fragile, failing_elsewhere])
def test_what_a_helper_could_not_do_is_done_here_and_the_next_one_is_sound(
    unable: Callable[[int], tuple[int, int]],
) -> None:
    assert fork_map(unable, [0, 1]) == [(0, PARENT), (1, PARENT)]
    assert fork_map(located, [0, 1])[1][1] != PARENT


def test_a_helper_that_died_while_it_had_nothing_to_do_is_replaced() -> None:
    _, (_, helper) = fork_map(located, [0, 1])
    os.kill(helper, signal.SIGKILL)
    assert eventually(lambda: not exists(helper), 5)
    assert [share for share, _ in fork_map(located, [0, 1])] == [0, 1]
    assert fork_map(located, [0, 1])[1][1] not in (PARENT, helper)


def test_a_failure_is_raised_and_no_helper_is_left_at_work() -> None:
    before = children()
    with pytest.raises(ValueError, match="0"):
        fork_map(failing, [0, 1, 2])
    assert children() == before
    assert module._idle == []


def test_a_helper_that_dies_while_it_answers_is_done_without() -> None:
    assert fork_map(dying_in_the_middle_of_a_word, [0, 1]) == [b"here", b"here"]


def test_where_no_process_can_be_started_all_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", refused)
    assert fork_map(located, [0, 1, 2]) == [(0, PARENT), (1, PARENT), (2, PARENT)]


def test_a_helper_that_has_nothing_to_do_ends_and_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_IDLE_SECONDS", 0.1)
    _, (_, helper) = fork_map(located, [0, 1])
    assert eventually(lambda: not exists(helper), 5)
    _, (_, other) = fork_map(located, [0, 1])
    assert other not in (PARENT, helper)


def test_a_helper_holds_nothing_of_its_parent_open() -> None:
    _, (_, helper) = fork_map(located, [0, 1])
    held = {int(path.name) for path in Path(f"/proc/{helper}/fd").iterdir()}
    assert len(held - {2}) == 1


@pytest.mark.parametrize("processes", [2, 3, 8])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("units", "trials"), [(9, 21), (3, 150)])
def test_the_number_of_processes_does_not_change_a_byte(
    processes: int, precision: str, units: int, trials: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "_WORTH_A_HELPER", 1.0)
    body: Json = {
        "network": stack(4, units, "tanh"),
        "trials": trials,
        "precision": precision,
        "include": ["histograms"],
    }
    spec = SimulationSpec.model_validate(body)
    alone, shared = (simulate(spec, count).model_dump(exclude={"elapsed_seconds"}) for count in (1, processes))
    assert shared == alone
    assert len(module._idle) == processes - 1, "a helper failed, and its share was done here"
