"""What MathLive 0.111.1 and MathQuill 0.10.1 give as LaTeX for keystrokes, recorded in a browser.

`make consumers` types them again; the versions are those of requirements/tools/editors.
"""

from typing import NamedTuple


class Typed(NamedTuple):
    """Keys, → among them for the arrow that leaves an exponent; the formula meant, and the LaTeX of either editor."""

    keys: str
    meant: str
    mathlive: str | None
    """None of keys that a test cannot press there as a person does: | begins a command of LaTeX in it."""
    mathquill: str


TYPED = [
    Typed("tanh(z)", "tanh(z)", r"\tanh\left(z\right)", r"\tanh\left(z\right)"),
    Typed("tanh z", "tanh(z)", r"\tanh z", r"\tanh\ z"),
    Typed(
        "tanh(z)+z*sech^2→(z)",
        "tanh(z)+z*sech(z)^2",
        r"\tanh\left(z\right)+z\cdot\operatorname{\mathrm{sech}}^2\left(z\right)",
        r"\tanh\left(z\right)+z\cdot\operatorname{sech}^2\left(z\right)",
    ),
    Typed("1-tanh^2→(z)", "1-tanh(z)^2", r"1-\tanh^2\left(z\right)", r"1-\tanh^2\left(z\right)"),
    Typed("1/cosh^2→(z)", "1/cosh(z)^2", r"\frac{1}{\cosh^2\left(z\right)}", r"\frac{1}{\cosh^2\left(z\right)}"),
    Typed(
        "e^-z→/(1+e^-z→)^2",
        "exp(-z)/(1+exp(-z))^2",
        r"\frac{e^{-z}}{\left(1+e^{-z}\right)^2}",
        r"\frac{e^{-z}}{\left(1+e^{-z}\right)^2}",
    ),
    Typed("1/4→z", "z/4", r"\frac14z", r"\frac{1}{4}z"),
    Typed("1/2→ z", "z/2", r"\frac12z", r"\frac{1}{2}\ z"),
    Typed("2z", "2*z", "2z", "2z"),
    Typed("z^2→", "z^2", "z^2", "z^2"),
    Typed("z^2→+1", "z^2+1", "z^2+1", "z^2+1"),
    Typed("pi z", "pi*z", r"\pi z", r"\pi\ z"),
    Typed("2/pi→z", "2*z/pi", r"\frac{2}{\pi}z", r"\frac{2}{\pi}z"),
    Typed("ln(1+e^z→)", "ln(1+exp(z))", r"\ln\left(1+e^{z}\right)", r"\ln\left(1+e^z\right)"),
    Typed(
        "sigma(z)(1-sigma(z))",
        "sigmoid(z)*(1-sigmoid(z))",
        r"\sigma\left(z\right)\left(1-\sigma\left(z\right)\right)",
        r"\sigma\left(z\right)\left(1-\sigma\left(z\right)\right)",
    ),
    Typed("arctan(z)", "atan(z)", r"\arctan\left(z\right)", r"\arctan\left(z\right)"),
    Typed("asinh(z)", "asinh(z)", r"a\sinh\left(z\right)", r"\operatorname{asinh}\left(z\right)"),
    Typed("arsinh(z)", "asinh(z)", r"\operatorname{\mathrm{arsinh}}\left(z\right)", r"ar\sinh\left(z\right)"),
    Typed("arcsin(z)", "asin(z)", r"\arcsin\left(z\right)", r"\arcsin\left(z\right)"),
    Typed("max(0,z)", "max(0,z)", r"\max\left(0,z\right)", r"\max\left(0,z\right)"),
    Typed(
        "erf(z/2→)",
        "erf(z/2)",
        r"\operatorname{\mathrm{erf}}\left(\frac{z}{2}\right)",
        r"\operatorname{erf}\left(\frac{z}{2}\right)",
    ),
    Typed("0.5z", "z/2", "0.5z", "0.5z"),
    Typed("1.5e^-2z", "1.5*exp(-2*z)", "1.5e^{-2z}", "1.5e^{-2z}"),
    Typed("exp(-z)", "exp(-z)", r"\exp\left(-z\right)", r"\exp\left(-z\right)"),
    Typed("sin^2→z+cos^2→z", "sin(z)^2+cos(z)^2", r"\sin^2z+\cos^2z", r"\sin^2z+\cos^2z"),
    Typed("z*tanh(z)", "z*tanh(z)", r"z\cdot\tanh\left(z\right)", r"z\cdot\tanh\left(z\right)"),
    Typed("ztanh(z)", "z*tanh(z)", r"z\tanh\left(z\right)", r"z\tanh\left(z\right)"),
    Typed("[z+1]", "z+1", r"\left\lbrack z+1\right\rbrack", r"\left[z+1\right]"),
    Typed("z^z", "z^z", "z^{z}", "z^z"),
    Typed("1/z^2", "1/z^2", r"\frac{1}{z^2}", r"\frac{1}{z^2}"),
    Typed("-z^2→", "-z^2", "-z^2", "-z^2"),
    Typed("sign(z)", "sign(z)", r"sign\left(z\right)", r"sign\left(z\right)"),
    Typed("relu(z)", "relu(z)", r"relu\left(z\right)", r"relu\left(z\right)"),
    Typed("cot(z)", "cot(z)", r"\cot\left(z\right)", r"cot\left(z\right)"),
    Typed("coth(z)", "coth(z)", r"\coth\left(z\right)", r"\coth\left(z\right)"),
    Typed("2*3z", "6*z", r"2\cdot3z", r"2\cdot3z"),
    Typed("nthroot3→z", "cbrt(z)", r"\sqrt[3]{z}", r"\sqrt[3]{z}"),
    Typed("f'(z)=z", "z", r"f^{\prime}\left(z\right)=z", r"f'\left(z\right)=z"),
    Typed(
        "(z+1)/(z-1)",
        "(z+1)/(z-1)",
        r"\frac{\left(z+1\right)}{\left(z-1\right)}",
        r"\frac{\left(z+1\right)}{\left(z-1\right)}",
    ),
    Typed("z/sqrtz", "z/sqrt(z)", r"\frac{z}{\sqrt{z}}", r"\frac{z}{\sqrt{z}}"),
    Typed("sech(z)", "sech(z)", r"\operatorname{\mathrm{sech}}\left(z\right)", r"\operatorname{sech}\left(z\right)"),
    Typed("|z|", "abs(z)", None, r"\left|z\right|"),
    Typed("z/(1+|z|)", "z/(1+abs(z))", None, r"\frac{z}{\left(1+\right|z\left|\right)}"),
]
