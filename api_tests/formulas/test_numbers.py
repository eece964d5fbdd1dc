"""The numbers of formulas: what is computed once, what keeps its digits, and what is left as it was."""

import numpy as np
import pytest

from api_tests.formulas.test_calculus import FORMULAS, WRITTEN
from api_tests.nn.variants import named
from service.formulas.language.canonical import canonical
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.grammar import parse
from service.formulas.language.tape import Tape
from service.nn.activations import Activation

EVERYWHERE = np.concatenate([-np.logspace(300, -300, 1201), [0.0], np.logspace(-300, 300, 1201)])
Z = Evaluation("z", {})
WITHOUT_A_CUBE = [one for one in WRITTEN if "z^3" not in one.written]  # which overflows long before z does

# Each with a place where the form as it is written is wrong in every digit, and the value and slope there.
LOSSES = [
    ("exp(z) - 1", 1e-20, 1e-20, 1.0),
    ("1 - exp(-z)", 1e-20, 1e-20, 1.0),
    ("ln(1 + z)", 1e-20, 1e-20, 1.0),
    ("ln(1 + exp(z))", 1e4, 1e4, 1.0),
    ("ln(exp(z) + 1)", -50.0, 1.9287498479639178e-22, 1.9287498479639178e-22),
    ("ln(1/(1 + exp(-z)))", -1e4, -1e4, 1.0),
    ("1/(1 + exp(-z))", -1e4, 0.0, 0.0),
    ("1/(exp(-z) + 1)^2", -1e4, 0.0, 0.0),
    ("exp(z)/(1 + exp(z))", 1e4, 1.0, 0.0),
    ("exp(-z)/(1 + exp(-z))^2", -1e4, 0.0, 0.0),
    ("1 - sigmoid(z)", 50.0, 1.9287498479639178e-22, -1.9287498479639178e-22),
    ("1 - tanh(z)^2", 50.0, 1.4880303904083344e-43, -2.976060780816669e-43),
    ("1 + erf(z)", -6.0, 2.1519736712498916e-17, 2.617301239249265e-16),
    ("1 - erf(z)", 6.0, 2.1519736712498916e-17, -2.617301239249265e-16),
    ("2*sigmoid(2z) - 1", 1e-20, 1e-20, 1.0),
    ("2/(1 + exp(-2z)) - 1", 1e-20, 1e-20, 1.0),
    ("1 - 2/(exp(2z) + 1)", 1e4, 1.0, 0.0),
    ("(exp(2z) - 1)/(exp(2z) + 1)", 1e4, 1.0, 0.0),
    ("(exp(z) - exp(-z))/(exp(z) + exp(-z))", 1e4, 1.0, 0.0),
    ("sinh(z)/cosh(z)", 1e4, 1.0, 0.0),
    ("4/(exp(z) + exp(-z))^2", 1e4, 0.0, 0.0),
    ("1/cosh(z)^2", 1e4, 0.0, 0.0),
    ("z/(1 + |z|)", 1e20, 1.0, 1e-40),
]


@pytest.mark.parametrize(("formula", "at", "value", "slope"), LOSSES, ids=[formula for formula, *_ in LOSSES])
def test_a_form_that_loses_every_digit_is_replaced_by_one_that_does_not(
    formula: str, at: float, value: float, slope: float
) -> None:
    node, x = parse(formula), np.array([at])
    with np.errstate(all="ignore"):
        as_written = np.concatenate(Z.values_and_derivative(node, x))
    with np.errstate(all="raise", under="ignore"):
        replaced = np.concatenate(Z.values_and_derivative(canonical(node), x))
    np.testing.assert_allclose(replaced, [value, slope], rtol=1e-13)
    assert not np.allclose(as_written, [value, slope], rtol=1e-3, atol=0.0)


@pytest.mark.parametrize("formula", [formula for formula, *_ in LOSSES])
def test_where_both_forms_are_exact_they_are_equal(formula: str) -> None:
    node, x = parse(formula), np.linspace(0.5, 3.0, 26)
    for stable, written in zip(
        Z.values_and_derivative(canonical(node), x), Z.values_and_derivative(node, x), strict=True
    ):
        np.testing.assert_allclose(stable, written, rtol=1e-9)


