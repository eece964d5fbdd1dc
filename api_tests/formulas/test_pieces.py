"""Pieces: where a formula is smooth, and which smooth formula it is there."""

from math import inf, pi, sqrt

import pytest

from service.formulas.enclosures.smoothness import smoothness
from service.formulas.language.grammar import parse
from service.formulas.language.write import plain

PIECES = [
    ("z*tanh(z)", [(-inf, inf, "z*tanh(z)")]),
    ("max(z, 0)", [(-inf, 0.0, "0"), (0.0, inf, "z")]),
    ("where(z >= 0, 1.05*z, 1.7535*(exp(z) - 1))", [(-inf, 0.0, "1.7535*(exp(z) - 1)"), (0.0, inf, "1.05*z")]),
    ("min(max(z, -1), 1)", [(-inf, -1.0, "-1"), (-1.0, 1.0, "z"), (1.0, inf, "1")]),
    ("relu(z^2 - 2)", [(-inf, -sqrt(2), "z^2 - 2"), (-sqrt(2), sqrt(2), "0"), (sqrt(2), inf, "z^2 - 2")]),
    ("abs(z^2)", [(-inf, inf, "z^2")]),
    ("max(z, 0) - max(-z, 0)", [(-inf, inf, "z")]),
    ("1/z", [(-inf, 0.0, "1/z"), (0.0, inf, "1/z")]),
    ("ln(z)", [(0.0, inf, "ln(z)")]),
    ("sqrt(abs(z) - 1)", [(-inf, -1.0, "sqrt(-z - 1)"), (1.0, inf, "sqrt(z - 1)")]),
    ("where(ln(z) > 0, 1, 2)", [(-inf, 1.0, "2"), (1.0, inf, "1")]),
    ("ln(-1 - z^2)", []),
]


@pytest.mark.parametrize(("text", "expected"), PIECES)
def test_a_formula_is_cut_where_it_switches(text: str, expected: list[tuple[float, float, str]]) -> None:
    found = smoothness(parse(text))
    assert found.complete
    assert [plain(piece.node) for piece in found.pieces] == [node for _, _, node in expected]
    for piece, (low, high, _) in zip(found.pieces, expected, strict=True):
        assert float(piece.low) == pytest.approx(low, abs=1e-15)
        assert float(piece.high) == pytest.approx(high, abs=1e-15)


@pytest.mark.parametrize(
    ("text", "kinks"),
    [
        ("abs(z)", (0.0,)),
        ("where(z > 0, z, exp(z) - 1)", ()),  # the slopes meet
        ("z/(1+abs(z))", ()),
        ("where(abs(z) < 1, z^3, z)", (-1.0, 1.0)),
        ("abs(tanh(z) - 0.5)", (0.5493061443340549,)),
        ("where(z > 0.1, 1, 0)", (0.1,)),
        ("sqrt(z)", (0.0,)),
        ("sin(z)/z", (0.0,)),  # where it has no value
        ("sign(z)^2", (0.0,)),
        ("sqrt(z^2)", (0.0,)),
        ("1e-25*abs(z)", (0.0,)),
        ("sign(z)*sqrt(abs(z))", (0.0,)),
    ],
)
def test_kinks_are_where_value_or_slope_jump(text: str, kinks: tuple[float, ...]) -> None:
    assert smoothness(parse(text)).kinks == pytest.approx(kinks, abs=1e-15)


def test_what_repeats_is_looked_at_over_one_period() -> None:
    found = smoothness(parse("abs(sin(2z)) + cos(3z)"))
    assert found.period == pytest.approx(2 * pi)
    assert found.complete
    assert min(abs(kink - pi / 2) for kink in found.kinks) < 1e-15


@pytest.mark.parametrize("text", ["z + abs(sin(z))", "abs(z*cos(z))"])
def test_where_kinks_have_no_end_it_is_said_that_not_all_are_known(text: str) -> None:
    found = smoothness(parse(text))
    assert not found.complete
    assert found.kinks


@pytest.mark.parametrize("text", ["max(0, 1 - 1e38*(z-0.5)^2)", "where(z^2 < 1e-40, 5, z)", "sqrt(1e-40 - z^2)"])
def test_what_happens_between_zeros_too_close_to_part_is_not_passed_over(text: str) -> None:
    assert not smoothness(parse(text)).complete
