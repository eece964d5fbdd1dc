"""f'(z), dφ/dz, \\sigma'(z), "the derivative" in a student's formula → what they stand for in a question."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from service.formulas.enclosures.balls import Undecided
from service.formulas.enclosures.program import VARIABLE, slope_of
from service.formulas.language.build import replaced
from service.formulas.language.functions import FUNCTIONS
from service.formulas.language.grammar import other_readings, parse
from service.formulas.language.tokens import FormulaError
from service.formulas.language.tree import Expr, Number, Symbol, call
from service.grading.answers import Unreadable

_NAME = r"(?:\\(?:varphi|phi|sigma|psi|rho)(?![a-zA-Z])|varphi|phi|sigma|psi|[fFgGhsSya]|[φϕσψ])"
_APART = r"(?<![A-Za-zÀ-ÖØ-öø-ÿ\\])"
_VALUE_NAME = (
    r"(?:\\(?:varphi|phi|psi)(?![a-zA-Z])|" + _APART + r"(?:varphi|phi|psi|[fFghya]|[φϕψ]))(?![A-Za-zÀ-ÖØ-öø-ÿ0-9_'])"
)
_PRIMES = r"(?:['’‘′´ʹ]|″|''|\^\s*\{?\s*(?:\\prime\s*)+\}?|\^\s*\{'+\}|\^\s*\{\s*\(\d\)\s*\})+"
_ARGUMENT = (  # anything but a number or the variable is left to be refused, as is a number behind it: f'(z)2
    r"(?:\s*+(?:\\left|\\big)?\s*+\((?P<{}>(?:[^()]|\([^()]*+\))*+)\)|(?!\s*+(?:\\left\s*+)?\())(?!\s*+\d)"
)
_D = r"(?:\\(?:mathrm|operatorname)\s*+\{\s*+d\s*+\}|\\mathrm\s++d|\\partial(?![a-zA-Z])|∂|d)\s*+"
_POWER = r"(?P<{}>\^\s*+\{{?\s*+\d\s*+\}}?|[²³])?\s*+"
_BY = rf"{_D}[zxt](?:\s*+\^\s*+\{{?\s*+\d\s*+\}}?|[²³])?"
_DERIVATIVES = [
    re.compile(rf"{_APART}{_NAME}\s*(?P<primes>{_PRIMES}){_ARGUMENT.format('at')}"),
    re.compile(
        rf"\\[dtc]?frac\s*\{{\s*{_D}{_POWER.format('power')}(?P<above>{_NAME}{_ARGUMENT.format('of')})?\s*\}}"
        rf"\s*\{{\s*{_BY}\s*\}}(?(above)|\s*{_NAME}){_ARGUMENT.format('at')}"
    ),
    re.compile(
        rf"{_APART}{_D}{_POWER.format('power')}(?P<above>{_NAME}{_ARGUMENT.format('of')})?\s*/\s*{_BY}"
        rf"(?![A-Za-z0-9])(?(above)|\s*{_NAME}){_ARGUMENT.format('at')}"
    ),
    re.compile(r"\b(?:first |1st )?(?:derivative|slope)\b", re.IGNORECASE),
]
_OTHERS_DERIVATIVE = re.compile(
    rf"(?<![A-Za-z])\\?(?P<name>[A-Za-z]{{2,}}+)\s*+(?P<primes>{_PRIMES}){_ARGUMENT.format('at')}"
)
_VALUE = re.compile(rf"{_VALUE_NAME}{_ARGUMENT.format('at')}")
_BY_ITS_COMPLEMENT = re.compile(rf"{_APART}(?P<it>\\?[A-Za-z]+|[σφϕψ])\s*\(\s*1\s*[-−]\s*(?P=it)\s*\)")
_LONE_SIGMA = re.compile(rf"^[\s|]*(?P<it>(?:\\sigma|sigma|σ){_ARGUMENT.format('at')})[\s|]*$")
_BARS = re.compile(r"\\\||‖|\|\s*\||\\[lr]?Vert(?![a-zA-Z])")
_PRIME = re.compile(r"['’‘′´ʹ]|\\prime|(?P<two>″)|\((?P<count>\d)\)")
_NORM = re.compile(r"(?<=[| ])_\s*(?:∞|\\infty(?![a-zA-Z])|\{\s*(?:∞|\\infty)\s*\})")
_CLOSING = re.compile(r"\\(?:right|big)\s*+$")
_ANYWHERE = {"z", "x", "t", "", ".", "·", r"\cdot", "ℝ", "R", r"\mathbb{R}", r"\mathbb R"}
_LETTERS = "QJYVUWKD"
_HIGHEST = 2


@dataclass(frozen=True)
class Named:
    """What an answer may name: an activation f and its derivatives, in any notation, and parameters."""

    formulas: tuple[Expr | None, ...]
    """f and f' of z; None for what is not known."""
    parameters: Mapping[str, float]
    kind: str = ""
    reading: int = 0
    """Which of the other usual ways to read a formula is taken, where there are as many; 0 is that of formulas."""

    @staticmethod
    def symbol(order: int) -> Symbol:
        """What stands for f or a derivative in formulas that were read."""
        return Symbol(f"f_{order}")

    def others(self, symbol: Symbol) -> list[str]:
        """Every other name that may stand in a formula that was read."""
        return [VARIABLE, *(self.symbol(order).name for order in range(_HIGHEST + 1) if self.symbol(order) != symbol)]

    def mentions(self, text: str) -> bool:
        """Whether `text` names the activation or a derivative."""
        return bool(self._masking(text).letters)

    def read(self, text: str, start: int = 0) -> Expr:
        """The formula in `text`, which begins at `start` of a longer one, with symbols in it; Unreadable without."""
        masking = self._masking(text)
        try:
            node = self._parsed(" " * start + masking.masked, (*self.parameters, *masking.letters))
        except FormulaError as error:
            raise Unreadable(error.sentence, error.position) from None
        for name, value in self.parameters.items():
            node = replaced(node, Symbol(name), Number(Fraction(repr(value))))
        for letter, meant in masking.letters.items():
            node = node.substituted(Symbol(letter), meant)
        return node

    def _masking(self, text: str) -> "_Masking":
        return _masking(self.formulas, tuple(self.parameters.items()), self.kind, text)

    def _parsed(self, text: str, names: tuple[str, ...]) -> Expr:
        node = parse(text, VARIABLE, names)
        others = other_readings(text, VARIABLE, names) if self.reading else ()
        return others[self.reading - 1] if 0 < self.reading <= len(others) else node

    def formula(self, node: Expr) -> Expr | None:
        """`node` as a formula of z alone; None where it names what is not known."""
        for order in range(_HIGHEST + 1):
            symbol = self.symbol(order)
            known = self.known(order) if node.depends_on(symbol.name) else symbol
            if known is None:
                return None
            node = node.substituted(symbol, known)
        return node

    def known(self, order: int) -> Expr | None:
        """f, f' or f'' of z; None where it is not known."""
        if order < len(self.formulas):
            return self.formulas[order]
        last = self.formulas[-1]
        with suppress(Undecided):
            return None if last is None else slope_of(last, order - len(self.formulas) + 1)
        return None


