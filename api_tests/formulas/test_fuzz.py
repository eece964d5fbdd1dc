"""Any text is refused, or understood, written alike, differentiated and evaluated: in no time, and without a mishap."""

from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.cases import case
from api_tests.formulas.fuzz_target import PARAMETERS, Survivor
from api_tests.formulas.seeds import HAZARDS, PIECES, SEEDS, WRAPPERS
from service.formulas.language.differentiate import DerivativeTooLong, differentiate
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import FormulaError

REFUSAL_SECONDS = 0.05  # of the processor

formulas = st.recursive(
    st.sampled_from(["z", "a", "b_1", "2", "0.5", "1e3", "pi", "e"]),
    lambda inner: (
        st.builds(str.replace, st.sampled_from(WRAPPERS), st.just("?"), inner)
        | st.builds("({}){}({})".format, inner, st.sampled_from(["+", "-", "*", "/", "^"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_survives(text: str) -> None:
    Survivor(text).understood()


@settings(max_examples=1000, deadline=None)
@given(formulas)
def test_any_formula_survives(text: str) -> None:
    Survivor(text).understood()


def test_every_seed_survives() -> None:
    for text in SEEDS:
        with case(text):
            Survivor(text).understood()


@pytest.mark.parametrize("text", HAZARDS, ids=lambda text: f"{text[:20]!a} of {len(text)}")
def test_what_brought_other_readers_down_is_refused_at_once(text: str) -> None:
    def refused() -> float:
        start = thread_time()
        with pytest.raises(FormulaError):
            parse(text, parameters=PARAMETERS)
        return thread_time() - start

    assert min(refused() for _ in range(3)) < REFUSAL_SECONDS


def nested(wrapper: str, times: int) -> str:
    text = "z"
    for _ in range(times):
        text = wrapper.replace("?", text)
    return text


DEEP = [
    *(nested(wrapper, 38) for wrapper in ("tanh(?)", "z*tanh(?)", "z/(1+?)", "z*sqrt(1+?)", "sigmoid(?)", "z*|?|")),
    *(nested(wrapper, 38) for wrapper in ("min(?, 2)", "max(z, ? + 1)", "1/(z+?)")),
    *(nested(wrapper, 5) for wrapper in ("?*erf(?)", "?/(1+?)")),
    nested("where(z>?,z,1)", 35),
    nested("where(z>0,?*z,?)", 4),
    nested("(1+?)^2", 7),
    "*".join(f"(z+{number})" for number in range(1, 75)),
    "*".join(f"sin(z+{number})" for number in range(1, 48)),
    "*".join(["z"] * 250),
    "z^(z^z)",
    "(z^z)^(z^z)",
]


@pytest.mark.parametrize("text", DEEP, ids=lambda text: text[:20])
def test_what_is_deep_or_long_survives(text: str) -> None:
    assert Survivor(text).understood() is not None


@pytest.mark.parametrize("text", DEEP, ids=lambda text: text[:20])
def test_a_derivative_nobody_would_read_is_not_written_out(text: str) -> None:
    try:
        derivative = differentiate(parse(text), "z")
    except DerivativeTooLong as refusal:
        assert refusal.code == "derivative-too-long"  # noqa: PT017 - either outcome is right, a long formula is not
    else:
        assert derivative.count() <= DerivativeTooLong.most_parts
