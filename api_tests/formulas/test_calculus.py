"""Values and derivatives of formulas: against the built-in ones, finite differences, and a person's hand."""

import numpy as np
import pytest

from api_tests.networks import report, stack
from api_tests.nn.variants import every, named
from service.formulas.language.canonical import canonical
from service.formulas.language.differentiate import differentiate
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.grammar import parse
from service.nn.activations import Activation
from service.nn.activations.expression import Expression

X = np.linspace(-6.03, 6.01, 1205)  # no kink of a built-in activation lies on it
WRITTEN = [one for one in every(Activation) if one.kind_name() not in ("expression", "softmax")]


@pytest.mark.parametrize("activation", WRITTEN, ids=named)
def test_the_formula_of_every_activation_is_its_function_and_so_is_the_derivative(activation: Activation) -> None:
    node, evaluation = activation.tree, Evaluation("z", activation.values)
    y = activation.f(X)
    slope = activation.df(X, y)
    np.testing.assert_allclose(evaluation.values(node, X), y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(evaluation.derivative(node, X), slope, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(evaluation.values(differentiate(node, "z"), X), slope, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(Evaluation("z", {}).values(activation.closed, X), y, rtol=1e-12, atol=1e-12)


FORMULAS = [
    "sin(z)*exp(-z^2/2)", "atan(z)/(1+z^2)", "sqrt(1+z^2) - 1", "asinh(z)*cos z", "log10(2+cos(z))", "tan(z/8)",
    "cosh(z/3)*sech(z)", "(1+z^2)^0.25", "2^z", "(2+sin z)^z", "csch(1+z^2)", "coth(1+z^2)", "abs(z)*sign(z-0.001)",
    "min(z, sin(z))", "relu(z)*softplus(-z)", "erf(z)/2", "where(abs(z) < 1, z^3, z)", "1/(1+exp(-2z))", "ln(1+exp(z))",
]  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_both_derivatives_equal_the_finite_difference(formula: str) -> None:
    node, evaluation, step = parse(formula), Evaluation("z", {}), 1e-5
    difference = (evaluation.values(node, X + step) - evaluation.values(node, X - step)) / (2 * step)
    near_kink = np.abs(evaluation.derivative(node, X + step) - evaluation.derivative(node, X - step)) > 1e-2
    scale = 1.0 + np.abs(difference)
    for slope in (evaluation.derivative(node, X), evaluation.values(differentiate(node, "z"), X)):
        np.testing.assert_allclose((slope / scale)[~near_kink], (difference / scale)[~near_kink], atol=1e-6)
    np.testing.assert_allclose(evaluation.values(canonical(node), X), evaluation.values(node, X), rtol=1e-12)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_precision_and_shape_are_kept(precision: type) -> None:
    x = np.ones((3, 2, 4), dtype=precision)
    for text in ("z*tanh(z)", "2", "where(z > 0, 1, z)"):
        node = parse(text)
        values, slope = Evaluation("z", {}).values(node, x), Evaluation("z", {}).derivative(node, x)
        assert (values.dtype, values.shape) == (slope.dtype, slope.shape) == (x.dtype, x.shape)


def test_logistic_forms_do_not_overflow() -> None:
    x = np.array([-1e4, 1e4])
    with np.errstate(all="raise", under="ignore"):
        for text in ("1/(1+exp(-z))", "ln(1+exp(z))", r"\frac{1}{1+e^{-z}}"):
            assert np.isfinite(Evaluation("z", {}).values(canonical(parse(text)), x)).all()


@pytest.mark.parametrize(
    ("kind", "formula"), [("stanh", "z tanh z"), ("sigmoid", "1/(1+e^-z)"), ("softplus", "ln(1+e^z)")]
)
def test_a_network_of_a_formula_is_the_network_of_the_built_in(kind: str, formula: str) -> None:
    built_in = report(stack(5, 16, kind)).verdict.depth_ratio
    written = report(stack(5, 16, {"kind": "expression", "formula": formula})).verdict.depth_ratio
    assert written.median == pytest.approx(built_in.median, abs=1e-12)
    assert written.std == pytest.approx(built_in.std, abs=1e-12)


def test_a_formula_with_parameters_is_echoed_and_its_saturation_is_measured() -> None:
    written = {"kind": "expression", "formula": "b z tanh(z)", "parameters": {"b": 0.9}}
    made = report(stack(3, 8, written))
    assert made.layers[0].activation == "expression"
    assert made.layers[0].saturated_fraction == report(stack(3, 8, "stanh")).layers[0].saturated_fraction
    echoed = made.spec.model_dump(mode="json")["network"]["layers"][0]["layers"][0]["activation"]
    assert echoed == written
    assert Expression.model_validate(echoed).tree == parse("b*z*tanh(z)", parameters=("b",))
