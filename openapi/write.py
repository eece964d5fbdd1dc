"""Write the answers that stand in the OpenAPI document as examples; `make openapi` writes the document after them."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from fastapi.sse import format_sse_event  # noqa: E402 - the root is on the path only now

from service.processes.system import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

from service.charts.chart import ChartFormat, Theme  # noqa: E402
from service.charts.kinds.gradient import GradientChart  # noqa: E402
from service.charts.rendering import draw_report  # noqa: E402
from service.charts.sweep import draw_sweep  # noqa: E402
from service.charts.tables import csv_line, layers_csv  # noqa: E402
from service.charts.training import draw_training  # noqa: E402
from service.core.settings import Settings  # noqa: E402
from service.core.version import ENGINE_VERSION  # noqa: E402
from service.grading.answers import PreviewSpec, preview  # noqa: E402
from service.grading.batch import Assignment, BatchRequest, BatchSpec  # noqa: E402
from service.grading.formats import FORMATS  # noqa: E402
from service.grading.formats.lambda_feedback import LambdaRequest  # noqa: E402
from service.grading.formats.mu_ed import EvaluateHealth  # noqa: E402
from service.grading.formats.mu_ed_submission import EvaluateRequest  # noqa: E402
from service.grading.formats.xqueue import XQueue  # noqa: E402
from service.grading.grade import grade  # noqa: E402
from service.grading.proposals import activation_of, proposals  # noqa: E402
from service.grading.rubrics import rubric_report  # noqa: E402
from service.grading.spec import GradingSpec, Rubric  # noqa: E402
from service.http import examples  # noqa: E402 - NumPy comes after the thread limit
from service.http.routes.catalog import Catalog, get_catalog  # noqa: E402
from service.imports.base import Source  # noqa: E402
from service.imports.sources import imported  # noqa: E402
from service.jobs.job import Job, JobPage, JobStatus  # noqa: E402
from service.jobs.work.gradings import GradingsWork  # noqa: E402
from service.jobs.work.sweep import SweepWork  # noqa: E402
from service.simulation.estimate import Limits, estimate  # noqa: E402
from service.simulation.plan import plan  # noqa: E402
from service.simulation.results import Estimate, SimulationReport  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402
from service.simulation.spec import SimulationSpec  # noqa: E402
from service.store.listing import Cursor, ReportPage, ReportSummary  # noqa: E402
from service.studies.comparison import Comparison, ComparisonSpec, compared, plans_of  # noqa: E402
from service.studies.evaluation import evaluate  # noqa: E402
from service.studies.points import SweepPoint  # noqa: E402
from service.studies.prescriptions.results import Prescriptions  # noqa: E402
from service.studies.prescriptions.search import prescribe  # noqa: E402
from service.studies.sweep import Grid, SweepSpec  # noqa: E402
from service.studies.training import TrainingSpec  # noqa: E402
from service.studies.training_course import train  # noqa: E402
from service.theory.facts import ProfileSpec  # noqa: E402
from service.theory.profile import profile  # noqa: E402

EXAMPLES = Path(examples.__file__).parent
SECONDS = 0.004
"""Stands for the time a simulation took: the one number that is not the same twice."""
MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""Stands for the time a report was made."""
TAKEN = timedelta(seconds=0.5)
"""Stands for the time a job took."""


