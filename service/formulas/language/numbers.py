"""The numbers of a formula: decimals, decimal commas, mixed numbers, and how a number is written back."""

import re
from fractions import Fraction
from typing import NoReturn

from service.formulas.language.tokens import LARGEST_DECIMAL_EXPONENT, MOST_DIGITS, FormulaError, Token, TokenStream
from service.formulas.language.tree import MINUS_ONE, TWO, Call, Constant, Expr, Number, Power, Product

_MOST_PLACES = 340  # decimal places looked for: all that a number of a formula can have
_FRACTION = re.compile(r"(?:(\d)(\d)|(\d) { (\d+) }|{ (\d+) } (\d)|{ (\d+) } { (\d+) })(?: (?!\^)|$)")
_CONSTANTS = {
    Constant("pi"): Fraction("3.1415926535897932384626433832795028842"),
    Constant("e"): Fraction("2.7182818284590452353602874713526624978"),
}
_PI, _TWO_PI = Constant("pi"), Product((TWO, Constant("pi")))
_VALUES = {
    Call("sqrt", (TWO,)): Fraction("1.4142135623730950488016887242096980786"),
    Power(Call("sqrt", (TWO,)), MINUS_ONE): Fraction("0.70710678118654752440084436210484903928"),
    Call("sqrt", (Number(Fraction(3)),)): Fraction("1.7320508075688772935274463415058723669"),
    Call("ln", (TWO,)): Fraction("0.69314718055994530941723212145817656808"),
    Call("ln", (Number(Fraction(10)),)): Fraction("2.3025850929940456840179914546843642076"),
    Call("sqrt", (_PI,)): Fraction("1.7724538509055160272981674833411451828"),
    Power(Call("sqrt", (_PI,)), MINUS_ONE): Fraction("0.56418958354775628694807945156077258584"),
    Product((TWO, Power(Call("sqrt", (_PI,)), MINUS_ONE))): Fraction("1.1283791670955125738961589031215451717"),
    Call("sqrt", (_TWO_PI,)): Fraction("2.5066282746310005024157652848110452530"),
    Power(Call("sqrt", (_TWO_PI,)), MINUS_ONE): Fraction("0.39894228040143267793994605993438186848"),
    Call("sqrt", (Product((TWO, Power(_PI, MINUS_ONE))),)): Fraction("0.79788456080286535587989211986876373695"),
    Power(_PI, MINUS_ONE): Fraction("0.31830988618379067153776752674502872407"),
}
_LEAST_PLACES, _MANY_PLACES = 8, 14  # of a decimal that may stand for a constant, and for another value
_LARGEST_DENOMINATOR = 64
_ROUNDED = Fraction(1, 1 << 51)  # of a value that a computer printed
_LONGEST_FRACTION = 7  # tokens, with the one behind it


