"""How long a class takes: 2,000 answer sheets of the course's rubric, graded as a job grades them: `make bench-jobs`.

No two sheets are alike: formulas, numbers, matrices and choices of the three sheets in examples/course are varied, so
that nothing is remembered from one student to the next. Some are graded alone, too, and have to come out the same.
"""

import json
import random
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

import anyio  # noqa: E402 - NumPy comes after the thread limit

from service.core.settings import Settings  # noqa: E402
from service.grading.batch import BatchRequest  # noqa: E402
from service.grading.formats import FORMATS  # noqa: E402
from service.grading.grade import grade  # noqa: E402
from service.grading.rubrics import plans_of  # noqa: E402
from service.grading.spec import GradingSpec, Rubric  # noqa: E402
from service.jobs.work.base import JobCache, JobContext, PreparedJob  # noqa: E402
from service.jobs.work.gradings import GradingsWork  # noqa: E402
from service.processes.pool import PoolLimits, ProcessPool  # noqa: E402
from service.simulation.estimate import Limits  # noqa: E402
from service.simulation.plan import plan  # noqa: E402
from service.simulation.simulate import simulate_plan  # noqa: E402
from service.store.stores import NullStore  # noqa: E402

COURSE = ROOT / "examples" / "course"
SHEETS, PROCESSES, COMPARED, BAR_SECONDS = 2000, 2, 50, 20.0
WORDS = ("vanishing", "exploding", "stable", "more", "less", "equally")
_FORMULA = re.compile(r"[=^*/(\\]")

Change = Callable[[random.Random, str], str]


def _number_changed(chance: random.Random, text: str) -> str:
    """A number in it gets other digits behind those it has."""
    return re.sub(r"\d+\.\d+", lambda found: f"{found.group()}{chance.randrange(10**4)}", text, count=1)


def _letter_lost(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text))
    return text[:place] + text[place + 1 :]


def _rewritten(chance: random.Random, text: str) -> str:
    number = chance.randrange(2, 10**4)
    return f"{number}*({text})/{number}"


def _shifted(chance: random.Random, text: str) -> str:
    return f"{text} + {chance.randrange(1, 10**4)}/10^{chance.randrange(1, 9)}"


def _scaled(chance: random.Random, text: str) -> str:
    return f"{chance.uniform(0.5, 2.0):.4f}*({text})"


FORMULAS: tuple[Change, ...] = (_number_changed, _letter_lost, _rewritten, _rewritten, _rewritten, _shifted, _scaled)
BOUNDS: tuple[Change, ...] = (_number_changed, _number_changed, _letter_lost)


def varied(answer: Any, chance: random.Random) -> Any:
    """Another answer of the same form."""
    if isinstance(answer, int | float):
        return answer * (1.0 + chance.choice([1e-6, 1e-3, 0.3]) * chance.uniform(-1.0, 1.0))
    if isinstance(answer, list) and all(isinstance(one, str) for one in answer):
        return chance.sample(answer, chance.randint(1, len(answer)))
    if isinstance(answer, dict):
        return {key: varied(value, chance) for key, value in answer.items()}
    return [varied(one, chance) for one in answer] if isinstance(answer, list) else _text_varied(answer, chance)


def _text_varied(text: str, chance: random.Random) -> str:
    if text in WORDS:
        return chance.choice(WORDS[:3] if text in WORDS[:3] else WORDS[3:])
    if not _FORMULA.search(text):
        return f"{text} {chance.randrange(10**6)}" if text else text
    return chance.choice(BOUNDS if "f'" in text else FORMULAS)(chance, text)


def a_class(count: int, seed: int = 0) -> BatchRequest:
    """So many answer sheets to the course's rubric, with the rubric."""
    chance = random.Random(seed)
    given = [json.loads(path.read_bytes()) for path in sorted(COURSE.glob("answers_*.json"))]
    submissions = []
    for number in range(count):
        sheet = chance.choice(given)
        answers = {name: varied(answer, chance) for name, answer in sheet.items() if chance.random() > 0.02}
        submissions.append({"id": f"student {number}", "answers": answers})
    rubric = json.loads((COURSE / "rubric.json").read_bytes())
    return BatchRequest.model_validate({"rubric": rubric, "submissions": submissions})


async def graded(request: BatchRequest, context: JobContext, chunk: int) -> tuple[list[bytes], float]:
    """The lines of all gradings, as a job works on them, and the seconds this took once the processes were there."""
    work, encoded, total = GradingsWork(), request.encoded(), len(request.submissions)
    await context.pool.start()
    started = perf_counter()
    loaded = work.load(encoded, await work.prepare(encoded, context))
    lines: dict[int, list[bytes]] = {}
    async with anyio.create_task_group() as tasks:
        for start in range(0, total, chunk):
            tasks.start_soon(_chunk, loaded, range(start, min(start + chunk, total)), context, lines)
    seconds = perf_counter() - started
    await context.pool.end()
    return [line for start in sorted(lines) for line in lines[start]], seconds


async def _chunk(loaded: PreparedJob, items: range, context: JobContext, lines: dict[int, list[bytes]]) -> None:
    lines[items.start] = (await GradingsWork().lines(loaded, items, context)).lines


def alone(rubric: Rubric, request: BatchRequest, numbers: range) -> dict[int, str]:
    """What POST /v1/gradings answers to some of the sheets; the evidence is simulated once."""
    reports = {made.digest: simulate_plan(made) for made in plans_of(rubric)}

    def graded_alone(number: int) -> str:
        spec = GradingSpec(rubric=rubric, answers=request.submissions[number].answers)
        return FORMATS["native"].write(grade(spec, lambda asked: reports[plan(asked).digest]))

    return {number: graded_alone(number) for number in numbers}


def main() -> int:
    """Measure, compare, and tell; the exit status."""
    request = a_class(int(sys.argv[1]) if len(sys.argv) > 1 else SHEETS)
    settings = Settings(workers=PROCESSES)
    limits = Limits.of(settings)
    context = JobContext(
        ProcessPool(PoolLimits.of(settings), ["service.grading.tasks"]),
        JobCache(None, NullStore()),
        limits,
        settings.job_deadline_seconds,
    )
    chunk = GradingsWork().accept(request, settings).chunk
    lines, seconds = anyio.run(partial(graded, request, context, chunk))
    total, used = len(lines), getrusage(RUSAGE_CHILDREN)
    busy = used.ru_utime + used.ru_stime  # with the start of the processes
    print(f"{total} sheets, {PROCESSES} processes: {seconds:.1f} s; {1e3 * busy / total:.1f} ms of a processor each")
    compared = alone(request.rubric, request, range(0, total, max(1, total // COMPARED)))
    differ = [number for number, text in compared.items() if f'"grading":{text},'.encode() not in lines[number]]
    scores = sorted(json.loads(line)["grading"]["score"] for line in lines)
    print(f"scores {scores[0]} … {scores[-1]}, {len(set(scores))} different; {len(compared)} graded alone, {differ=}")
    return int(bool(differ) or seconds > BAR_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