def answers() -> dict[str, Any]:
    """What the service answers to the first examples, by the name of the file it is kept in."""
    spec = SimulationSpec.model_validate(_first("specifications"))
    graded = GradingSpec.model_validate(_first("gradings"))
    previewed = PreviewSpec.model_validate(_first("previews"))
    evaluated = EvaluateRequest.model_validate(_first("evaluations"))
    asked_of_lambda = LambdaRequest.model_validate(_first("lambdas"))
    queued = XQueue.read(examples.example("queued").encode())
    report = {**simulate(spec).model_dump(mode="json"), "elapsed_seconds": SECONDS}
    return {
        "evaluation": json.loads(FORMATS["mu_ed"].write(grade(evaluated.grading_spec(), simulate))),
        "evaluate_health": EvaluateHealth().model_dump(mode="json"),
        "lambda": json.loads(FORMATS["lambda_feedback"].write(grade(asked_of_lambda.grading_spec(), simulate))),
        "reply": json.loads(FORMATS["xqueue"].write(grade(queued, simulate))),
        "grading": grade(graded, simulate).model_dump(mode="json"),
        "rubric": rubric_report(graded.rubric).model_dump(mode="json"),
        "proposals": proposals(activation_of("stanh"), simulate).model_dump(mode="json", exclude_unset=True),
        "preview": preview(previewed).model_dump(mode="json"),
        "report": report,
        "imported": imported(Source.KERAS, json.dumps(_first("models")).encode()).model_dump(
            mode="json", exclude_none=True
        ),
        "chart": json.loads(
            draw_report([SimulationReport.model_validate(report)], GradientChart.name, Theme.LIGHT, ChartFormat.JSON)
        ),
        "reports": _listed(report).model_dump(mode="json"),
        "profile": profile(ProfileSpec.model_validate(_first("activations"))).model_dump(mode="json"),
        "mended": _mended().model_dump(mode="json"),
        "compared": _compared().model_dump(mode="json"),
        "estimate": _estimated(spec).model_dump(mode="json"),
        "catalog": _beginning(get_catalog()).model_dump(mode="json"),
        "health": {"status": "ok"},
        **_answers_of_jobs(),
        **_answers_of_trainings(),
    }


def _estimated(spec: SimulationSpec) -> Estimate:
    settings = Settings()
    return estimate(plan(spec), Limits.of(settings))


def _mended() -> Prescriptions:
    """The changes that mend the first network."""
    return prescribe(SimulationSpec.model_validate(_first("prescriptions")), Limits.of(Settings()))


def _compared() -> Comparison:
    """The first comparison."""
    spec = ComparisonSpec.model_validate(_first("comparisons"))
    return compared([one.name for one in spec.networks], plans_of(spec, Limits.of(Settings()))).comparison


def _first(name: str) -> Any:
    """The first of the requests in the file of that name."""
    return next(iter(examples.example(name).values()))["value"]


def _answers_of_trainings() -> dict[str, Any]:
    """What comes of the first training, and its chart."""
    spec = TrainingSpec.model_validate(_first("trainings"))
    found = train(spec)
    lines = [rate.model_dump_json().encode() for rate in found.rates]
    chart = draw_training(spec.model_dump_json().encode(), lines, Theme.LIGHT, ChartFormat.JSON)
    return {
        "training": {**found.model_dump(mode="json"), "elapsed_seconds": SECONDS},
        "training_chart": _head(json.loads(chart)),
    }


def _answers_of_jobs() -> dict[str, Any]:
    """The first sweep and the first class from their acceptance on."""
    sweep = SweepSpec.model_validate(_first("sweeps"))
    batch = BatchSpec.model_validate(_first("batches"))
    rubric = Rubric.model_validate(_first("gradings")["rubric"])
    gradings = GradingsWork().accept(BatchRequest(rubric=rubric, submissions=batch.submissions), Settings())
    lines = evaluate(Grid(sweep), range(sweep.total), {}).lines
    point = json.loads(lines[0])
    accepted = _job(SweepWork.kind, sweep.digest(), sweep.total)
    ended = _job(SweepWork.kind, sweep.digest(), sweep.total, done=sweep.total)
    grading = _job(gradings.kind, gradings.digest, gradings.total)
    return {
        "sweep_job": accepted.model_dump(mode="json"),
        "job": ended.model_dump(mode="json"),
        "jobs": JobPage(items=[ended], next_cursor=Cursor(MADE, ended.id).write()).model_dump(mode="json"),
        "gradings_job": grading.model_dump(mode="json"),
        "results": {"items": [point], "next_cursor": "1"},
        "result": point,
        "sweep_chart": _head(
            json.loads(draw_sweep(sweep.model_dump_json().encode(), lines, Theme.LIGHT, ChartFormat.JSON))
        ),
        "assignment": Assignment(id="sheet_2", rubric=rubric, created_at=MADE, updated_at=MADE).model_dump(mode="json"),
    }


