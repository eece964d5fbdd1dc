"""Text or LaTeX → tokens, with every bound on a formula's text checked first; and the numbers that a text can have."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NoReturn

from service.core.errors import SpecError

LONGEST_TEXT = 512
_MOST_DIGITS = 30
_LARGEST_DECIMAL_EXPONENT = 300
_MOST_PLACES = 340  # decimal places looked for: all that a number of a formula can have
_LONGEST_WORD = 3  # that may be letters side by side
_DEEPEST = 40
_CHARACTERS = re.compile(r"[A-Za-z0-9_+\-*/^().,<>=|&{}\[\]?$\\ \t\r\n;:!]*")
_LEXEME = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+(?![A-Za-z0-9_]))?)"
    r"|(?P<operator><=|>=|==|!=|&&|\*\*|[+\-*/^()<>=,|&{}\[\]:;?]|_(?=\s*[{(\[]))"
    r"|(?P<name>[A-Za-z](?:[A-Za-z0-9]|_(?!\s*[{(\[]))*)"
    r"|\\(?P<command>[A-Za-z]+|\\|[,;:!{} ])"
)
_SPELLINGS = {"**": "^", "==": "=", "&&": "&"}
_WORD = re.compile(r"\s*\{\s*([A-Za-z](?:[A-Za-z0-9]|\\?_)*)\s*[.,;]?\s*\}")
_TEXT = re.compile(r"\s*\{([^{}]*)\}")
_ENVIRONMENT = re.compile(r"\s*\{\s*(?:[dr]?cases|[bBpvV]?matrix|aligned|array)\*?\s*\}(?:\s*\{[lcr|\s]*\})?")
_BRACE_IN_FRONT = re.compile(r"\s*\\(?:\{|lbrace(?![A-Za-z]))\s*(?=\\begin(?![A-Za-z]))")
_BRACE_BEHIND = re.compile(r"\s*\\right\s*(?:\\\}|\\rbrace(?![A-Za-z])|\.)")
_NOTHING = re.compile(r"\s*\.")
_ONE = re.compile(r"\s*(?:1|\{\s*1\s*\})")
_ROW_SKIP = re.compile(r"\s*\[\s*-?[\d.]+\s*[a-z]{2}\s*\]")
_BASE_TEN = re.compile(r"\s*_\s*(?:10|\{\s*10\s*\})")
_BAR = re.compile(r"\s*(?:\||\\vert(?![A-Za-z]))")
_SIDES = {"left": "\\lvert", "right": "\\rvert"}
_WORDS = {"operatorname", "mathrm", "text", "mathop", "textrm", "mbox", "textit"}
_ALPHABETS = {"mathbb", "mathbf", "mathds", "mathbbm", "boldsymbol", "bm", "Bbb"}
_OPERATORS = {
    "ne": "!=",
    "neq": "!=",
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
    """A formula that cannot be read: a sentence that says where and what would be right, and the place, from 1."""

    code = "invalid-formula"

    def __init__(self, sentence: str, position: int) -> None:
        super().__init__(sentence, position=position)
        self.position = position


@dataclass(frozen=True)
class Token:
    """A number, a name, an operator, or the end; `position` counts characters from 1."""

    kind: str
    text: str
    position: int


def tokenize(text: str, origins: list[int], letters: Collection[str], names: Collection[str]) -> list[Token]:
    """The tokens of `text`, the last one of kind `end`; FormulaError at the first character that is none.

    `origins` has the place of each character, and of the end, in what was typed.

    A short word that is none of `names` is read as its letters where each of those is one of `letters`: ze^{2z} is
    z·e^{2z}, as it is written by hand.
    """
    known = _CHARACTERS.match(text)
    at = known.end() if known else 0
    if at < len(text):
        raise FormulaError(f"“{text[at]}” is not understood here (position {origins[at]}).", origins[at])
    return list(_letters_apart(_Tokenizer(text, origins).tokens(), letters, names))


class _Tokenizer:
    """One walk over the text."""

    def __init__(self, text: str, origins: list[int]) -> None:
        self._text = text
        self._origins = origins
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
            self._fail(f"There is no formula with {self._text[self._position]!r}")
        kind, lexeme = str(found.lastgroup), found[str(found.lastgroup)]
        if kind == "command":
            self._command(lexeme, found.end())
            return
        if kind == "number":
            self._check_number(lexeme)
        if lexeme == "_" and self._tokens and self._tokens[-1].text == "1":
            self._tokens[-1] = replace(self._tokens[-1], kind="name", text="indicator")
        self._add(kind, _SPELLINGS.get(lexeme, SYNONYMS.get(lexeme, lexeme)))
        self._position = found.end()

    def _command(self, name: str, end: int) -> None:
        if name in _WORDS:
            word = _WORD.match(self._text, end)
            if word is None and (phrase := _TEXT.match(self._text, end)):
                self._phrase(phrase)
                return
            if word is None:
                self._fail(f"A word in braces was expected behind \\{name}", end)
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
            end = self._environment(name, end)
        elif name in _SIDES and (skipped := _NOTHING.match(self._text, end) or _BRACE_IN_FRONT.match(self._text, end)):
            end = skipped.end()
        elif name in _ALPHABETS and (one := _ONE.match(self._text, end)):
            self._add("name", "indicator")
            end = one.end()
        elif name in _OPERATORS:
            self._add("operator", _OPERATORS[name])
            skip = _ROW_SKIP.match(self._text, end) if name == "\\" else None
            end = skip.end() if skip else end
        elif name not in _SILENT:
            self._add("name", SYNONYMS.get(name, name))
        self._position = end

    def _environment(self, name: str, end: int) -> int:
        """Where \\begin{cases} or its end, with the brace beside it, ends."""
        found = _ENVIRONMENT.match(self._text, end)
        if found is None:
            self._fail(f"Only {{cases}} may stand behind \\{name},", end)
        self._add("operator", f"\\{name}")
        brace = _BRACE_BEHIND.match(self._text, found.end()) if name == "end" else None
        return (brace or found).end()

    def _phrase(self, phrase: re.Match[str]) -> None:
        """The tokens of what stands in \\text{…}."""
        whole, self._text = self._text, self._text[: phrase.end(1)].replace("$", " ").rstrip(" .")
        self._position = phrase.start(1)
        while self._position < len(self._text):
            if self._text[self._position].isspace():
                self._position += 1
            else:
                self._read()
        self._text, self._position = whole, phrase.end()

    def _check_number(self, lexeme: str) -> None:
        mantissa, _, exponent = lexeme.lower().partition("e")
        if sum(character.isdigit() for character in mantissa) > _MOST_DIGITS:
            self._fail(f"A number has at most {_MOST_DIGITS} digits, this one has more")
        if exponent and (len(exponent) > 5 or abs(int(exponent)) > _LARGEST_DECIMAL_EXPONENT):
            self._fail(f"Decimal exponents go up to {_LARGEST_DECIMAL_EXPONENT}")

    def _add(self, kind: str, text: str) -> None:
        self._tokens.append(Token(kind, text, self._origins[self._position]))

    def _fail(self, sentence: str, position: int | None = None) -> NoReturn:
        position = self._origins[self._position if position is None else position]
        raise FormulaError(f"{sentence} (position {position}).", position)


def _letters_apart(tokens: list[Token], letters: Collection[str], names: Collection[str]) -> Iterator[Token]:
    for token in tokens:
        unknown = token.kind == "name" and token.text not in names and 1 < len(token.text) <= _LONGEST_WORD
        if unknown and set(token.text) <= set(letters):
            yield from (Token("name", letter, token.position + place) for place, letter in enumerate(token.text))
        else:
            yield token


class TokenStream:
    """The tokens of one formula, taken from the first to the last: what comes next, and how deep it is."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    @property
    def _last(self) -> Token:
        return self._tokens[self._at - 1]

    def _take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _give_back(self) -> None:
        self._at -= 1

    def _accept(self, *texts: str) -> Token | None:
        return self._take() if self._next.kind != "end" and self._next.text in texts else None

    def _expect(self, text: str) -> None:
        if self._accept(text) is None:
            self._fail(f"`{text}`")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FormulaError(f"A formula nests at most {_DEEPEST} levels deep.", self._next.position)

    def _fail(self, expected: str) -> NoReturn:
        position = self._next.position
        where = "at the end" if self._next.kind == "end" else f"at position {position}"
        raise FormulaError(f"{expected[0].upper()}{expected[1:]} was expected {where}.", position)