class NumberReader(TokenStream):
    """Reads numbers; in a list of arguments a comma between digits separates, but is remembered as doubtful."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self._conventions = frozenset[str]()
        self._asked = dict[str, None]()
        self._in_list = False
        self._doubtful: Token | None = None

    def _takes(self, convention: str) -> bool:
        """Whether `convention` is followed here, where it would make a difference, which is remembered."""
        self._asked[convention] = None
        return convention in self._conventions

    def _number(self, token: Token) -> Expr:
        """The number whose first token, `token`, has just been taken."""
        constant = _constant_in(token.text)
        if constant is not None and self._takes("constant"):
            return constant
        above = self._tokens[self._at - 2].text in ("^", "/") if self._at > 1 else False
        if self._has_decimals(token):
            if not self._in_list:
                return Number(self._with_comma(token))
            digits = self._ahead(2)[1].text.partition(".")
            self._doubtful = token if not digits[1] or len(digits[0]) == 3 else self._doubtful  # 2,0.5 are two numbers
        elif token.text.isdigit() and not above:
            return Number(Fraction(token.text) + self._mixed())
        return Number(Fraction(token.text))

    def _has_decimals(self, token: Token) -> bool:
        match self._ahead(2):
            case [Token(text=",", apart=False), Token(kind="number", apart=False, text=digits)]:
                return token.text.isdigit() and digits[0].isdigit()
        return False

    def _with_comma(self, token: Token) -> Fraction:
        self._take()
        digits = self._take().text
        written = f"{token.text},{digits}"
        if "." in digits or self._has_decimals(Token("number", "0", 0)):
            self._refuse_number(token, written, "write a number without commas, with a decimal point")
        if len(digits) == 3 and token.text[0] != "0" and len(token.text) < 4:
            self._refuse_number(token, written, f"write {token.text}{digits}, or {token.text}.{digits} with a point")
        if len(written) > MOST_DIGITS:
            self._refuse_number(token, f"{written[:8]}…", f"a number has at most {MOST_DIGITS} digits")
        return Fraction(f"{token.text}.{digits}")

    def _refuse_number(self, token: Token, written: str, instead: str) -> NoReturn:
        sentence = f"“{written}” at position {token.position} is not clear: {instead}."
        raise FormulaError(sentence, token.position)

    def _mixed(self) -> Fraction:
        """The fraction of a mixed number; 0 where it is a factor."""
        start, part = self._at, self._proper_fraction()
        if part and self._takes("product"):
            self._at = start
            return Fraction(0)
        return part

    def _proper_fraction(self) -> Fraction:
        """The fraction behind a whole number, 2½ or 2 1/2, taken; 0 where there is none below one."""
        match self._ahead(5):
            case [Token(kind="number"), Token(text="/"), Token(kind="number"), Token(text="^"), *_]:
                return Fraction(0)
            case [Token(kind="number", text=above, apart=True), Token(text="/"), Token(kind="number", text=below), *_]:
                return self._below_one(above, below, 3)
            case [Token(text="\\frac"), *_]:
                written = " ".join(token.text for token in self._ahead(_LONGEST_FRACTION + 1)[1:])
                if found := _FRACTION.match(written):
                    above, below = (part for part in found.groups() if part is not None)
                    return self._below_one(above, below, 1 + len(found[0].split()))
        return Fraction(0)

    def _below_one(self, above: str, below: str, tokens: int) -> Fraction:
        if not (above.isdigit() and below.isdigit() and 0 < int(above) < int(below)):
            return Fraction(0)
        self._at += tokens
        return Fraction(int(above), int(below))


def _constant_in(digits: str) -> Expr | None:
    """The constant, or the value, of which a number of nine digits or more is a decimal; None of any other."""
    _, _, places = digits.partition(".")
    if len(places) < _LEAST_PLACES or not places.isdigit():
        return None
    typed, known = Fraction(digits), _CONSTANTS | (_VALUES if len(places) >= _MANY_PLACES else {})
    margin = Fraction(1, 10 ** len(places))
    if len(places) >= _MANY_PLACES:
        margin = max(margin, typed * _ROUNDED)
        simple = typed.limit_denominator(_LARGEST_DENOMINATOR)
        known[Number(simple)] = simple
    near = [node for node, value in known.items() if value != typed and abs(typed - value) < margin]
    return near[0] if near else None


def decimal(value: Fraction) -> str | None:
    """`value` as a finite decimal of at most 30 digits, with a power of ten where it is far from one; None without."""
    sign, size = "-" if value < 0 else "", abs(value)
    places = _places(size.denominator)
    if places is None or places > _MOST_PLACES:
        return None
    digits = str(size.numerator * 10**places // size.denominator)
    if places <= MOST_DIGITS and len(digits) <= MOST_DIGITS:
        padded = digits.rjust(places + 1, "0")
        whole, fraction = padded[: len(padded) - places], padded[len(padded) - places :]
        return sign + whole + (f".{fraction}" if fraction else "")
    mantissa = digits.rstrip("0")
    exponent = len(digits) - len(mantissa) - places
    if exponent > LARGEST_DECIMAL_EXPONENT:
        mantissa += "0" * (exponent - LARGEST_DECIMAL_EXPONENT)
        exponent = LARGEST_DECIMAL_EXPONENT
    if exponent < -LARGEST_DECIMAL_EXPONENT:
        behind = -LARGEST_DECIMAL_EXPONENT - exponent
        padded = mantissa.rjust(behind + 1, "0")
        mantissa, exponent = f"{padded[:-behind]}.{padded[-behind:]}", -LARGEST_DECIMAL_EXPONENT
    return f"{sign}{mantissa}e{exponent}" if len(mantissa.replace(".", "")) <= MOST_DIGITS else None


def is_writable(value: Fraction) -> bool:
    """Whether a formula can have `value`, as a decimal or as one whole number over another."""
    too_long = 10**MOST_DIGITS
    return decimal(value) is not None or max(abs(value.numerator), value.denominator) < too_long


def _places(denominator: int) -> int | None:
    """How many decimal places a number over `denominator` has; None where they never end."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None
