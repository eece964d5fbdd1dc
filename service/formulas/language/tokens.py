"""Text or LaTeX → tokens, with every bound on a formula's text checked first."""

import re
from dataclasses import dataclass
from typing import NoReturn

from service.core.errors import SpecError

LONGEST_TEXT = 512
MOST_DIGITS = 30
LARGEST_DECIMAL_EXPONENT = 300
_CHARACTERS = re.compile(r"[A-Za-z0-9_+\-*/^().,<>=|&{}\\ \t\r\n;:!]*")
_TYPOGRAPHIC = str.maketrans({"−": "-", "·": "*", "×": "*", "≤": "<=", "≥": ">="})
_LEXEME = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+(?![A-Za-z0-9_]))?)"
    r"|(?P<operator><=|>=|\*\*|[+\-*/^()<>,|&{}])"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|\\(?P<command>[A-Za-z]+|\\|[,;:!{} ])"
)
_WORD = re.compile(r"\s*\{\s*([A-Za-z](?:[A-Za-z0-9]|\\?_)*)\s*[.,;]?\s*\}")
_BASE_TEN = re.compile(r"\s*_\s*(?:10|\{\s*10\s*\})")
_BAR = re.compile(r"\s*(?:\||\\vert(?![A-Za-z]))")
_SIDES = {"left": "\\lvert", "right": "\\rvert"}
_WORDS = {"operatorname", "mathrm", "text", "mathop", "textrm"}
_OPERATORS = {
    "cdot": "*",
    "times": "*",
    "le": "<=",
    "leq": "<=",
    "ge": ">=",
    "geq": ">=",
    "lt": "<",
    "gt": ">",
    "lvert": "\\lvert",
    "rvert": "\\rvert",
    "vert": "|",
    "{": "(",
    "}": ")",
    "\\": "\\\\",
    "frac": "\\frac",
    "dfrac": "\\frac",
    "tfrac": "\\frac",
}
_SILENT = {"left", "right", "big", "Big", "displaystyle", "quad", "limits", ",", ";", ":", "!", " "}
SYNONYMS = {
    "arctan": "atan",
    "arsinh": "asinh",
    "arcsinh": "asinh",
    "log": "ln",
    "log_10": "log10",
    "ReLU": "relu",
    "sgn": "sign",
}


class FormulaError(SpecError):
    """A formula that cannot be read: where, and what was expected there."""

    code = "invalid-formula"

    def __init__(self, sentence: str, position: int) -> None:
        super().__init__(sentence, position=position)
        self.position = position


@dataclass(frozen=True)
class Token:
    """A number, a name, an operator, or the end; `position` counts characters from 0."""

    kind: str
    text: str
    position: int


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`, the last one of kind `end`; FormulaError at the first character that is none."""
    if len(text) > LONGEST_TEXT:
        raise FormulaError(f"A formula has at most {LONGEST_TEXT} characters; this one has {len(text)}.", LONGEST_TEXT)
    text = text.translate(_TYPOGRAPHIC)
    known = _CHARACTERS.match(text)
    if known is None or known.end() < len(text):
        position = known.end() if known else 0
        raise FormulaError(f"There is a character at position {position} that no formula has.", position)
    return _Tokenizer(text).tokens()


class _Tokenizer:
    """One walk over the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._tokens: list[Token] = []

    def tokens(self) -> list[Token]:
        while self._position < len(self._text):
            if self._text[self._position].isspace():
                self._position += 1
            else:
                self._read()
        self._add("end", "")
        return self._tokens

    def _read(self) -> None:
        found = _LEXEME.match(self._text, self._position)
        if found is None:
            self._fail(f"There is no formula with {self._text[self._position]!r} at position {self._position}.")
        kind, lexeme = str(found.lastgroup), found[str(found.lastgroup)]
        if kind == "command":
            self._command(lexeme, found.end())
            return
        if kind == "number":
            self._check_number(lexeme)
        self._add(kind, {"**": "^"}.get(lexeme, SYNONYMS.get(lexeme, lexeme)))
        self._position = found.end()

    def _command(self, name: str, end: int) -> None:
        if name in _WORDS:
            word = _WORD.match(self._text, end)
            if word is None:
                self._fail(f"A word in braces was expected behind \\{name} at position {end}.", end)
            written = word[1].replace("\\_", "_")
            self._add("name", SYNONYMS.get(written, written))
            end = word.end()
        elif name in _SIDES and (bar := _BAR.match(self._text, end)):
            self._add("operator", _SIDES[name])
            end = bar.end()
        elif name == "log" and (base := _BASE_TEN.match(self._text, end)):
            self._add("name", "log10")
            end = base.end()
        elif name in ("begin", "end"):
            cases = re.compile(r"\s*\{\s*cases\s*\}").match(self._text, end)
            if cases is None:
                self._fail(f"Only {{cases}} may stand behind \\{name}, at position {end}.", end)
            self._add("operator", f"\\{name}")
            end = cases.end()
        elif name in _OPERATORS:
            self._add("operator", _OPERATORS[name])
        elif name not in _SILENT:
            self._add("name", SYNONYMS.get(name, name))
        self._position = end

    def _check_number(self, lexeme: str) -> None:
        mantissa, _, exponent = lexeme.lower().partition("e")
        if sum(character.isdigit() for character in mantissa) > MOST_DIGITS:
            self._fail(f"A number has at most {MOST_DIGITS} digits, the one at position {self._position} has more.")
        if exponent and (len(exponent) > 5 or abs(int(exponent)) > LARGEST_DECIMAL_EXPONENT):
            self._fail(f"Decimal exponents go up to {LARGEST_DECIMAL_EXPONENT}; see position {self._position}.")

    def _add(self, kind: str, text: str) -> None:
        self._tokens.append(Token(kind, text, self._position))

    def _fail(self, sentence: str, position: int | None = None) -> NoReturn:
        raise FormulaError(sentence, self._position if position is None else position)