def decimal(value: Fraction) -> str | None:
    """`value` as a finite decimal of at most 30 digits, with a power of ten where it is far from one; None without."""
    sign, size = "-" if value < 0 else "", abs(value)
    places = _places(size.denominator)
    if places is None or places > _MOST_PLACES:
        return None
    digits = str(size.numerator * 10**places // size.denominator)
    if places <= _MOST_DIGITS and len(digits) <= _MOST_DIGITS:
        padded = digits.rjust(places + 1, "0")
        whole, fraction = padded[: len(padded) - places], padded[len(padded) - places :]
        return sign + whole + (f".{fraction}" if fraction else "")
    mantissa = digits.rstrip("0")
    exponent = len(digits) - len(mantissa) - places
    if exponent > _LARGEST_DECIMAL_EXPONENT:
        mantissa += "0" * (exponent - _LARGEST_DECIMAL_EXPONENT)
        exponent = _LARGEST_DECIMAL_EXPONENT
    if exponent < -_LARGEST_DECIMAL_EXPONENT:
        behind = -_LARGEST_DECIMAL_EXPONENT - exponent
        padded = mantissa.rjust(behind + 1, "0")
        mantissa, exponent = f"{padded[:-behind]}.{padded[-behind:]}", -_LARGEST_DECIMAL_EXPONENT
    return f"{sign}{mantissa}e{exponent}" if len(mantissa.replace(".", "")) <= _MOST_DIGITS else None


def is_writable(value: Fraction) -> bool:
    """Whether a formula can have `value`, as a decimal or as one whole number over another."""
    too_long = 10**_MOST_DIGITS
    return decimal(value) is not None or max(abs(value.numerator), value.denominator) < too_long


def _places(denominator: int) -> int | None:
    """How many decimal places a number over `denominator` has; None where they never end."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None
