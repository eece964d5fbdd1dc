"""What is remembered of formulas says what it would say anew: in other processes, in other precisions, of refusals."""

import os
import pickle
import subprocess
import sys

import pytest
from flint import arb, ctx

from service.formulas.enclosures.program import BallProgram
from service.formulas.language.characters import spelled
from service.formulas.language.grammar import other_readings, parse
from service.formulas.language.tokens import FormulaError

TEXT = "where(z < 1, pi*z^2, tanh(z/3)) + a"
FOUND = """
import pickle, sys
from service.formulas.language.grammar import parse
sent = pickle.load(sys.stdin.buffer)
assert sent in {parse(sys.argv[1], parameters=["a"])} and sent.depends_on("a") and not sent.depends_on("b")
"""


def test_a_formula_from_another_process_is_the_same_key() -> None:
    node = parse(TEXT, parameters=["a"])
    assert {node: 1}[parse(f" {TEXT} ", parameters=["a"])] == 1
    assert node.depends_on("a")
    for seed in ("1", "2"):
        command = [sys.executable, "-c", FOUND, TEXT]
        subprocess.run(
            command, input=pickle.dumps(node), env={**os.environ, "PYTHONHASHSEED": seed}, check=True, timeout=60
        )


def test_the_constants_of_a_program_have_the_precision_that_it_is_made_in() -> None:
    radii = []
    for bits in (53, 400, 53):
        with ctx.workprec(bits):
            radii.append(float(BallProgram([parse("pi*z")]).run(arb(1))[0].rad()))
    assert radii[1] < 1e-100 < radii[0] == radii[2]


def test_a_program_that_runs_does_not_disturb_another_of_the_same_formula() -> None:
    one, other = (BallProgram([parse("z^2 + pi")]) for _ in range(2))
    first = str(one.run(arb(2))[0])
    other.run(arb(5))
    assert str(one.run(arb(2))[0]) == first


@pytest.mark.parametrize("text", ["z +", "2 +- 0.1", "q(z)"])
def test_a_text_that_is_refused_again_is_refused_by_a_refusal_of_its_own(text: str) -> None:
    refusals = []
    for _ in range(2):
        with pytest.raises(FormulaError) as raised:
            parse(text)
        refusals.append(raised.value)
    first, second = refusals
    assert first is not second
    assert (first.sentence, first.position, first.facts) == (second.sentence, second.position, second.facts)


def test_a_text_is_read_by_the_parameters_of_now() -> None:
    assert parse("a z", parameters=["a"]).depends_on("a")
    with pytest.raises(FormulaError):
        parse("a z")
    assert other_readings("1/2z") == other_readings("1/2z") != ()


@pytest.mark.parametrize("text", ["z + 1", "", "~ z_1 ^ {2}", " ".join(map(chr, range(32, 127)))])
def test_printable_ascii_is_spelled_as_it_is(text: str) -> None:
    marked = f"{text}·"  # which is spelled sign by sign
    assert spelled(text) == (text, [*range(1, len(text) + 2)])
    assert spelled(marked) == (f"{text}*", [*range(1, len(marked) + 2)])
