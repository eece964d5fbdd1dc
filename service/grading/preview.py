"""How an answer is understood, before it is handed in."""

from service.core.kinds import Int64, Model
from service.formulas.language.grammar import parse
from service.formulas.language.tokens import FormulaError
from service.formulas.language.write import latex, plain
from service.grading.spec import PreviewSpec


class Preview(Model):
    """A formula as it was read, or why it was not."""

    parsed_latex: str | None
    """The formula in LaTeX; null where it cannot be read."""
    parsed_plain: str | None
    """The formula in plain text; null where it cannot be read."""
    message: str | None
    """Why it cannot be read; null where it can."""
    position: Int64 | None
    """Where it cannot: characters from 0."""


def preview(spec: PreviewSpec) -> Preview:
    """The preview of `spec`."""
    try:
        formula = parse(spec.answer, parameters=spec.parameters)
    except FormulaError as error:
        return Preview(parsed_latex=None, parsed_plain=None, message=error.sentence, position=error.position)
    return Preview(parsed_latex=latex(formula), parsed_plain=plain(formula), message=None, position=None)
