"""What the pages say of the service is what the service has, and nothing is left out."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.docs.pages import PAGES, ROOT, name_of, text_of
from service.core.kinds import members
from service.core.settings import Settings
from service.grading.claims.base import Claim
from service.grading.spec import Rubric
from service.http import problems
from service.main import create_app
from service.nn.layers import Node
from service.nn.policies import Policy
from service.nn.presets import PRESETS
from service.simulation.layer_results import LayerShape, LayerStatistics
from service.simulation.results import Verdict
from service.simulation.vocabulary import Cause, Flag, Label

DOCS = ROOT / "docs"
EVERYTHING = "\n".join(text_of(page) for page in DOCS.glob("*.md"))
LONGEST_README = 90
_IN_BACKTICKS = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"\.?[\w-]+(?:/[\w.-]+)*/?(?:\.\w+)?")
MADE = {".venv", ".tools", "artefacts"}
"""Folders that `make` makes."""


def rows(page: str) -> dict[str, str]:
    """The rows of the tables of a page: what its first column says in backticks, and the rest."""
    found = [line.split("|", 2)[1:] for line in text_of(DOCS / page).splitlines() if line.startswith("| `")]
    return {name: rest for first, rest in found for name in _IN_BACKTICKS.findall(first)}


@cache
def document() -> Any:
    """The OpenAPI document, made of the code."""
    return create_app().openapi()


def names_of(schema: str) -> set[str]:
    """The names that a schema of the document lists."""
    return set(document()["components"]["schemas"][schema]["enum"])


def routes() -> set[str]:
    """Every operation, as a page names it."""
    return {f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods}


def test_every_setting_is_in_the_table_with_its_default() -> None:
    found = {name: rest for name, rest in rows("operating.md").items() if name.isupper()}
    shown = {name.removeprefix("GRADIENT_VERDICT_"): value for name, value in Settings().environment().items()}
    assert found.keys() == shown.keys()
    for name, value in Settings.model_fields.items():
        said = found[name.upper()].split("|")[0].strip()
        if said.replace(".", "").replace("e", "").isdigit():
            assert float(said) == value.default, name


def test_every_kind_of_claim_has_a_row() -> None:
    assert {one.kind_name() for one in members(Claim)} <= rows("course-staff.md").keys()


def test_every_field_of_a_rubric_is_explained() -> None:
    named = set(re.findall(r"[a-z_]+", " ".join(_IN_BACKTICKS.findall(text_of(DOCS / "course-staff.md")))))
    fields = {name for model in (Rubric, *members(Claim)) for name in model.model_fields}
    assert fields - named == set()


def test_every_grading_format_has_a_row() -> None:
    assert names_of("FormatName") <= rows("course-staff.md").keys()


def test_every_chart_has_a_row() -> None:
    assert names_of("ChartName") <= rows("engineers.md").keys()


@pytest.mark.parametrize("name", ["reference", "findings"])
def test_pages_that_are_made_of_the_code_are_what_it_says(name: str) -> None:
    done = subprocess.run(
        [sys.executable, DOCS / f"write_{name}.py"], capture_output=True, check=True, text=True, encoding="utf-8"
    )
    assert done.stdout == text_of(DOCS / f"{name}.md"), f"python docs/write_{name}.py > docs/{name}.md"


def test_every_kind_of_layer_and_every_preset_is_in_the_reference() -> None:
    headings = set(re.findall(r"^## `(\w+)`$", text_of(DOCS / "reference.md"), re.MULTILINE))
    assert headings == {one.kind_name() for one in members(Node)}
    assert PRESETS.keys() <= rows("reference.md").keys()


def test_every_route_is_somewhere() -> None:
    assert {route for route in routes() if route.partition(" ")[2] not in EVERYTHING} == set()


def test_routes_that_are_named_exist() -> None:
    named = re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`\s?]*)", "\n".join(map(text_of, PAGES)))
    assert set(named) - routes() == set()


def test_every_word_of_a_verdict_is_defined() -> None:
    defined = rows("judging.md")
    words = {str(word) for family in (Label, Cause, Flag) for word in family} | {
        one.kind_name() for one in members(Policy)
    }
    first_columns = set(_IN_BACKTICKS.findall("\n".join(f"`{name}`" for name in defined)))
    causes = set(re.findall(r"^\| (?:`\w+`)? ?\| `(\w+)` \|", text_of(DOCS / "judging.md"), re.MULTILINE))
    assert words <= first_columns | causes


def test_the_bands_of_policies_are_those_of_the_code() -> None:
    for policy in members(Policy):
        made = policy.model_validate({"kind": policy.kind_name()})
        said = [float(cell.replace("−", "-")) for cell in rows("judging.md")[policy.kind_name()].strip("| ").split("|")]
        bands = [made.vanishing_mild, made.vanishing_severe, made.exploding_mild, made.exploding_severe]
        assert said == [*bands, made.time_vanishing_mild, made.time_vanishing_severe]


def test_every_number_of_a_report_is_defined() -> None:
    named = set(_IN_BACKTICKS.findall(text_of(DOCS / "judging.md")))
    measured = LayerStatistics.model_fields.keys() - LayerShape.model_fields.keys()
    assert (measured | Verdict.model_fields.keys()) - named == set()


def test_metrics_that_are_named_are_counted(service_url: str) -> None:
    counted = httpx.get(f"{service_url}/metrics", timeout=60).text
    named = {name for name in rows("operating.md") if name.startswith("gradient_verdict_")}
    types = set(re.findall(r"^# TYPE (gradient_verdict_\w+) ", counted, re.MULTILINE))
    assert named == types


def test_operators_are_told_what_to_do_about_every_code_that_is_not_the_body_s_fault() -> None:
    codes = {
        code for kind, status in problems.STATUSES.items()
        if status in (408, 413, 421, 429) or status >= 500
        if (code := getattr(kind, "code", "refused")) not in ("unserved-submission", "not-implemented", "refused")
    } | {"internal-error"}  # fmt: skip
    assert codes - rows("operating.md").keys() == set()


def test_operators_are_told_what_to_do_about_every_alert() -> None:
    alerts = re.findall(r"alert: (\w+)", (ROOT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8"))
    assert set(alerts) == {name for name in rows("operating.md") if name.startswith("GradientVerdict")}


def test_the_profile_of_stanh_begins_as_the_page_quotes_it(service_url: str) -> None:
    quoted = re.findall(r"^> (.*)$", text_of(DOCS / "engineers.md"), re.MULTILINE)
    body = {"activation": {"kind": "stanh"}}
    answer = httpx.post(f"{service_url}/v1/activations/profile", json=body, timeout=60)
    assert quoted
    assert answer.json()["summary"].startswith(" ".join(quoted))


def test_every_extension_that_is_tried_is_an_example() -> None:
    tried = {f"api_tests/house/{folder.parent.name}" for folder in (ROOT / "api_tests" / "house").glob("*/proof.py")}
    assert tried <= set(_IN_BACKTICKS.findall(text_of(DOCS / "extending.md")))


def test_every_room_has_a_row() -> None:
    rooms = {f"service/{folder.parent.name}/" for folder in (ROOT / "service").glob("*/__init__.py")}
    assert rooms == rows("house.md").keys()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_that_are_named_exist(page: Path) -> None:
    named = {one for one in _IN_BACKTICKS.findall(text_of(page)) if _PATH.fullmatch(one) and "/" in one}
    roots = {path.name for path in ROOT.iterdir()} - MADE
    missing = [one for one in sorted(named) if one.split("/")[0] in roots and not (ROOT / one).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_targets_that_are_named_exist(page: Path) -> None:
    makefile = text_of(ROOT / "Makefile")
    for target in re.findall(r"`make ([a-z-]+)", text_of(page)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_readme_is_a_page() -> None:
    assert len(text_of(ROOT / "README.md").splitlines()) <= LONGEST_README


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_words_that_a_reader_stumbles_over_are_not_used(page: Path) -> None:
    stumbling = r"\b(whoever|nobody|becomes of|of one's own)\b"
    assert re.findall(stumbling, text_of(page), re.IGNORECASE) == []
