"""Write the answers that stand in the OpenAPI document as examples; `make openapi` writes the document after them."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.worker.threads import single_blas_thread  # noqa: E402 - the root is on the path only now

single_blas_thread()

from service.catalog import Catalog, catalog  # noqa: E402 - NumPy comes after the thread limit
from service.charts.chart import specification  # noqa: E402
from service.charts.names import ChartName, Theme  # noqa: E402
from service.grading.adapters.lambda_feedback import LambdaRequest  # noqa: E402
from service.grading.adapters.mu_ed import EvaluateHealth, EvaluateRequest  # noqa: E402
from service.grading.adapters.xqueue import grading_spec_of  # noqa: E402
from service.grading.formats import FORMATS  # noqa: E402
from service.grading.grade import grade  # noqa: E402
from service.grading.preview import preview  # noqa: E402
from service.grading.rubrics import rubric_report  # noqa: E402
from service.grading.spec import GradingSpec, PreviewSpec  # noqa: E402
from service.http import examples  # noqa: E402
from service.profile.profile import profile  # noqa: E402
from service.profile.spec import ProfileSpec  # noqa: E402
from service.results import SimulationReport  # noqa: E402
from service.settings import Settings  # noqa: E402
from service.simulation.simulate import simulate  # noqa: E402
from service.spec import SimulationSpec  # noqa: E402
from service.store.head import Head  # noqa: E402
from service.store.listing import Cursor, ReportPage, ReportSummary  # noqa: E402
from service.tables import layers_csv  # noqa: E402
from service.worker.worker import Worker  # noqa: E402

EXAMPLES = Path(examples.__file__).parent
SECONDS = 0.004
"""Stands for the time a simulation took: the one number that is not the same twice."""
MADE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""Stands for the time a report was made."""


def answers() -> dict[str, Any]:
    """What the service answers to the first examples, by the name of the file it is kept in."""
    first = next(iter(examples.SPECIFICATIONS.values()))
    spec = SimulationSpec.model_validate(first.get("value"))
    asked = next(iter(examples.ACTIVATIONS.values()))
    graded = GradingSpec.model_validate(next(iter(examples.GRADINGS.values())).get("value"))
    previewed = PreviewSpec.model_validate(next(iter(examples.PREVIEWS.values())).get("value"))
    evaluated = EvaluateRequest.model_validate(next(iter(examples.EVALUATIONS.values())).get("value"))
    asked_of_lambda = LambdaRequest.model_validate(next(iter(examples.LAMBDAS.values())).get("value"))
    queued = grading_spec_of(examples.QUEUED["content"]["text/plain"]["example"].encode())
    report = {**simulate(spec).model_dump(mode="json"), "elapsed_seconds": SECONDS}
    return {
        "evaluation": json.loads(FORMATS["mu_ed"].write(grade(evaluated.grading_spec(), simulate))),
        "evaluate_health": EvaluateHealth().model_dump(mode="json"),
        "lambda": json.loads(FORMATS["lambda_feedback"].write(grade(asked_of_lambda.grading_spec(), simulate))),
        "reply": json.loads(FORMATS["xqueue"].write(grade(queued, simulate))),
        "grading": grade(graded, simulate).model_dump(mode="json"),
        "rubric": rubric_report(graded.rubric).model_dump(mode="json"),
        "preview": preview(previewed).model_dump(mode="json"),
        "report": report,
        "chart": specification([SimulationReport.model_validate(report)], ChartName.GRADIENT, Theme.LIGHT),
        "reports": _listed(report).model_dump(mode="json"),
        "profile": profile(ProfileSpec.model_validate(asked.get("value"))).model_dump(mode="json"),
        "estimate": Worker(Settings()).estimate(spec).model_dump(mode="json"),
        "catalog": _beginning(catalog()).model_dump(mode="json"),
        "health": {"status": "ok"},
    }


def _listed(report: dict[str, Any]) -> ReportPage:
    """A page of the list of reports with `report` alone on it, and others behind."""
    times = {"created_at": MADE, "last_used_at": MADE, "pinned": False}
    shown = {"digest": report["digest"], "report_bytes": len(json.dumps(_rounded(report))), **times}
    item = ReportSummary.model_validate({**shown, **Head.model_validate(report).columns()})
    return ReportPage(items=[item], next_cursor=Cursor(MADE, item.digest).write())


def _beginning(whole: Catalog) -> Catalog:
    """The first two kinds of the first family: the whole would drown the document."""
    family = whole.families[0]
    return Catalog(families=[family.model_copy(update={"kinds": family.kinds[:2]})])


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


if __name__ == "__main__":
    main()
