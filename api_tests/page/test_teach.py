"""What a teacher does: choose an activation, edit what is asked, grade three sheets, and take a folder along."""

import csv
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from playwright.sync_api import expect

from api_tests.page.conftest import OpenTeaching
from api_tests.page.teaching import FORMULA, SHEETS

ROOT = Path(__file__).resolve().parents[2]


def marks_of(folder: Path, page_sheets: dict[str, dict[str, str]], tmp_path: Path) -> dict[str, Any]:
    """What the command line says of the same answers, by the rubric in the folder."""
    found = {}
    for name, answers in page_sheets.items():
        ranking = [
            [item.strip() for item in group.split("=")] for group in answers.get("ranking", "").split(",") if group
        ]
        read = {**answers, "ranking": ranking} if ranking else answers
        (tmp_path / f"{name}.json").write_text(json.dumps(read), encoding="utf-8")
        line = [sys.executable, "-m", "service", "grade", str(folder / "rubric.json"), str(tmp_path / f"{name}.json")]
        done = subprocess.run([*line, "--json"], cwd=ROOT, capture_output=True, timeout=120, check=True)
        found[name] = json.loads(done.stdout)
    return found


def test_from_nothing_to_a_graded_folder_of_three_answers_without_json(teach: OpenTeaching, tmp_path: Path) -> None:
    page = teach()
    page.propose(FORMULA)
    expect(page.page.locator("#understood")).to_contain_text("atan(z) + z/(1 + z^2)")
    page.page.locator("#points-derivative").fill("3.5")
    page.page.get_by_label("Ask for: A number that |φ'(z)| never exceeds", exact=False).uncheck()
    sheets = {
        name: {one: text for one, text in answers.items() if one != "abs_derivative_upper"}
        for name, answers in SHEETS.items()
    }
    page.fill_in(sheets)
    page.grade()
    marks = page.page.locator("#marks")
    expect(marks.get_by_role("columnheader")).to_have_text(["Asked", "Ada", "Ben", "Cleo"])
    page.page.locator("#address").fill("https://grading.example.edu")
    download = page.downloaded("Gradescope folder (ZIP)")
    assert download.suggested_filename == "about_expression_gradescope.zip"
    with ZipFile(download.path()) as archive:
        archive.extractall(tmp_path / "folder")
    assert (tmp_path / "folder" / "service_url").read_text(encoding="utf-8").strip() == "https://grading.example.edu"
    graded = marks_of(tmp_path / "folder", sheets, tmp_path)
    assert graded["Ada"]["score"] == graded["Ada"]["max_score"] == 10.5
    table = Path(page.downloaded("Marks (CSV)").path()).read_text(encoding="utf-8")
    for row in csv.DictReader(StringIO(table, newline="")):
        grading = graded[row["student"]]
        assert (float(row["score"]), row["status"]) == (grading["score"], grading["status"])
        assert {check["id"]: float(row[check["id"]]) for check in grading["checks"]} == {
            check["id"]: check["points"] for check in grading["checks"]
        }
    for place, grading in enumerate(graded.values()):
        page.page.locator("#students").get_by_role("button").nth(place).click()
        for check in grading["checks"]:
            expect(page.page.locator("#student")).to_contain_text(check["message"])
    rubric = json.loads(Path(page.downloaded("Rubric (JSON)").path()).read_text(encoding="utf-8"))
    assert rubric == json.loads((tmp_path / "folder" / "rubric.json").read_text(encoding="utf-8"))


def test_a_prairielearn_folder_has_the_same_rubric(teach: OpenTeaching) -> None:
    page = teach()
    page.button("Propose claims").click()
    download = page.downloaded("PrairieLearn folder (ZIP)")
    with ZipFile(download.path()) as archive:
        assert {"about_stanh/info.json", "about_stanh/question.html", "about_stanh/server.py"} < set(archive.namelist())
        rubric = json.loads(archive.read("about_stanh/rubric.json"))
    assert rubric == json.loads(Path(page.downloaded("Rubric (JSON)").path()).read_text(encoding="utf-8"))


def test_the_evidence_is_the_network_in_the_laboratory(teach: OpenTeaching) -> None:
    page = teach()
    page.propose(FORMULA)
    page.answer("two_layers", 0).fill("stable")
    page.grade()
    page.page.get_by_role("link", name="the network", exact=True).first.click()
    page.page.get_by_text("This network was not built here").wait_for()


