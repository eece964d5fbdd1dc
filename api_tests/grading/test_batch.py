"""A class is graded as each of its sheets would be alone, to the byte."""

import csv
import json
from io import StringIO
from typing import Any

import pytest
from pydantic import ValidationError

from api_tests.grading.judging import Json, Simulate, never
from service.charts.tables import csv_line
from service.core.errors import BudgetExceeded
from service.grading.batch import BatchRequest, BatchSpec, GradedSubmission, Submission, grade_batch
from service.grading.formats import FORMATS
from service.grading.grade import grade
from service.grading.spec import MOST_CLAIMS, GradingSpec, Rubric
from service.simulation.results import SimulationReport
from service.simulation.simulate import simulate as simulated
from service.simulation.spec import SimulationSpec
from service.studies.evaluation import ChunkResult

NETWORK: Json = {"network": {"features": 1, "layers": [{"kind": "dense", "units": 1}]}}
CLAIMS: list[Json] = [
    {"id": "x", "kind": "expression", "expected": "z*tanh(z)", "points": 2},
    {"id": "n", "kind": "number", "expected": 1.5},
    {"id": "c", "kind": "choice", "choices": ["a", "b"], "expected": ["a"]},
    {"id": "t", "kind": "text_keywords", "ideas": [["depth"]]},
    {"id": "b", "kind": "bound", "activation": {"kind": "tanh"}},
]
RUBRIC = Rubric.model_validate({"id": "course", "claims": CLAIMS})
SHEETS: dict[str, Json] = {
    "all right": {"x": "tanh(z)*z", "n": 1.5, "c": ["a"], "t": "depth", "b": "0 <= f'(z) <= 1"},
    "nothing": {},
    "a line\nbroken\r\nand \u2028 again": {"x": "z\n+\u2028", "n": "1.5\n", "t": "no\nidea\n"},
    "half a character": {"x": "z+\ud800", "n": "\udfff", "c": ["\ud800"], "t": "depth \ud800", "\ud800": "\udfff"},
    "nonsense": {"x": {"a": []}, "n": [[None]], "c": 5, "t": False, "b": "0 <= f'(z) <= 1e400"},
    "large": {"n": 10**25, "x": "9" * 400},
    'Zoë "Ž" 木': {"n": -0.0, "x": "z·tanh z"},
    "=1+1": {"n": 1},
}


def request(sheets: Json, rubric: Rubric = RUBRIC) -> BatchRequest:
    submissions = [Submission(id=name, answers=answers) for name, answers in sheets.items()]
    return BatchRequest(rubric=rubric, submissions=submissions)


def of_class(sheets: Json, simulate: Simulate = never, rubric: Rubric = RUBRIC) -> ChunkResult:
    """The gradings, from a request that was written and read again as a job does it."""
    read = BatchRequest.model_validate_json(request(sheets, rubric).encoded())
    numbered = [(number, one.model_dump_json().encode()) for number, one in enumerate(read.submissions)]
    return grade_batch(read.rubric, numbered, simulate)


def test_every_sheet_has_the_grading_that_it_has_alone() -> None:
    found = of_class(SHEETS)
    assert found.failed == 0
    for number, (name, answers) in enumerate(SHEETS.items()):
        alone = FORMATS["native"].write(grade(GradingSpec(rubric=RUBRIC, answers=answers), never))
        expected = f'{{"kind":"grading","index":{number},"id":{json.dumps(name, ensure_ascii=False)},"grading":'
        assert found.lines[number].decode() == f'{expected}{alone},"error":null}}'
        assert b"\n" not in found.lines[number]


def test_a_network_is_asked_for_once_for_all_sheets() -> None:
    asked = []

    def simulate(spec: SimulationSpec) -> SimulationReport:
        asked.append(spec)
        return simulated(spec)

    claims = [{"id": name, "kind": "verdict", "simulation": NETWORK} for name in ("v", "w")]
    rubric = Rubric.model_validate({"id": "course", "claims": claims})
    found = of_class({str(number): {"v": "stable", "w": "dead"} for number in range(3)}, simulate, rubric)
    assert found.failed == 0
    assert len(asked) == 1
    assert len({line.partition(b'"grading":')[2] for line in found.lines}) == 1


