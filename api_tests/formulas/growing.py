"""Formulas grown at random, for properties that all of them have."""

from hypothesis import strategies as st

_LEAVES = st.sampled_from(["z", "z", "z", "1", "2", "0.5", "3", "0.1", "e"])
_SMOOTH = [
    "exp", "sin", "cos", "atan", "sinh", "cosh", "tanh", "sech", "asinh", "erf", "sigmoid", "softplus",
]  # fmt: skip
_OTHERS = ["abs", "relu", "sign", "sqrt", "ln", "log10", "tan", "csch", "coth", "asin", "acosh", "atanh", "sec"]


def _grown(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}({})".format, st.sampled_from([*_SMOOTH, *_OTHERS]), parts),
        st.builds("({}){}({})".format, parts, st.sampled_from("+-*/"), parts),
        st.builds("({0}){1}({0})".format, parts, st.sampled_from("-/")),
        st.builds("({})^{}".format, parts, st.sampled_from(["2", "3", "4", "0.5", "(-1)", "1.5"])),
        st.builds("{}({}, {})".format, st.sampled_from(["max", "min"]), parts, parts),
        st.builds("where({} {} {}, {}, {})".format, parts, st.sampled_from(["<", "<=", ">="]), parts, parts, parts),
    )


FORMULAS = st.recursive(_LEAVES, _grown, max_leaves=6)
