"""The gate in front of a release: breaking changes are caught, and let through where the version says so."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openapi import check

Json = dict[str, Any]

pytestmark = pytest.mark.skipif(not check.installed(), reason="Redocly is not installed; `make check` installs it")

DOCUMENT: Json = json.loads(check.DOCUMENTS[0].read_text(encoding="utf-8"))


def a_new_required_input(schemas: Json, paths: Json) -> None:
    schemas["SimulationSpec"]["required"].append("seed")


def an_answer_loses_a_field(schemas: Json, paths: Json) -> None:
    del schemas["Verdict"]["properties"]["cause"]
    schemas["Verdict"]["required"].remove("cause")


def a_field_of_an_answer_may_be_left_out(schemas: Json, paths: Json) -> None:
    schemas["Verdict"]["required"].remove("label")


def an_operation_is_gone(schemas: Json, paths: Json) -> None:
    del paths["/v1/estimates"]


def a_limit_is_lowered(schemas: Json, paths: Json) -> None:
    schemas["SimulationSpec"]["properties"]["trials"]["maximum"] = 10


def a_type_is_another(schemas: Json, paths: Json) -> None:
    schemas["Spread"]["properties"]["count"] = {"type": "string", "description": "How many."}


def a_choice_is_no_longer_there(schemas: Json, paths: Json) -> None:
    schemas["Precision"]["enum"].remove("float32")


BREAKS = [
    a_new_required_input,
    an_answer_loses_a_field,
    a_field_of_an_answer_may_be_left_out,
    an_operation_is_gone,
    a_limit_is_lowered,
    a_type_is_another,
    a_choice_is_no_longer_there,
]


def changed(change: Callable[[Json, Json], None], directory: Path, version: str = "") -> Path:
    document = json.loads(json.dumps(DOCUMENT))
    change(document["components"]["schemas"], document["paths"])
    document["info"]["version"] = version or document["info"]["version"]
    path = directory / "changed.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("change", BREAKS, ids=lambda change: change.__name__)
def test_a_breaking_change_is_caught(change: Callable[[Json, Json], None], tmp_path: Path) -> None:
    assert "major" in check.breaking_changes(check.DOCUMENTS[0], changed(change, tmp_path))


def test_a_version_that_says_so_lets_it_through(tmp_path: Path) -> None:
    major, minor, _ = map(int, DOCUMENT["info"]["version"].split("."))
    said = f"{major + 1}.0.0" if major else f"0.{minor + 1}.0"
    assert check.breaking_changes(check.DOCUMENTS[0], changed(an_operation_is_gone, tmp_path, said)) == ""


def test_an_addition_needs_nothing(tmp_path: Path) -> None:
    def add(schemas: Json, paths: Json) -> None:
        schemas["Version"]["properties"]["name"] = {"type": "string", "description": "A name."}

    assert check.breaking_changes(check.DOCUMENTS[0], changed(add, tmp_path)) == ""


def test_a_document_without_descriptions_has_a_lower_score(tmp_path: Path) -> None:
    def strip(schemas: Json, paths: Json) -> None:
        for schema in schemas.values():
            schema.pop("description", None)
            for field in schema.get("properties", {}).values():
                field.pop("description", None)

    assert "score" in check.score(changed(strip, tmp_path))


def test_an_example_that_does_not_fit_its_schema_is_lint(tmp_path: Path) -> None:
    def misfit(schemas: Json, paths: Json) -> None:
        paths["/v1/version"]["get"]["responses"]["200"]["content"]["application/json"]["example"] = {"version": 1}

    assert "example" in check.lint(changed(misfit, tmp_path))
    assert check.lint(*check.DOCUMENTS) == ""