def test_what_one_sheet_fails_in_harms_no_other() -> None:
    claims = [*CLAIMS[1:3], {"id": "v", "kind": "verdict", "simulation": NETWORK}]
    rubric = Rubric.model_validate({"id": "course", "claims": claims})
    refusals = iter([BudgetExceeded("Too much.", pointer="/network"), KeyError("a secret")])

    def simulate(_spec: Any) -> Any:
        raise next(refusals)

    sheets = {"a": {"v": "stable"}, "b": {"n": 1.5}, "c": {"v": "stable"}}
    found = of_class(sheets, simulate, rubric)
    items = [GradedSubmission.model_validate_json(line) for line in found.lines]
    assert found.failed == 2
    assert [item.grading is None for item in items] == [True, False, True]
    assert [item.error and item.error.code for item in items] == ["budget-exceeded", None, "internal-error"]
    assert "a secret" in found.defects[0]
    assert b"a secret" not in b"".join(found.lines)


def test_a_request_is_the_same_where_rubric_and_sheets_are() -> None:
    encoded = request(SHEETS).encoded()
    assert encoded == request(dict(SHEETS)).encoded()
    assert encoded != request({**SHEETS, "one": {}}).encoded()
    assert BatchRequest.rubric_of(encoded) == RUBRIC


WRONG: dict[str, tuple[Any, str]] = {
    "no sheets": ([], "too_short"),
    "no id": ([{"id": "", "answers": {}}], "string_too_short"),
    "a long id": ([{"id": "a" * 201, "answers": {}}], "string_too_long"),
    "half a character": ([{"id": "\ud800", "answers": {}}], "string_unicode"),
    "an id twice": ([{"id": "a", "answers": {}}] * 2, "id_twice"),
    "too many sheets": ([{"id": str(number), "answers": {}} for number in range(10_001)], "too_long"),
    "infinity": ([{"id": "a", "answers": {"n": float("inf")}}], "finite_number"),
    "a list": ([{"id": "a", "answers": []}], "dict_type"),
    "something else": ([{"id": "a", "answers": {}, "name": "b"}], "extra_forbidden"),
}


@pytest.mark.parametrize(("submissions", "kind"), WRONG.values(), ids=WRONG)
def test_sheets_that_are_none_are_refused(submissions: Any, kind: str) -> None:
    with pytest.raises(ValidationError) as raised:
        BatchSpec.model_validate({"submissions": submissions})
    assert raised.value.errors()[0]["type"] == kind


def test_ten_thousand_sheets_are_taken() -> None:
    sheets = [{"id": str(number), "answers": {}} for number in range(10_000)]
    assert len(BatchSpec.model_validate({"submissions": sheets}).submissions) == 10_000


@pytest.mark.parametrize("count", [2 * MOST_CLAIMS, 2 * MOST_CLAIMS + 1])
def test_a_sheet_has_as_many_answers_as_one_that_is_graded_alone(count: int) -> None:
    answers = {f"a{number}": number for number in range(count)}

    def taken(model: Any, **fields: Any) -> bool:
        try:
            return bool(model.model_validate({"answers": answers, **fields}))
        except ValidationError:
            return False

    assert taken(Submission, id="a") is taken(GradingSpec, rubric=RUBRIC) is (count <= 2 * MOST_CLAIMS)


def test_the_table_has_a_row_for_every_sheet_and_a_cell_for_every_name() -> None:
    graded_sheets = [GradedSubmission.model_validate_json(line) for line in of_class(SHEETS).lines]
    error = {"code": "worker-failed", "detail": "It died.", "pointer": None}
    failed = {"index": 8, "id": "-8", "kind": "grading", "grading": None, "error": error}
    names = GradedSubmission.columns(RUBRIC)
    lines = [one.cells(len(names)) for one in [*graded_sheets, GradedSubmission.model_validate(failed)]]
    text = b"".join(map(csv_line, [names, *lines])).decode()
    read = list(csv.reader(StringIO(text, newline="")))
    assert {len(cells) for cells in read} == {len(names)} == {len(set(names))}
    rows = [dict(zip(names, cells, strict=True)) for cells in read[1:]]
    assert rows[0]["id"] == "all right"
    assert (rows[0]["score"], rows[0]["max_score"], rows[0]["x_points"], rows[0]["x_status"]) == (
        "6.0", "6.0", "2.0", "correct"
    )  # fmt: skip
    assert [one["id"] for one in rows[2:3] + rows[7:]] == ["a line\nbroken\r\nand \u2028 again", "'=1+1", "'-8"]
    assert (rows[8]["error_code"], rows[8]["error_detail"]) == ("worker-failed", "It died.")
    assert {rows[8][name] for name in names[2:-2]} == {""}
