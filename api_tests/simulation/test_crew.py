"""Work that is shared among forked processes: the same results, whatever becomes of a process."""

import os
import signal

import pytest

from api_tests.networks import Json, stack
from api_tests.worker.processes import children
from service.simulation import simulate as simulation
from service.simulation.crew import spread
from service.simulation.simulate import simulate
from service.spec import SimulationSpec

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")

PARENT = os.getpid()


def test_every_share_is_done_once_and_each_but_the_first_elsewhere() -> None:
    found = spread(lambda share: (share, os.getpid()), 3)
    assert [share for share, _ in found] == [0, 1, 2]
    assert found[0][1] == os.getpid()
    assert len({process for _, process in found}) == 3


def test_what_a_process_that_dies_has_not_done_is_done_here() -> None:
    def fragile(share: int) -> int:
        if os.getpid() != PARENT:
            os.kill(os.getpid(), signal.SIGKILL)
        return share

    assert spread(fragile, 2) == [0, 1]


def test_a_failure_is_raised_and_no_process_is_left() -> None:
    def failing(share: int) -> int:
        raise ValueError(share)

    before = children()
    with pytest.raises(ValueError, match="0"):
        spread(failing, 2)
    assert children() == before


@pytest.mark.parametrize("processes", [2, 3, 8])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_number_of_processes_does_not_change_a_byte(
    processes: int, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "_WORTH_A_PROCESS", 1.0)
    body: Json = {"network": stack(4, 9, "tanh"), "trials": 21, "precision": precision, "include": ["histograms"]}
    spec = SimulationSpec.model_validate(body)
    alone, shared = (simulate(spec, count).model_dump(exclude={"elapsed_seconds"}) for count in (1, processes))
    assert shared == alone
