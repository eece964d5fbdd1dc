"""Answers on several lines are rows, one formula that goes on, or refused."""

from contextlib import suppress

import pytest

from api_tests.cases import case
from api_tests.formulas.notations import READ
from api_tests.formulas.test_printers import equal
from service.formulas.language.equations import equation_sides
from service.formulas.language.grammar import other_readings, parse
from service.formulas.language.tokens import FormulaError

ROWS = [
    ("3 (z>0)\n0 (z<0)", "where(z>0, 3, 0)"),
    ("z [z>=1]\r\n1 [z<1]", "where(z>=1, z, 1)"),
    ("2 if z>0\n-2 otherwise", "where(z>0, 2, -2)"),
    ("-z, z<0\n-3z, z>0", "where(z<0, -z, -3z)"),
    ("0 if z<-2\n5 if -2<z<2\n0 if z>2", "where(abs(z)<2, 5, 0)"),
    ("{4 if z>0\n0 if z<0}", "where(z>0, 4, 0)"),
    ("f'(z) = {4 if z>0\n0 if z<0", "where(z>0, 4, 0)"),
    ("4 \\quad z>0\n0 \\quad z<0", "where(z>0, 4, 0)"),
    ("4 \\quad -1<z<1\\\\0 \\qquad |z| \\ge 1", "where(abs(z)<1, 4, 0)"),
    ("4 (if z>0), 1 (otherwise)", "where(z>0, 4, 1)"),
    ("4 if z>0, and 1, if z<0", "where(z>0, 4, 1)"),
    ("{4 if z>0\n0 if z<0", "where(z>0, 4, 0)"),
    ("2 for z>0\n0 for z<0\nnot differentiable at z=0", "where(z>0, 2, 0)"),
]
GOES_ON = [
    ("z +\n2", "z + 2"),
    ("z\n- 2", "z - 2"),
    ("max(z,\n 2)", "max(z, 2)"),
    ("where(\nz>0\n, 2,\n 3\n)", "where(z>0, 2, 3)"),
    ("2 (if z>0 then 1 else 2)", "where(z>0, 2, 4)"),
    ("3z \\quad (for all z)", "3z"),
    ("\n$$\n3z\n$$\n", "3z"),
    ("if z > 0:\n  return 3\nelse:\n  return 1", "where(z>0, 3, 1)"),
    ("3z\n(power rule)", "3z"),
    ("\\begin{cases}\n3 & z>0 \\\\\n0 & z<0\n\\end{cases}", "where(z>0, 3, 0)"),
]
REFUSED = [
    "3z\n3z",
    "1\n2",
    "f(z) = z^3\nf'(z) = 3z^2",
    "z\n(z+1)",
    "3z (z>0)\n0",
    "z\u2028z",
    "{3z\n3z}",
    "(z\nz)",
    "z\n(z)",
    "z\n(tanh z)",
]


@pytest.mark.parametrize(("text", "means"), ROWS + GOES_ON)
def test_lines_are_read_as_rows_or_as_one_formula(text: str, means: str) -> None:
    assert equal(parse(equation_sides(text)[-1]), parse(means))


@pytest.mark.parametrize("kind", READ)
def test_a_line_break_for_a_blank_never_makes_another_formula(kind: str) -> None:
    for student, means in READ[kind]:
        for place in (place for place, sign in enumerate(student) if sign == " "):
            broken = f"{student[:place]}\n{student[place + 1 :]}"
            with case(broken), suppress(FormulaError):
                assert equal(parse(equation_sides(broken)[-1]), parse(means))


def test_each_row_may_name_the_derivative_again() -> None:
    (side,) = equation_sides("f'(z) = 3 (z>0)\nf'(z) = 0 (z<0)")
    assert equal(parse(side), parse("where(z>0, 3, 0)"))


def test_a_line_that_does_not_go_on_is_no_factor() -> None:
    for text in REFUSED:
        with case(text), pytest.raises(FormulaError, match="write one formula, on one line") as refusal:
            parse(text)
        with case(text):
            assert refusal.value.position == next(at for at, sign in enumerate(text, 2) if sign in "\n\u2028")


def test_two_conditions_side_by_side_with_numbers_are_no_product() -> None:
    for text in ("3 (z>0) 0 (z<0)", "z [z>1] 2 [z<1]"):
        with case(text), pytest.raises(FormulaError, match="begins a second condition"):
            parse(text)
    assert equal(parse("3*(z>0)*2*(z<1)"), parse("where(z>0, 6, 0)*where(z<1, 1, 0)"))
    assert equal(parse("3z (z>0)(z<1)"), parse("3z*where(z>0, 1, 0)*where(z<1, 1, 0)"))


def test_roots_without_braces_nest_as_deep_as_brackets() -> None:
    assert len(other_readings("√2" * 38)) == 1
    assert other_readings("√2" * 60) == ()
    with pytest.raises(FormulaError, match="at most 40 levels"):
        parse("√" * 60 + "z")
