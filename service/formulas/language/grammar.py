"""Tokens → tree, by recursive descent.

sum        := product { ("+" | "-") product }
product    := signed { ("*" | "/") signed | power }          a missing sign is a multiplication
signed     := ("+" | "-") signed | power
power      := primary [ "^" signed ]
primary    := number | name | function | brackets | "|" expression "|" | where | \\frac | \\sqrt | cases
function   := name [ "^" power ] ( "(" arguments ")" | "|" expression "|" | bare )
bare       := numbers, constants and parameters, then one factor with the variable: sinh 2 pi z

Pieces, expressions and cases are those of `cases`, conditions those of `logic`, functions those of `arguments`.
"""

from collections.abc import Collection
from functools import lru_cache

from service.formulas.language.characters import as_typed, spelled
from service.formulas.language.equations import sides_of, without_remarks
from service.formulas.language.forms import divided, raised
from service.formulas.language.lines import on_one_line
from service.formulas.language.logic import COMPARISONS, WORDS
from service.formulas.language.powers import PowerRules
from service.formulas.language.tokens import FormulaError, Token, tokenize
from service.formulas.language.tree import (
    Call,
    Constant,
    Expr,
    Product,
    Sum,
    Symbol,
    joined,
)
from service.formulas.language.words import Words

_OPENING = ("(", "{", "[", "\\lvert", "\\frac", "\\sqrt", "\\surd", "\\begin")
_OTHER_LETTERS = ("z", "x", "X", "t", "Z")
_MOST_READ, _MOST_FOUND, _LARGEST_WORK = 60, 16, 4000  # readings tried, and found; characters read in all
_MOST_TOGETHER = 3  # conventions
_MOST_REMEMBERED = 128
"""Texts that were read lately."""
_RARE = {"denominator", "adjacent", "root", "onward", "bracket", "outside", "tower", "raised", "sum"}
"""Conventions by which much of a formula moves; they are tried last."""


def parse(text: str, variable: str = "z", parameters: Collection[str] = ()) -> Expr:
    """The formula that `text` states; FormulaError with the position and what would be right there."""
    for name in sorted(set(parameters) & Words(variable, parameters, variable).taken()):
        raise FormulaError(f"`{name}` already means something in formulas; the parameter needs another name.", 1)
    return _read(text, variable, parameters)[0]


def other_readings(text: str, variable: str = "z", parameters: Collection[str] = ()) -> tuple[Expr, ...]:
    """What `text` may mean besides, under other usual conventions than those of `parse`; () where it is clear."""
    return _others(text, variable, tuple(parameters))


