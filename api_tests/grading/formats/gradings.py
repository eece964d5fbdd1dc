"""What the tests of the formats share: arbitrary gradings with hostile strings, strict JSON, and the tags of HTML."""

import json
from html.parser import HTMLParser
from typing import Any

from hypothesis import strategies as st

from service.grading.results import Check, CheckStatus, Counterexample, Grading, GradingStatus, Method

SECRET = "zqxj secret"
"""Stands in what the student must not see."""

HOSTILE = [
    "</div><script>alert(1)</script>",
    "<img src=x onerror='alert(1)'>",
    "]]>",
    "<!-- --> <![CDATA[ & &lt; &#0; &unknown;",
    '"quotes\' and \\backslashes\\"',
    "a:b",
    "é:ü ratio 1:2 {score: 3}",
    "one\ntwo\r\nthree\u2028four\x85five\x0bsix",
    "NUL \x00 and escapes \x1b[31mred\x1b[0m \x9b31m",
    "not characters \ufffe \uffff \ufdd0",
    "lone \ud800 and \udfff surrogates",
    "\u202eesrever",
    "{{feedback}} %s %h $(x) ${x} \\(x\\)",
    "\x00",
    "",
]
TITLES = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=()), max_size=40))
IDS = st.text("abyzAZ019_", min_size=1, max_size=64)
POINTS = st.one_of(st.sampled_from([0.0, 0.1, 1.0, 2.5, 1e6]), st.floats(0, 1e6))
SHARE_OF_STATUS = {CheckStatus.CORRECT: st.just(1.0), CheckStatus.PARTIAL: st.floats(0, 1)}
PLACES = st.builds(Counterexample, z=st.floats(-9, 9), yours=st.none() | st.floats(-9, 9), expected=st.none())


@st.composite
def checks(draw: st.DrawFn, identifier: str) -> Check:
    """A judged claim, whatever it says."""
    status = draw(st.sampled_from(CheckStatus))
    most = draw(POINTS)
    return Check(
        id=identifier,
        kind="expression",
        title=draw(TITLES),
        status=status,
        points=most * draw(SHARE_OF_STATUS.get(status, st.just(0.0))),
        max_points=most,
        code=draw(st.sampled_from(["equivalent", "different", "syntax"])),
        message=draw(TITLES),
        parsed_latex=draw(st.none() | TITLES),
        method=draw(st.none() | st.sampled_from(Method)),
        counterexample=draw(st.none() | PLACES),
        position=draw(st.none() | st.integers(1, 512)),
        needs_review=status is CheckStatus.UNDECIDED or (status is CheckStatus.INVALID and draw(st.booleans())),
        evidence=[],
        hidden=draw(st.booleans()),
    )


def graded(found: list[Check]) -> Grading:
    """The grading of which `found` are the checks."""
    score, most = sum(check.points for check in found), sum(check.max_points for check in found)
    review = any(check.needs_review for check in found)
    return Grading(
        rubric="course_2",
        score=score,
        max_score=most,
        fraction=min(1.0, score / most) if most else 1.0,
        status=GradingStatus.NEEDS_REVIEW if review else GradingStatus.GRADED,
        checks=found,
        service_version="0.0.0",
    )


@st.composite
def gradings(draw: st.DrawFn) -> Grading:
    """A grading, whatever it says."""
    return graded([draw(checks(identifier)) for identifier in draw(st.lists(IDS, max_size=4, unique=True))])


def check(status: CheckStatus = CheckStatus.CORRECT, **fields: Any) -> Check:
    """A check of two points, all of them given where it is correct."""
    points = 2.0 if status is CheckStatus.CORRECT else 1.0 if status is CheckStatus.PARTIAL else 0.0
    known = {
        "id": "d1",
        "kind": "expression",
        "title": "Derivative",
        "status": status,
        "points": points,
        "max_points": 2.0,
        "code": "equivalent",
        "message": "As expected.",
        "parsed_latex": None,
        "method": None,
        "counterexample": None,
        "position": None,
        "needs_review": status in (CheckStatus.UNDECIDED, CheckStatus.INVALID),
        "evidence": [],
        "hidden": False,
    }
    return Check.model_validate({**known, **fields})


def with_secrets(grading: Grading) -> Grading:
    """`grading` with SECRET in everything that a hidden check says."""
    said = {"title": f"{SECRET} title", "message": f"{SECRET} message", "parsed_latex": SECRET, "code": SECRET}
    found = [check.model_copy(update=said) if check.hidden else check for check in grading.checks]
    return grading.model_copy(update={"checks": found})


def strict_json(text: str) -> Any:
    """The value that `text` states; ValueError for NaN, infinities, and a name that is given twice."""
    return json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError([name for name, _ in pairs])
    return dict(pairs)


def strings_in(value: Any) -> list[str]:
    """Every string inside `value`, names of fields among them."""
    if isinstance(value, str):
        return [value]
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for item in inner for text in strings_in(item)]


class Tags(HTMLParser):
    """Collects the tags, comments and declarations of a piece of HTML as a browser would find them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(f"{tag} {attrs}" if attrs else tag)

    def handle_comment(self, data: str) -> None:
        self.found.append("!comment")

    def handle_decl(self, decl: str) -> None:
        self.found.append("!declaration")

    def unknown_decl(self, data: str) -> None:
        self.found.append("!declaration")

    def handle_pi(self, data: str) -> None:
        self.found.append("?instruction")
