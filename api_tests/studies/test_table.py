"""The table of a sweep: a row for each point below a row of names, as RFC 4180 has it."""

import csv
from io import StringIO

from api_tests.studies.sweeping import evaluated, given, grid
from service.charts.tables import csv_line
from service.studies.points import SweepPoint
from service.studies.sweep import SweepSpec

SWEPT = grid(
    given("depth", 2, "many", 3),
    given("activation", "tanh", {"kind": "elu", "alpha": 2}),
    given("sign", True, None, 'a "b",\r\nc', pointer="/data/targets"),
)


def table(spec: SweepSpec, points: list[SweepPoint]) -> list[list[str]]:
    text = b"".join([csv_line(spec.columns()), *(csv_line(point.cells()) for point in points)]).decode()
    assert text.endswith("\r\n")
    return list(csv.reader(StringIO(text, newline="")))


def test_every_row_has_a_cell_for_every_name_and_what_the_point_says() -> None:
    points = evaluated(SWEPT)
    names, *rows = table(SWEPT.spec, points)
    assert names[:4] == ["index", "depth", "activation", "sign"]
    assert len(set(names)) == len(names)
    assert {len(cells) for cells in rows} == {len(names)}
    for point, cells in zip(points, rows, strict=True):
        found = dict(zip(names, cells, strict=True))
        assert (found["index"], found["digest"]) == (str(point.index), point.digest or "")
        assert found["error_code"] == (point.error.code if point.error else "")
        if point.verdict is not None:
            assert found["label"] == point.verdict.label
            assert float(found["depth_ratio_median"]) == point.verdict.depth_ratio.median
            assert float(found["end_to_end_ratio_p95"]) == point.verdict.end_to_end_ratio.p95
            assert (found["cause"] or None) == point.verdict.cause


def test_values_are_told_as_they_are_and_objects_as_json() -> None:
    cells = [cells[1:4] for cells in table(SWEPT.spec, evaluated(SWEPT))[1:7]]
    assert cells[1] == ["2", "tanh", ""]
    assert cells[3] == ["2", '{"kind": "elu", "alpha": 2}', "True"]
    assert cells[5] == ["2", '{"kind": "elu", "alpha": 2}', 'a "b",\r\nc']


def test_a_text_that_a_spreadsheet_would_run_is_told_to_be_a_text() -> None:
    texts = ["=1+1", "+1", "-1", "@sum(a)", "\tx", "a=1", "", "1"]
    assert csv_line([*texts, -1, -0.5, None]) == b"'=1+1,'+1,'-1,'@sum(a),'\tx,a=1,,1,-1,-0.5,\r\n"