@lru_cache(_MOST_REMEMBERED)
def _others(text: str, variable: str, parameters: tuple[str, ...]) -> tuple[Expr, ...]:
    try:
        node, parser = _read(text, variable, parameters)
    except FormulaError:
        return ()
    found, waiting, tried = [node], parser.conventions(), set[frozenset[str]]()
    bound = max(16, min(_MOST_READ, _LARGEST_WORK // len(text)))
    while waiting and len(tried) < bound and len(found) <= _MOST_FOUND:
        tried.add(conventions := waiting.pop(0))
        other = parser.under(conventions)
        try:
            node = other.whole()
        except FormulaError:
            continue
        if node not in found:
            found.append(node)
            further = {*other.conventions()} - tried
            waiting = sorted({*waiting, *further}, key=lambda one: (len(one) + len(one & _RARE), *sorted(one)))
    return tuple(found[1:])


def _read(text: str, variable: str, parameters: Collection[str]) -> tuple[Expr, "_Parser"]:
    found = _read_lately(text, variable, tuple(parameters))
    if isinstance(found, FormulaError):
        raise FormulaError(found.sentence, found.position)
    return found


@lru_cache(_MOST_REMEMBERED)
def _read_lately(text: str, variable: str, parameters: tuple[str, ...]) -> tuple[Expr, "_Parser"] | FormulaError:
    """The formula, or why there is none: an answer is read for its value, its sides and its other readings."""
    try:
        return _newly_read(text, variable, parameters)
    except FormulaError as error:
        return error.with_traceback(None)


def _newly_read(text: str, variable: str, parameters: Collection[str]) -> tuple[Expr, "_Parser"]:
    written, origins = spelled(on_one_line(text))
    words = Words(variable, parameters, variable)
    written = without_remarks(written, words)
    start, end, *further = (place for side in sides_of(written, words) for place in side)
    if further:
        sentence = f"“=” at position {origins[end]} stands between two formulas: write one of them alone."
        raise FormulaError(sentence, origins[end])
    tokens = tokenize(written[start:end], origins[start : end + 1])
    if len(tokens) == 1:
        raise FormulaError("No formula stands here; write one, such as z*tanh(z).", 1)
    others = [] if words.stands_in(tokens) else dict.fromkeys((*_OTHER_LETTERS, variable.swapcase()))
    letters = [one for one in others if one not in (variable, *parameters)]
    failed: FormulaError | None = None
    for letter in (variable, *letters):
        if letter != variable and not words.has_unknown(tokens, letter):
            continue
        spoken = Words(variable, parameters, letter)
        try:
            parser = _Parser(spoken.resolved(tokens), spoken, frozenset())
            return parser.whole(), parser
        except FormulaError as error:
            failed = error if failed is None or error.position > failed.position else failed
    raise as_typed(failed or words.unknown(tokens[0]), text)


class _Parser(PowerRules):
    """The rules, one method each."""

    def __init__(self, tokens: list[Token], words: Words, conventions: frozenset[str]) -> None:
        super().__init__([*tokens], words, conventions)
        self._written = tokens
        self._divides = not any(token.text in (*WORDS, *COMPARISONS, "?", "&") for token in tokens)

    def under(self, conventions: frozenset[str]) -> "_Parser":
        """A parser of the same formula by other conventions."""
        return _Parser(self._written, self._words, conventions)

    def conventions(self) -> list[frozenset[str]]:
        """The own conventions with each one more that would have made a difference to what was read."""
        further = [one for one in self._asked if one not in self._conventions]
        return [self._conventions | {one} for one in further] if len(self._conventions) < _MOST_TOGETHER else []

    def whole(self) -> Expr:
        node = self._all_pieces()
        if self._next.kind != "end":
            self._leave_over()
        node.check_size()
        return node

    def _sum(self) -> Expr:
        terms = [self._product()]
        while sign := self._accept("+", "-"):
            self._check_margin(sign)
            term = self._product()
            terms.append(term if sign.text == "+" else term.negated())
        return joined(terms, Sum)

    def _check_margin(self, sign: Token) -> None:
        """Refuse 1.2 +- 0.1, which is no sum; `sign` has just been taken."""
        match self._ahead(3):
            case [Token(text="-", apart=False), Token(kind="number"), Token(kind="end")] if sign.text == "+":
                self._fail("write the number alone, or + or −", sign, "begins “+-”, a margin")

    def _product(self) -> Expr:
        factors = [self._signed()]
        while True:
            if self._accept("*"):
                factors.append(self._signed())
            elif self._accept("/", *([":"] if self._divides else [])):
                factors = divided(factors, self._denominator())
            elif self._starts_primary():
                factors = self._with_factor(factors)
            else:
                return joined(factors, Product)

    def _with_factor(self, factors: list[Expr]) -> list[Expr]:
        """The factors with the one that comes next, which by another convention is an exponent: z½."""
        *before, last = factors
        position, behind = self._next.position, self._last.kind == "name" or self._last.text == ")"
        if self._next.text == "\\frac" and not self._next.apart and behind and self._takes("half"):
            return [*before, raised(last, self._bounded(self._primary(), position))]
        opening = self._next
        factor = self._power()
        if opening.text in ("(", "[") and self._remembered(factor) is not None and self._remembered(last) is None:
            self._check_single(before, opening)
        return [*factors, factor]

    def _check_single(self, before: list[Expr], opening: Token) -> None:
        """Refuse 1 (z>0) 0 (z<0), whose conditions are those of rows; the second one opens with `opening`."""
        if any(self._remembered(factor) is not None for factor in before):
            self._fail("write “;” between two rows, or * for a product", opening, "begins a second condition")

    def _denominator(self) -> Expr:
        factors = [self._signed()]
        while self._starts_primary() and (
            self._takes("denominator") or (not self._next.apart and self._takes("adjacent"))
        ):
            factors.append(self._power())
        return self._with_sum(joined(factors, Product))

    def _signed(self) -> Expr:
        sign = self._accept("+", "-")
        if sign is None:
            return self._power()
        self._deeper()
        node = self._signed()
        self._depth -= 1
        return node.negated() if sign.text == "-" else node

    def _starts_primary(self) -> bool:
        token = self._next
        if token.kind == "name":
            return not self._is_word(WORDS)
        if token.kind == "number":
            return self._may_follow(token)
        if token.text == "|":
            return self._bars == 0 and self._at != self._truth_ends
        return token.text in _OPENING and not (token.text == "[" and self._is_outward)

    def _may_follow(self, token: Token) -> bool:
        """Whether a number may stand behind what was read last; a lost exponent is told from a factor."""
        before = self._last
        of_power = self._ahead(2)[-1].text == "^"  # ln(2)2^z
        if before.text in (")", "]", "|", "\\rvert") and not token.apart and not of_power:
            self._fail(f"write ^{token.text} for a power, or *{token.text} for a product")
        if before.kind == "number":
            return of_power and token.apart  # 1.5 10^-3
        return True

    def _primary(self) -> Expr:
        token = self._take()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "name":
            return self._name(token)
        match token.text:
            case "(" | "{" | "[":
                return self._closed(token)
            case "|":
                return self._absolute(token)
            case "\\lvert":
                return Call("abs", (self._closed(token),))
            case "\\frac":
                return self._fraction(token)
            case "\\sqrt" | "\\surd":
                return self._root(token)
            case "^" if degree := self._degree_before():
                return self._real_root(self._single(whole=True), degree, token)
            case "\\begin":
                return self._cases()
        self._give_back()
        return self._fail(self._missing())

    def _absolute(self, opening: Token) -> Expr:
        self._bars += 1
        node = self._expression()
        self._close(opening, "|")
        self._bars -= 1
        return Call("abs", (node,))

    def _name(self, token: Token) -> Expr:
        name = token.text
        if name in self._words.parameters:
            return Symbol(name)
        if name == self._words.letter:
            return Symbol(self._words.variable)
        if name == "sqrt" and self._has_degree():
            return self._root(token)
        if self._words.is_function(name):
            return self._application(token)
        if name == "e":
            self._check_exponent()
        if name == "e" and self._continues() and self._takes("raised"):
            return Call("exp", (self._power(),))
        if name in ("e", "pi"):
            return Constant(name)
        node = self._piecewise(name)
        if node is None:
            raise self._words.unknown(token)
        return node

    def _check_exponent(self) -> None:
        """Refuse e-z and 1.5 e-3, where a sign ^ or a blank too many makes a difference."""
        match self._ahead(3):
            case [Token(text="-", apart=False), Token(apart=False) as first, second]:
                letter = self._words.letter
                lost = letter in (first.text, second.text if not second.apart and first.kind == "number" else "")
                before = self._tokens[self._at - 2] if self._at > 1 else first
                if before.kind == "number" and first.kind == "number":
                    self._fail(
                        f"write {before.text}e-{first.text} without a blank, or e - {first.text} for a difference"
                    )
                if lost:
                    self._fail("write e^-… for a power, or e - … with blanks for a difference")

    def _missing(self) -> str:
        """What to say where a number, a name or a bracket has to follow and does not."""
        before = f" behind “{self._last.text}”" if self._at else ""
        return f"a number, a name or a parenthesis belongs{before or ' here'}"
