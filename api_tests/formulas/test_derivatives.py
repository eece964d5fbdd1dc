"""Derivatives as a person would write them, and with the numbers that forward differentiation finds."""

import numpy as np
import pytest

from service.formulas.language.canonical import canonical
from service.formulas.language.differentiate import differentiate
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.grammar import parse
from service.formulas.language.write import latex, plain

PARAMETERS = {"a": 0.7, "alpha": 1.3, "b": 0.6, "beta": 1.05, "c": -0.2, "u": 1.67}
X = np.linspace(-6.017, 6.013, 82)  # no kink lies on it

DERIVATIVES = [
    ("z*tanh(z)", "tanh(z) + z*sech(z)^2"),
    ("where(z > 0, z, a*z)", "where(z > 0, 1, a)"),
    ("where(z >= 0, beta*z, beta*u*(exp(z) - 1))", "where(z >= 0, beta, beta*u*exp(z))"),
    ("sigmoid(z)", "sigmoid(z)*(1 - sigmoid(z))"),
    ("z^3 - 2z + 1", "3*z^2 - 2"),
    ("1/z", "-1/z^2"),
    ("sin(2z)", "2*cos(2*z)"),
    ("exp(-z^2)", "-2*z*exp(-z^2)"),
    ("a^z", "a^z*ln(a)"),
    ("max(0, z)", "where(z > 0, 1, 0)"),
    ("5", "0"),
    ("where(z > 0, z, alpha * (exp(z / alpha) - 1))", "where(z > 0, 1, exp(z/alpha))"),
    ("z * (1 + erf(z / sqrt(2))) / 2", "(1 + erf(z/sqrt(2)))/2 + z*exp(-z^2/2)/sqrt(2*pi)"),
    ("max(0, min(1, z / 6 + 1 / 2))", "where(z <= -3, 0, where(z < 3, 1/6, 0))"),
    ("max(-1, min(1, z))", "where(z <= -1, 0, where(z < 1, 1, 0))"),
    (
        "0.5*z*(1+tanh(sqrt(2/pi)*(z+0.044715*z^3)))",
        "0.5*(1 + tanh(sqrt(2/pi)*(z + 0.044715*z^3)))"
        " + 0.5*sqrt(2/pi)*z*(1 + 0.134145*z^2)"
        "*sech(sqrt(2/pi)*(z + 0.044715*z^3))^2",
    ),
    ("z*sigmoid(1.702z)", "sigmoid(1.702*z) + 1.702*z*sigmoid(1.702*z)*(1 - sigmoid(1.702*z))"),
    ("z*tanh(ln(1+exp(z)))", "tanh(ln(1 + exp(z))) + z*exp(z)*sech(ln(1 + exp(z)))^2/(1 + exp(z))"),
    ("z*tanh(softplus(z))", "tanh(softplus(z)) + z*sigmoid(z)*sech(softplus(z))^2"),
    ("z*sigmoid(beta*z)", "sigmoid(beta*z) + beta*z*sigmoid(beta*z)*(1 - sigmoid(beta*z))"),
    ("z/(1+exp(-z))", "(1 + exp(-z) + z*exp(-z))/(1 + exp(-z))^2"),
    ("ln(1+exp(z))", "exp(z)/(1 + exp(z))"),
    ("1/(1+exp(-z))", "exp(-z)/(1 + exp(-z))^2"),
    ("z/(1+|z|)", "1/(1 + abs(z))^2"),
    ("1.7159*tanh(2z/3)", "3.4318*sech(2*z/3)^2/3"),
    ("(sqrt(z^2+1)-1)/2+z", "z/(2*sqrt(z^2 + 1)) + 1"),
    ("min(max(z,0),6)", "where(z > 6, 0, where(z >= 0, 1, 0))"),
    ("z*min(max(z+3,0),6)/6", "min(max(z + 3, 0), 6)/6 + where(z > 3, 0, where(z >= -3, z/6, 0))"),
    ("max(0.01z, z)", "where(z <= 0, 0.01, 1)"),
    ("max(0,z)^2", "where(z > 0, 2*max(0, z), 0)"),
    ("sqrt(z)", "1/(2*sqrt(z))"),
    ("sqrt(1+z^2)", "z/sqrt(1 + z^2)"),
    ("z/sqrt(1+a*z^2)", "1/sqrt(1 + a*z^2)^3"),
    ("2/pi*atan(z)", "2/(pi*(1 + z^2))"),
    ("atan(pi*z/2)", "pi/(2*(1 + (pi*z/2)^2))"),
    ("tanh(z)^3", "3*tanh(z)^2*sech(z)^2"),
    ("sin(z)/z", "(z*cos(z) - sin(z))/z^2"),
    ("z^2*exp(-z)", "2*z*exp(-z) - z^2*exp(-z)"),
    ("ln(1+z^2)", "2*z/(1 + z^2)"),
    ("log10(z)", "1/(z*ln(10))"),
    ("(exp(z)-exp(-z))/(exp(z)+exp(-z))", "4/(exp(z) + exp(-z))^2"),
    ("exp(z)/(1+exp(z))", "exp(z)/(1 + exp(z))^2"),
    ("asinh(z)", "1/sqrt(1 + z^2)"),
    ("z*erf(z)", "erf(z) + 2*z*exp(-z^2)/sqrt(pi)"),
    ("where(z<-1, -1, where(z>1, 1, z))", "where(z < -1, 0, where(z > 1, 0, 1))"),
    ("z^a", "a*z^(a - 1)"),
    ("2^z", "2^z*ln(2)"),
    ("z^z", "z^z*(ln(z) + 1)"),
    ("a*z^2+b*z+c", "2*a*z + b"),
    ("a*tanh(b*z)", "a*b*sech(b*z)^2"),
    ("ln(cosh(z))", "sinh(z)/cosh(z)"),
    ("softplus(beta*z)/beta", "sigmoid(beta*z)"),
    ("|z|^3", "3*z*abs(z)"),
    ("z*z*z", "3*z^2"),
    ("min(z,1-z)", "where(z <= 0.5, 1, -1)"),
    ("(z-1)/(z+1)", "2/(z + 1)^2"),
]
LATEX = [
    ("z*tanh(z)", r"\tanh z + z \operatorname{sech}^{2} z"),
    ("z/(1+|z|)", r"\frac{1}{\left(1 + \left|z\right|\right)^{2}}"),
    ("sqrt(z)", r"\frac{1}{2 \sqrt{z}}"),
    (
        "z*(1 + erf(z/sqrt(2)))/2",
        r"\frac{1 + \operatorname{erf}\left(\frac{z}{\sqrt{2}}\right)}{2}"
        r" + \frac{z e^{-\frac{z^{2}}{2}}}{\sqrt{2 \pi}}",
    ),
    ("max(-1, min(1, z))", r"\begin{cases} 0 & z \le -1 \\ 1 & z < 1 \\ 0 & \text{otherwise} \end{cases}"),
    (
        "where(z >= 0, beta*z, beta*u*(exp(z) - 1))",
        r"\begin{cases} \beta & z \ge 0 \\ \beta u e^{z} & \text{otherwise} \end{cases}",
    ),
]


@pytest.mark.parametrize(("formula", "derivative"), DERIVATIVES, ids=[formula for formula, _ in DERIVATIVES])
def test_derivatives_read_as_a_person_would_write_them(formula: str, derivative: str) -> None:
    assert plain(differentiate(parse(formula, parameters=PARAMETERS), "z")) == derivative


@pytest.mark.parametrize(("formula", "derivative"), LATEX)
def test_so_they_do_in_latex(formula: str, derivative: str) -> None:
    assert latex(differentiate(parse(formula, parameters=PARAMETERS), "z")) == derivative


@pytest.mark.parametrize(("formula", "derivative"), DERIVATIVES, ids=[formula for formula, _ in DERIVATIVES])
def test_what_is_written_has_the_numbers_of_forward_differentiation(formula: str, derivative: str) -> None:
    evaluation = Evaluation("z", PARAMETERS)
    node, written = parse(formula, parameters=PARAMETERS), parse(derivative, parameters=PARAMETERS)
    with np.errstate(all="ignore"):
        slope, read = evaluation.derivative(canonical(node), X), evaluation.values(canonical(written), X)
    np.testing.assert_allclose(read, slope, rtol=1e-9, atol=1e-14)