@pytest.mark.parametrize("activation", WITHOUT_A_CUBE, ids=named)
def test_a_formula_is_its_activation_from_the_smallest_numbers_to_the_largest(activation: Activation) -> None:
    node, evaluation = activation.tree, Evaluation("z", activation.values)
    with np.errstate(all="ignore"):
        y = activation.f(EVERYWHERE)
        values, slope = evaluation.values_and_derivative(canonical(node), EVERYWHERE)
        np.testing.assert_allclose(values, y, rtol=1e-12)
        np.testing.assert_allclose(slope, activation.df(EVERYWHERE, y), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("formula", FORMULAS)
def test_values_and_derivative_together_are_those_of_each_and_x_is_left_alone(formula: str) -> None:
    node, x = parse(formula), np.linspace(-3.0, 3.1, 62).reshape(2, 31)
    kept = x.copy()
    values, slope = Z.values_and_derivative(node, x)
    np.testing.assert_array_equal(values, Z.values(node, x))
    np.testing.assert_array_equal(slope, Z.derivative(node, x))
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize(
    ("formula", "slope"),
    [
        ("max(0, z) + max(0, z)", [0.0, 0.0, 2.0]),
        ("-max(0, z)", [0.0, 0.0, -1.0]),
        ("3max(0, z)/2", [0.0, 0.0, 1.5]),
        ("z - max(0, z)", [1.0, 1.0, 0.0]),
        ("exp(where(z > 0, 1, 0))*z", [1.0, 1.0, np.e]),
        ("where(z > 0, 1, 0)/where(z < 0, 1, 2)*z", [0.0, 0.0, 0.5]),
        ("where(z < 0, where(z < -5, z, 2z), where(z > 0, z, 3))", [2.0, 0.0, 1.0]),
        ("where(1 > 0, z, 2z)", [1.0, 1.0, 1.0]),
    ],
)
def test_slopes_that_are_truths_count_as_numbers(formula: str, slope: list[float]) -> None:
    np.testing.assert_array_equal(Z.derivative(parse(formula), np.array([-1.5, 0.0, 2.0])), slope)


def test_what_is_not_taken_does_not_disturb_what_is() -> None:
    x = np.array([-1e3, -1.0, 1.0, 1e3])
    with np.errstate(all="ignore"):
        values, slope = Z.values_and_derivative(parse("where(z > 0, z, exp(-exp(-z)))"), x)
    assert np.isfinite(values).all()
    assert (slope[2:] == 1.0).all()


def test_what_is_not_a_number_stays_visible() -> None:
    for formula in ("max(0, z)", "min(1, max(z, 0))", "max(-1, min(1, z))", "z*tanh(z)", "relu(z)"):
        assert np.isnan(Z.values(parse(formula), np.array([np.nan]))).all()


@pytest.mark.parametrize("exponent", ["2", "3", "7", "64", "-1", "-3", "0.5", "-0.5", "2.5", "-1.5", "0", "0.3"])
def test_powers_made_of_products_are_powers(exponent: str) -> None:
    x = np.linspace(0.1, 3.0, 30)
    power = float(exponent)
    values, slope = Z.values_and_derivative(parse(f"z^({exponent})"), x)
    np.testing.assert_allclose(values, x**power, rtol=1e-14)
    np.testing.assert_allclose(slope, power * x ** (power - 1.0), rtol=1e-14)


def test_numbers_are_folded_and_equal_steps_are_taken_once() -> None:
    tape = Tape()
    assert tape.apply(np.tanh, Tape.x) == tape.apply(np.tanh, Tape.x)
    assert tape.apply(np.add, 1.0, 2.0) == 3.0
    assert tape.apply(np.divide, Tape.x, 0.0) != tape.apply(np.divide, Tape.x, -0.0)
    assert tape.clip(tape.clip(Tape.x, -np.inf, 1.0), -1.0, np.inf) == tape.clip(Tape.x, -1.0, 1.0)


def test_a_network_runs_only_the_steps_it_needs() -> None:
    tape = Tape()
    tape.apply(np.sin, Tape.x)
    wanted = tape.add(tape.apply(np.exp, Tape.x), tape.multiply(-1.0, Tape.x))
    steps = [line.step.apply for line in tape.program(wanted).lines]
    assert steps == [np.exp, np.subtract]