def _head(chart: dict[str, Any]) -> dict[str, Any]:
    """What a chart says of itself: the whole would drown the document, and `get_simulation_chart` has one."""
    return {name: chart[name] for name in ("$schema", "description", "title")}


def _job(kind: str, digest: str, total: int, done: int = 0) -> Job:
    """A job at its beginning, or at its end where all of it is done."""
    status = JobStatus.SUCCEEDED if done == total else JobStatus.QUEUED
    started, ended = (MADE, MADE + TAKEN) if done else (None, None)
    head = {"id": digest[:32], "kind": kind, "digest": digest, "engine_version": ENGINE_VERSION, "status": status}
    times = {"created_at": MADE, "started_at": started, "ended_at": ended, "estimated_seconds": TAKEN.total_seconds()}
    return Job.of(SimpleNamespace(**head, **times, total=total, done=done, failed=0, fault=None))


def _listed(report: dict[str, Any]) -> ReportPage:
    """A page of the list of reports with `report` alone on it, and others behind."""
    times = {"created_at": MADE, "last_used_at": MADE, "pinned": False}
    shown = {"digest": report["digest"], "report_bytes": len(json.dumps(_rounded(report))), **times}
    item = ReportSummary.model_validate({**shown, **ReportSummary.fields_in(json.dumps(report).encode())})
    return ReportPage(items=[item], next_cursor=Cursor(MADE, item.digest).write())


def _beginning(whole: Catalog) -> Catalog:
    """The first two kinds of the first family, a preset, a cell, and two charts: the whole would drown the document."""
    family = whole.families[0]
    kinds = family.model_copy(update={"kinds": family.kinds[:2]})
    preset = whole.presets[-1].model_copy(update={"fills": whole.presets[-1].fills[:2]})
    return Catalog(
        families=[kinds], presets=[preset], cells=whole.cells[:1], charts=whole.charts[:2], findings=whole.findings[:2]
    )


def _rounded(node: Any) -> Any:
    """`node` with its fractions in four digits: an example is read by people, and no two processors round alike."""
    if isinstance(node, dict):
        return {key: _rounded(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_rounded(item) for item in node]
    return float(f"{node:.4g}") if isinstance(node, float) else node


def main() -> None:
    """Write all files."""
    rounded = _rounded(answers())
    for name, answer in rounded.items():
        text = json.dumps(answer, indent=1, ensure_ascii=False) + "\n"
        (EXAMPLES / f"{name}.json").write_text(text, encoding="utf-8")
    table = layers_csv(SimulationReport.model_validate(rounded["report"]))
    (EXAMPLES / "layers.csv").write_text(table, encoding="utf-8", newline="")
    (EXAMPLES / "results.csv").write_bytes(_table(rounded["result"]))
    (EXAMPLES / "events.txt").write_text(_events(rounded["sweep_job"], rounded["job"]), encoding="utf-8")


def _table(point: dict[str, Any]) -> bytes:
    """The beginning of the table of a sweep."""
    sweep = SweepSpec.model_validate(_first("sweeps"))
    return csv_line(sweep.columns()) + csv_line(SweepPoint.model_validate(point).cells())


def _events(*jobs: dict[str, Any]) -> str:
    """What is told of a job at its beginning and at its end."""
    told = zip(("progress", "end"), (Job.model_validate(job) for job in jobs), strict=True)
    lines = [(name, job.model_dump_json(), str(job.progress.done)) for name, job in told]
    return "".join(format_sse_event(event=name, data_str=data, id=done).decode() for name, data, done in lines)


if __name__ == "__main__":
    main()
