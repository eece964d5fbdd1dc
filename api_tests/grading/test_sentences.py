"""What a student reads, word for word."""

from typing import Any

import pytest

from api_tests.grading.judging import Json, answering, flaws, judged
from api_tests.grading.networks_for_claims import saying, spread, variant

STANH: Json = {"kind": "expression", "derivative_of": {"kind": "stanh"}}
CHOICE: Json = {"kind": "choice", "choices": ["a", "b"], "expected": ["a"]}
RANKING: Json = {"kind": "ranking", "expected": [["a"], ["b"]]}
TEXT: Json = {"kind": "text_keywords", "ideas": [["vanish"], ["slope"]]}
AT = " At z = 0.3 yours is {}, correct is 0.566."


def of(expected: str, **fields: Any) -> Json:
    return {"kind": "expression", "expected": expected, **fields}


SENTENCES: list[tuple[Json, Any, str]] = [
    (of("1-tanh(z)^2"), "sech(z)^2", "Correct. Your formula is the expected one; this is proven."),
    (
        of("sin(2z)"),
        "2sin(z)cos(z)",
        "Correct. Your formula agrees with the expected one to 40 digits at every point where they were compared.",
    ),
    (
        of("abs(sin(z))"),
        "sqrt(sin(z)^2)",
        "No difference was found, but your formula could not be proven to be the expected one.",
    ),
    (
        of("ln(-1-z^2)"),
        "z",
        "Your formula and the expected one have no values in common, so they cannot be compared.",
    ),
    (
        of("tanh(z)"),
        "3tanh(z)",
        "A constant factor is wrong: this is the expected formula times 3."
        " At z = 0.3 yours is 0.874, correct is 0.291.",
    ),
    (
        STANH,
        "-tanh(z)-z*sech(z)^2",
        "The sign is wrong: this is the expected formula times −1." + AT.format("-0.566"),
    ),
    (
        STANH,
        "tanh(z)+z*sech(z)",
        "A square is missing: a function stands without its exponent 2." + AT.format("0.578"),
    ),
    (
        STANH,
        "sech(z)^2",
        "The product rule was not used: (u·v)' is u'·v + u·v', not u'·v'." + AT.format("0.915"),
    ),
    (STANH, "tanh(z)-z*sech(z)^2", "One term has the wrong sign." + AT.format("0.0168")),
    (STANH, "tanh(z)", "A term is missing: the product rule gives one for each factor." + AT.format("0.291")),
    (STANH, "z*tanh(z)", "This is the function itself, not its derivative." + AT.format("0.0874")),
    (STANH, "tanh(z)+sech(z)^2", "A factor is missing in one term." + AT.format("1.21")),
    (STANH, "2*sech(z)^2*(1-z*tanh(z))", "This is the second derivative." + AT.format("1.67")),
    (
        of("where(z>0,1,0)", at_kinks="require"),
        "where(z>=0,1,0)",
        "It agrees everywhere except at z = 0: yours is 1, correct is 0.",
    ),
    (
        of("z"),
        "+".join(f"abs(z-{place})" for place in range(13)),
        "This formula has more parts than can be judged in time.",
    ),
    (of("z"), {"a": 1}, "Write a formula here."),
    (STANH, "", "You gave no answer."),
    (CHOICE, "c", "Choose one or more of these: a, b."),
    (CHOICE, "b", "You chose 1 wrong answer and missed the right one."),
    (CHOICE, [], "You chose nothing and missed the right one."),
    (RANKING, ["a"], "List each of these once, the most prone first: a, b."),
    (RANKING, ["b", "a"], "0 of 1 pairs are in the right order. a belongs before b."),
    (RANKING, ["a", "b"], "Correct. 1 of 1 pairs are in the right order."),
    (TEXT, 1, "Answer in words."),
    (TEXT, "it vanishes", "Ideas recognised by their words: 1 of 2; a person reads your text."),
    (TEXT, "vanishing, by its slope", "Correct. Your text names every idea."),
    (
        {"kind": "verdict", "simulation": variant(1)},
        "fading",
        "Write one of these words: dead, exploding, vanishing, stable.",
    ),
]


@pytest.mark.parametrize(("claim", "answer", "sentence"), SENTENCES)
def test_a_student_reads_this_sentence(claim: Json, answer: Any, sentence: str) -> None:
    assert judged(claim, answer).message == sentence


def test_networks_without_a_value_are_told_to_be_so() -> None:
    patch = [{"op": "replace", "path": "/trials", "value": 8}]
    change = {"kind": "change", "simulation": variant(1), "patch": patch}
    without = saying(end_to_end_ratio=spread(None))
    message = judged(change, "more", answering(without, without)).message
    assert message == "One of the two networks has no value to be compared."
    ranking = {"kind": "ranking", "of": {"a": variant(1), "b": variant(2)}}
    unknown = saying(gain_per_layer=spread(None))
    message = judged(ranking, ["a", "b"], answering(unknown, unknown)).message
    assert message == "One of the networks has no value to be compared, so there is no order to judge by."


def test_a_teacher_reads_that_a_letter_is_taken() -> None:
    taken = flaws(of("w", variable="w", parameters={"w": 1.0}))
    assert taken == [("/variable", "`w` is a parameter; the variable needs another letter.")]
