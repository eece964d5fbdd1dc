"""Formulas as foreign programs print them: a tree of ours as SymPy's, what each of its printers writes, and back."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial, reduce
from typing import Any

import sympy
from sympy.printing.c import ccode
from sympy.printing.jscode import jscode
from sympy.printing.maple import maple_code
from sympy.printing.mathematica import mathematica_code
from sympy.printing.numpy import NumPyPrinter
from sympy.printing.pycode import pycode
from sympy.printing.rcode import rcode

from service.formulas.language.tree import Call, Constant, Expr, Number, Power, Product, Relation, Sum, Symbol, Where

Z = sympy.Symbol("z", real=True)
_SYMPY = {
    **{name: getattr(sympy, name) for name in (
        "exp", "sqrt", "sign", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "sinh", "cosh", "tanh",
        "sech", "csch", "coth", "asinh", "acosh", "atanh", "erf")},
    "ln": sympy.log, "abs": sympy.Abs, "max": sympy.Max, "min": sympy.Min,
    "relu": lambda u: sympy.Max(0, u),
    "log10": lambda u: sympy.log(u) / sympy.log(10),
    "sigmoid": lambda u: 1 / (1 + sympy.exp(-u)),
    "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
}  # fmt: skip
_NAMES = {kind: name for name, kind in _SYMPY.items() if isinstance(kind, type) and name != "sqrt"}
_ATOMS = {Constant("e"): sympy.E, Constant("pi"): sympy.pi, Symbol("z"): Z}
_RELATIONS = {"<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge}


def in_sympy(node: Expr) -> Any:
    """`node` as SymPy has it, which simplifies as it builds."""
    match node:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Constant() | Symbol():
            return _ATOMS[node]
        case Where(Relation(_, operator, _)):
            left, right, then, otherwise = map(in_sympy, node.children)
            return sympy.Piecewise((then, _RELATIONS[operator](left, right)), (otherwise, True))
        case Call(function):
            kind = _SYMPY[function]
        case _:
            kind = {Sum: sympy.Add, Product: sympy.Mul, Power: sympy.Pow}[type(node)]
    return kind(*map(in_sympy, node.children))


def from_sympy(expression: Any) -> Expr:
    """A tree of SymPy's as one of ours, node by node; TypeError where it has what we do not."""
    if expression.is_Rational:
        return Number(Fraction(int(expression.p), int(expression.q)))
    for node, atom in _ATOMS.items():
        if expression == atom:
            return node
    if isinstance(expression, sympy.Piecewise):
        return _pieces(list(expression.args))
    return _inner(expression, tuple(map(from_sympy, expression.args)))


def _inner(expression: Any, parts: tuple[Expr, ...]) -> Expr:
    for kind, made in ((sympy.Add, Sum), (sympy.Mul, Product)):
        if isinstance(expression, kind):
            return made(parts)
    if expression.is_Pow:
        return Power(*parts)
    name = _NAMES.get(type(expression))
    if name is None:
        raise TypeError(f"{expression} is not known here")
    node = Call(name, parts[-2:]) if name in ("max", "min") else Call(name, parts)
    return reduce(lambda inner, part: Call(name, (part, inner)), parts[-3::-1] if len(parts) > 2 else (), node)


def _pieces(rows: list[Any]) -> Expr:
    (value, condition), *others = rows
    if condition == True or not others:  # noqa: E712 - SymPy's own true
        return from_sympy(value)
    operator = next((sign for sign, kind in _RELATIONS.items() if isinstance(condition, kind)), None)
    if operator is None:
        raise TypeError(f"{condition} is not known here")
    relation = Relation(from_sympy(condition.lhs), operator, from_sympy(condition.rhs))
    return Where(relation, from_sympy(value), _pieces(others))


def _latex(**settings: Any) -> Callable[[Any], str]:
    return partial(sympy.latex, **settings)


PRINTERS: dict[str, Callable[[Any], str]] = {
    "str": str,
    "latex": _latex(),
    "latex, ln": _latex(ln_notation=True),
    "latex, folded fractions": _latex(fold_short_frac=True, fold_frac_powers=True),
    "latex, folded functions": _latex(fold_func_brackets=True),
    "latex, a sign between factors": _latex(mul_symbol="dot"),
    "latex, a cross between factors": _latex(mul_symbol="times"),
    "latex, full names of inverses": _latex(inv_trig_style="full"),
    "latex, powers as roots": _latex(root_notation=False),
    "latex, an equation": _latex(mode="equation*"),
    "latex, long fractions": _latex(long_frac_ratio=2),
    "python": partial(pycode, fully_qualified_modules=True),
    "numpy": NumPyPrinter({"fully_qualified_modules": True}).doprint,
    "mathematica": mathematica_code,
    "maple": maple_code,
    "r": rcode,
    "javascript": jscode,
    "c": ccode,
}


_CODE = ("python", "numpy", "r", "javascript", "c")
_REWRITTEN = (sympy.sech, sympy.csch, sympy.coth, sympy.sec, sympy.csc, sympy.cot)
"""Functions that languages do not have: SymPy writes them by exponentials, of complex numbers in places."""


def printed(name: str, expression: Any) -> str | None:
    """What a printer writes; None where it has no way to, or one with complex numbers."""
    if name in _CODE and expression.has(*_REWRITTEN):
        return None
    try:
        return PRINTERS[name](expression)
    except NotImplementedError:
        return None