class _Masking:
    """Names in one text, replaced by letters that do not stand in it, each with blanks behind it."""

    def __init__(self, named: Named, text: str) -> None:
        self._named = named
        self._used = {*text, *named.parameters}
        self.letters: dict[str, Expr] = {}
        self.masked = self._masked(text)

    def _masked(self, text: str) -> str:
        text = _BARS.sub(lambda found: "|".ljust(len(found[0])), text)
        text = _NORM.sub(lambda found: " " * len(found[0]), text)
        for pattern in _DERIVATIVES:
            text = pattern.sub(self._derivative, text)
        text = _BY_ITS_COMPLEMENT.sub(self._product, text)
        text = _OTHERS_DERIVATIVE.sub(self._of_another, text)
        if lone := _LONE_SIGMA.fullmatch(text):
            begin, end = lone.span("it")
            return text[:begin] + self._instead(lone["it"], 0, lone["at"]) + text[end:]
        return _VALUE.sub(self._value, text)

    def _derivative(self, found: re.Match[str]) -> str:
        groups = found.groupdict()
        order = _order(groups.get("primes"), groups.get("power"))
        return self._instead(found[0], order, groups.get("at") or groups.get("of"))

    def _of_another(self, found: re.Match[str]) -> str:
        name, order = found["name"].lower(), _order(found["primes"], None)
        if name == self._named.kind:
            return self._instead(found[0], order, found["at"])
        if name not in FUNCTIONS or order != 1:
            return found[0]
        return self._letter(found[0], slope_of(call(name, Symbol(VARIABLE)), 1))

    def _product(self, found: re.Match[str]) -> str:
        """f(1 - f), which is a product."""
        name = found["it"]
        if not re.fullmatch(_NAME, name) or name in self._named.parameters:
            return found[0]
        return found[0].replace(name, self._letter(name, self._named.symbol(0)))

    def _value(self, found: re.Match[str]) -> str:
        if found[0].strip() in self._named.parameters or found[0][0] in self._named.parameters:
            return found[0]
        return self._instead(found[0], 0, found["at"])

    def _instead(self, written: str, order: int, at: str | None) -> str:
        """A letter for f or a derivative, or for its value at a number."""
        symbol = self._named.symbol(order)
        if order > _HIGHEST:
            raise Unreadable(f"“{written}” is a higher derivative than is read here.")
        at = None if at is None else _CLOSING.sub("", at).strip()
        if at is None or at in _ANYWHERE:
            return self._letter(written, symbol)
        place, known = Named((None,), self._named.parameters).read(at), self._named.known(order)
        if place.has_names() or known is None:
            raise Unreadable(f"“{written}” is not understood here; write {_shown(order)} or its value.")
        return self._letter(written, replaced(known, Symbol(VARIABLE), place))

    def _letter(self, written: str, meant: Expr) -> str:
        taken = {letter for letter, node in self.letters.items() if node == meant}
        letter = next(iter(taken), None) or next(self._free(), None)
        if letter is None:
            raise Unreadable("There are more names here than can be read.")
        self.letters[letter] = meant
        return letter.ljust(len(written))

    def _free(self) -> Iterator[str]:
        return (letter for letter in _LETTERS if letter not in self._used and letter not in self.letters)


@lru_cache(maxsize=256)
def _masking(
    formulas: tuple[Expr | None, ...], parameters: tuple[tuple[str, float], ...], kind: str, text: str
) -> _Masking:
    """The names in a text, which is asked for them, read, and read in other ways."""
    return _Masking(Named(formulas, dict(parameters), kind), text)


def _order(primes: str | None, power: str | None) -> int:
    """How often something was differentiated; once where neither says it."""
    if primes:
        marks = _PRIME.finditer(primes)
        return sum(2 if mark["two"] else int(mark["count"] or 1) for mark in marks)
    digits = re.sub(r"\D", "", (power or "1").translate(str.maketrans("²³", "23")))
    return int(digits)


def _shown(order: int) -> str:
    return "f" + "'" * order + "(z)"
