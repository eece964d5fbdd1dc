"""A rubric → a folder for a platform, packed: the programs of `examples/` with this rubric in them."""

import json
from enum import StrEnum
from html import escape
from io import BytesIO
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from service.grading.claims import Claim
from service.grading.spec import Rubric

_HERE = Path(__file__).resolve().parent
_INSTALLED, _EXAMPLES = _HERE / "folders", _HERE.parents[1] / "examples"
"""Where an installed service has the programs, and where this repository has them."""
_PROGRAM, _FILE = 0o100755 << 16, 0o100644 << 16
_PLACEHOLDERS = {
    "expression": "tanh(z) + z*sech(z)^2",
    "bound": "|f'(z)| <= 1.5",
    "number": "1.2",
    "verdict": "dead, exploding, vanishing or stable",
    "change": "more, less or equally",
    "ranking": "a = b, c: with a tie of a and b",
}


class PackageFormat(StrEnum):
    """The platforms that a folder can be made for."""

    GRADESCOPE = "gradescope"
    PRAIRIELEARN = "prairielearn"


def package(rubric: Rubric, wanted: PackageFormat, address: str) -> bytes:
    """The folder as a ZIP, the same bytes for the same rubric; `address` is where the platform finds the service."""
    files = _MADE[wanted](rubric, address)
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = ZipInfo(name)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = _PROGRAM if text.startswith("#!") else _FILE
            archive.writestr(entry, text)
    return packed.getvalue()


def _gradescope(rubric: Rubric, address: str) -> dict[str, str]:
    """The autograder as it is uploaded, with a sheet for students to fill in."""
    names = ("README.md", "setup.sh", "run_autograder")
    sheet = _json({claim.id: "" for claim in rubric.claims})
    files = {"rubric.json": _written(rubric), "service_url": f"{address}\n", "for_students/answers.json": sheet}
    return {**{name: _program("gradescope", name) for name in names}, **files}


def _prairielearn(rubric: Rubric, address: str) -> dict[str, str]:
    """A question in a folder of its own name, below the course's `questions`."""
    info = {
        "uuid": str(uuid5(NAMESPACE_URL, rubric.model_dump_json())),
        "title": rubric.title or rubric.id,
        "topic": "Vanishing and exploding gradients",
        "type": "v3",
        "gradingMethod": "Internal",
        "partialCredit": True,
        "singleVariant": True,
    }
    server = _program("prairielearn", "server.py").replace('"http://127.0.0.1:8000"', json.dumps(address))
    files = {"info.json": _json(info), "question.html": _question(rubric), "server.py": server}
    return {f"{rubric.id}/{name}": text for name, text in {**files, "rubric.json": _written(rubric)}.items()}


_MADE = {PackageFormat.GRADESCOPE: _gradescope, PackageFormat.PRAIRIELEARN: _prairielearn}


def _program(folder: str, name: str) -> str:
    home = _INSTALLED if _INSTALLED.is_dir() else _EXAMPLES
    return (home / folder / name).read_text(encoding="utf-8")


def _question(rubric: Rubric) -> str:
    """A field for every claim, and what the service says of the answer."""
    fields = "\n".join(map(_field, rubric.claims))
    says = "\n".join(
        f"    {{{{#feedback.{one.id}}}}}<li>{one.id}: {{{{{{feedback.{one.id}}}}}}}</li>{{{{/feedback.{one.id}}}}}"
        for one in rubric.claims
    )
    return f"""<pl-question-panel>
  <p>{_text(rubric.title)} Formulas are of z, plain or in LaTeX.</p>
</pl-question-panel>

{fields}

<pl-submission-panel>
  {{{{#format_errors.service}}}}<p>{{{{{{format_errors.service}}}}}}</p>{{{{/format_errors.service}}}}
  <ul>
{says}
  </ul>
</pl-submission-panel>
"""


def _field(claim: Claim) -> str:
    hint = _text(_PLACEHOLDERS.get(claim.kind_name(), ""))
    given = f'answers-name="{claim.id}" label="({claim.id})" placeholder="{hint}"'
    return f"""<p>{_text(claim.title or claim.id)}</p>
<pl-string-input {given} remove-spaces="false" size="60"></pl-string-input>"""


def _text(words: str) -> str:
    """As HTML, in which Mustache finds nothing to fill in."""
    return escape(words).replace("{", "&#123;")


def _written(rubric: Rubric) -> str:
    return _json(rubric.model_dump(mode="json", exclude_unset=True))


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
