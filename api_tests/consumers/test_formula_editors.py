"""The LaTeX of formula editors, typed into them in a browser, is what is recorded, and is read as it is meant."""

import re
from random import Random

import pytest

from api_tests.cases import case
from api_tests.consumers.formula_editors import EDITORS, FORMATS, editor
from api_tests.formulas.editors import TYPED
from api_tests.formulas.printers import random_formula
from api_tests.formulas.test_foreign import same, values
from service.formulas.language.grammar import parse
from service.formulas.language.write import latex

TREES = 100
LOST_EXPONENT = re.compile(r"(?<![a-z])e-")
"""e-z without blanks may be what a copy leaves of e^-z: it is refused."""

pytestmark = pytest.mark.skipif(
    not (EDITORS / ".installed").exists(), reason="`make consumers` installs the editors of formulas"
)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_typed_gives_the_recorded_latex(name: str) -> None:
    with editor(name) as field:
        for one in TYPED:
            recorded = getattr(one, name)
            if recorded is not None:
                assert field.typed(one.keys) == recorded


@pytest.mark.parametrize("name", FORMATS)
def test_a_formula_that_goes_through_an_editor_comes_back_with_its_values(name: str) -> None:
    with editor(name) as field:
        for seed in range(TREES):
            node = random_formula(Random(seed), 1 + seed % 4)
            for form in FORMATS[name]:
                text = field.written(latex(node), form)
                with case(f"{seed}: {text}"):
                    assert LOST_EXPONENT.search(text) or same(values(parse(text)), values(node))