def test_a_reload_loses_nothing(teach: OpenTeaching) -> None:
    page = teach()
    page.propose(FORMULA)
    page.page.locator("#points-deep").fill("2.25")
    page.page.get_by_label("Title of the sheet").fill("Sheet 7")
    page.fill_in(SHEETS)
    page.grade()
    shown = page.page.locator("#marks").inner_text()
    page.goto()
    expect(page.page.get_by_label("φ(z) =", exact=True)).to_have_value(FORMULA)
    expect(page.page.get_by_label("Title of the sheet")).to_have_value("Sheet 7")
    expect(page.page.locator("#points-deep")).to_have_value("2.25")
    expect(page.answer("derivative", 1)).to_have_value(SHEETS["Ben"]["derivative"])
    assert page.page.locator("#marks").inner_text() == shown
    page.button("Forget this sheet").click()
    expect(page.page.locator("#claims-step")).to_be_hidden()


def test_what_is_refused_stands_at_its_field(teach: OpenTeaching) -> None:
    page = teach()
    page.page.get_by_label("Activation", exact=True).select_option("expression")
    page.page.get_by_label("φ(z) =", exact=True).fill("z*tahn(z)")
    page.button("Propose claims").click()
    expect(page.page.locator("#propose-refusal")).to_contain_text("tanh")
    page.propose(FORMULA)
    expect(page.page.locator("#propose-refusal")).to_be_hidden()
    page.page.get_by_label("Ask for: The derivative", exact=False).uncheck()
    page.page.locator("#points-deep").fill("-3")
    page.answer("deep", 0).fill("exploding")
    page.button("Grade").click()
    refusal = page.page.locator("[data-complaint='/claims/deep/points']")
    expect(refusal).to_contain_text("at least 0")
    expect(page.page.locator("#points-deep")).to_have_attribute("aria-invalid", "true")
    page.page.locator("#points-deep").fill("3")
    page.grade()
    expect(refusal).to_be_hidden()
    page.page.locator("#address").fill("grading.example.edu")
    page.button("Gradescope folder (ZIP)").click()
    expect(page.page.locator("#take-refusal")).not_to_be_empty()


def test_marks_of_other_answers_are_said_to_be(teach: OpenTeaching) -> None:
    page = teach()
    page.propose(FORMULA)
    page.answer("deep", 0).fill("exploding")
    page.grade()
    expect(page.page.locator("#marks-old")).to_be_hidden()
    page.answer("deep", 0).fill("stable")
    expect(page.page.locator("#marks-old")).to_be_visible()
    page.answer("deep", 0).fill("exploding")
    expect(page.page.locator("#marks-old")).to_be_hidden()


PASTE = """([id, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
  document.getElementById(id).dispatchEvent(event);
}"""


def test_a_table_of_a_spreadsheet_is_pasted_into_the_cells(teach: OpenTeaching) -> None:
    page = teach()
    page.propose(FORMULA)
    page.page.evaluate(PASTE, ["answer-two_layers-1", 'stable\tdead\tover\r\n"explo""ding"\t\r\n'])
    expect(page.answer("two_layers", 1)).to_have_value("stable")
    expect(page.answer("two_layers", 2)).to_have_value("dead")
    expect(page.answer("deep", 1)).to_have_value('explo"ding')
    expect(page.answer("linear_output", 1)).to_have_value("")


def test_the_solutions_get_all_points_and_names_are_text(teach: OpenTeaching) -> None:
    page = teach()
    page.button("Propose claims").click()
    page.button("Fill the first sheet with the solutions").click()
    page.page.get_by_label("Name of student 1").fill('=1+1 "<b>x</b>"')
    page.grade()
    expect(page.page.locator("#marks tfoot td")).to_have_text("10 of 10")
    table = Path(page.downloaded("Marks (CSV)").path()).read_text(encoding="utf-8")
    (row,) = csv.DictReader(StringIO(table, newline=""))
    assert row["student"] == '\'=1+1 "<b>x</b>"'


def test_the_laboratory_and_the_page_lead_to_each_other(teach: OpenTeaching) -> None:
    page = teach()
    page.page.get_by_role("link", name="Laboratory").click()
    page.page.get_by_role("link", name="For teachers").click()
    expect(page.page.get_by_role("heading", name="The activation")).to_be_visible()
