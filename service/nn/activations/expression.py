"""An activation that is written down."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from service.core.arrays import Array
from service.core.kinds import BoundedFloat
from service.formulas.enclosures.program import VARIABLE
from service.formulas.language.canonical import canonical
from service.formulas.language.evaluation import Evaluation
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import LONGEST_TEXT, FormulaError
from service.formulas.language.tree import Expr
from service.nn.activations.base import Activation

ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$")]


class Expression(Activation):
    """A formula of z in plain text or LaTeX, such as z*tanh(z), with parameters of its own."""

    kind: Literal["expression"] = "expression"
    needs: ClassVar[Mapping[str, Any]] = {"formula": "z * tanh(z)"}
    parameters: Annotated[dict[ParameterName, BoundedFloat], Field(max_length=16)] = Field(default_factory=dict)
    """The parameters by name; z is the variable, e and pi are constants."""
    formula: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    """The formula; ln and log are natural."""

    definition: ClassVar[str] = "as the formula says"
    derivative: ClassVar[str | None] = "the derivative of the formula with respect to z"
    convention: ClassVar[str] = (
        "At a tie min and max have the derivative of their first argument; where has that of its branch; abs has 0."
    )
    source: ClassVar[str] = "The request."

    @field_validator("formula")
    @classmethod
    def _readable(cls, formula: str, info: ValidationInfo) -> str:
        try:
            parse(formula, VARIABLE, tuple(info.data.get("parameters", ())))
        except FormulaError as error:
            raise PydanticCustomError("invalid_formula", "{sentence}", {"sentence": error.sentence}) from None
        return formula

    @property
    def written(self) -> str:
        return self.formula

    @property
    def values(self) -> Mapping[str, float]:
        return self.parameters

    def __hash__(self) -> int:
        return hash((self.formula, *self.parameters.items()))

    def f(self, x: Array) -> Array:
        return self._evaluation.values(self._stable, x)

    def df(self, x: Array, y: Array) -> Array:
        return self._evaluation.derivative(self._stable, x)

    @property
    def _stable(self) -> Expr:
        return _made_stable(self.formula, tuple(self.parameters))

    @property
    def _evaluation(self) -> Evaluation:
        return Evaluation(VARIABLE, self.parameters)


@lru_cache(maxsize=1024)
def _made_stable(formula: str, names: tuple[str, ...]) -> Expr:
    return canonical(parse(formula, VARIABLE, names))
