"""The words of a formula: how each may be spelled, several that run together, and what an unknown one may mean."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import zip_longest

from service.formulas.language.forms import FORMS
from service.formulas.language.functions import EXTREMES, FUNCTIONS
from service.formulas.language.indicators import PIECEWISE_NAMES
from service.formulas.language.logic import WORDS
from service.formulas.language.tokens import FormulaError, Token

_FORMS = {*FORMS, "log", "pow", "root", "cbrt"}
_CONSTANTS = {"e", "pi"}
_RESERVED = ("arctan", "arsinh", "arcsinh", "log", "log_10", "ReLU", "sgn", "if", "else", "otherwise", "for", "where")
_INVERSE = {
    f"{start}{name}": f"a{name}" for name in ("sin", "cos", "tan", "cot", "sec", "csc") for start in ("arc", "Arc")
}
_AREA = {
    f"{start}{written}": f"a{name}"
    for name in ("sinh", "cosh", "tanh", "coth", "sech", "csch")
    for written in (name, *({"sinh": ("sh",), "cosh": ("ch",), "tanh": ("th", "tgh"), "coth": ("cth",)}.get(name, ())))
    for start in ("ar", "arc", "arg", "area")
}
SYNONYMS = {
    **_INVERSE,
    **_AREA,
    "th": "tanh",
    "tgh": "tanh",
    "sh": "sinh",
    "ch": "cosh",
    "cth": "coth",
    "ctgh": "coth",
    "cotanh": "coth",
    "tg": "tan",
    "sen": "sin",
    "senh": "sinh",
    "nthroot": "root",
    "cdf": "Phi",
    "pdf": "phi",
    "ctg": "cot",
    "cotan": "cot",
    "cosec": "csc",
    "arctg": "atan",
    "arcctg": "acot",
    "argth": "atanh",
    "lg": "log10",
    "ld": "log2",
    "lb": "log2",
    "In": "ln",
    "sgn": "sign",
    "signum": "sign",
    "sig": "sigmoid",
    "logistic": "sigmoid",
    "expit": "sigmoid",
    "sigma": "sigmoid",
    "varsigma": "sigmoid",
    "varphi": "phi",
    "maximum": "max",
    "minimum": "min",
    "fabs": "abs",
    "fmax": "max",
    "fmin": "min",
    "power": "pow",
    "arcsinh": "asinh",
    "asinh": "asinh",
    "arctan2": "atan2",
    "M_PI": "pi",
    "M_E": "e",
}
_MEANT = {
    **dict.fromkeys(("swish", "silu"), "z*sigmoid(z)"),
    "gelu": "z*(1 + erf(z/sqrt(2)))/2",
    "elu": "where(z > 0, z, exp(z) - 1)",
    "leaky_relu": "max(z, 0.01*z)",
    "leakyrelu": "max(z, 0.01*z)",
    "relu6": "min(max(z, 0), 6)",
    "hardtanh": "max(-1, min(1, z))",
    "softsign": "z/(1 + abs(z))",
    "mish": "z*tanh(softplus(z))",
    "stanh": "z*tanh(z)",
    "clamp": "min and max, as in max(-1, min(1, z))",
    "clip": "min and max, as in max(-1, min(1, z))",
    **dict.fromkeys(("x", "X"), "{variable}, or * for a product"),
    "sigm": "sigmoid(z)",
    "sine": "sin(z)",
    "cosine": "cos(z)",
    "tangent": "tan(z)",
    "loge": "ln(z)",
    "norm": "abs(z)",
    "sqr": "sqrt(z), or z^2",
    "softmax": "a formula of z alone: a softmax has several arguments",
    "inf": "a number: infinity is none",
    "infinity": "a number: infinity is none",
    "infty": "a number: infinity is none",
    **dict.fromkeys(("partial", "d", "dz", "diff"), "the derivative out"),
    **dict.fromkeys(("f", "g", "h", "y", "phi", "psi"), "its formula; the variable is {variable}"),
    "over": "\\frac{…}{…}",
    "pm": "+ or −",
    "approx": "the exact value",
}
_ENGLISH = {"cost", "main", "since", "minus", "mint", "mine", "sing", "there", "here", "these", "were"}  # no functions
_CLOSE = 0.74  # of the letters, tnah is tanh
_OTHERWISE = {("en", "otro", "caso"), ("en", "caso", "contrario"), ("de", "lo", "contrario")}
_LONGEST_WORD = 24  # that may be several words run together
_MOST_LETTERS = 3  # of them, where none is the name of a function
_LOGARITHM = re.compile(r"(log|ln)_(\d+|[A-Za-z])")
_COUNTED = re.compile(r"([A-Za-z]{0,20}ln)(\d{1,9})")  # ln2 is a number
_ROOT = re.compile(r"([A-Za-z]{0,20})sqrt(\d{1,9})([A-Za-z]{0,20})")
_ALWAYS_KNOWN = frozenset((*FUNCTIONS, *EXTREMES, *_FORMS, *_CONSTANTS, *WORDS, *PIECEWISE_NAMES))
_DIGITS_BEHIND = re.compile(r"([A-Za-z]+)(\d+)([A-Za-z]*)")


@dataclass(frozen=True)
class Words:
    """The words that a formula of `variable`, which is written `letter`, and of `parameters` may have."""

    variable: str
    parameters: Collection[str]
    letter: str = "z"
    _known: frozenset[str] = field(init=False, repr=False)
    _split_words: dict[str, list[str]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", _ALWAYS_KNOWN.union((self.letter,), self.parameters))

    def taken(self) -> set[str]:
        """The names that no parameter may have."""
        return {*FUNCTIONS, *EXTREMES, *_RESERVED, *_CONSTANTS, self.variable}

    def resolved(self, tokens: list[Token]) -> list[Token]:
        """`tokens` with every word under the name that the grammar knows, and words that run together apart."""
        found, tokens = list[Token](), _phrased(tokens)
        for token, behind in zip_longest(tokens, tokens[1:]):
            found += self._parts(token, behind) if token.kind == "name" else [token]
            if token.text in ("{", "}") or token.kind == "name":
                _join(found, self.parameters)
        return found

    def knows(self, word: str) -> bool:
        """Whether `word` means something in a formula."""
        return self._name(word) is not None or self._pieces(word) != [word]

    def stands_in(self, tokens: list[Token]) -> bool:
        """Whether the variable stands in `tokens`."""
        return any(token.kind == "name" and self.letter in self._pieces(token.text) for token in tokens)

    def has_unknown(self, tokens: list[Token], letter: str) -> bool:
        """Whether `letter` occurs in a word that means nothing here."""
        return any(token.kind == "name" and letter in token.text and not self.knows(token.text) for token in tokens)

    def is_function(self, name: str) -> bool:
        """Whether `name` takes arguments."""
        return (name in FUNCTIONS or name in EXTREMES or name in _FORMS) and name not in self.parameters

    def is_plain(self, name: str) -> bool:
        """Whether `name` is the variable, a parameter or a constant."""
        return name == self.letter or name in self.parameters or name in _CONSTANTS

    def unknown(self, token: Token) -> FormulaError:
        """The refusal of a word that means nothing here, with what may have been meant."""
        known = [*FUNCTIONS, *EXTREMES, *self.parameters, self.letter, "where", "pi"]
        if len(token.text) > _LONGEST_WORD:
            shown = f"“{token.text[:_LONGEST_WORD]}…” at position {token.position}"
            return FormulaError(
                f"{shown} is not known here; write the functions and names in it apart.", token.position
            )
        shown = f"“{token.text}” at position {token.position}"
        meant = _MEANT.get(token.text.lower())
        if meant is not None:
            meant = meant.replace("{variable}", self.variable)
            return FormulaError(f"{shown} is not known here; write {meant}.", token.position)
        if digits := _DIGITS_BEHIND.fullmatch(token.text):
            return FormulaError(f"{shown} is not known here; {self._with_digits(*digits.groups())}.", token.position)
        typed = token.text.lower()
        close = get_close_matches(typed, known, n=5, cutoff=_CLOSE) if len(typed) > 2 and typed not in _ENGLISH else []
        letters = sorted(typed)
        close.sort(key=lambda name: sorted(name) != letters)  # letters in the wrong order are the likeliest slip
        hint = f"did you mean {close[0]}?" if close else f"the variable is {self.variable}."
        return FormulaError(f"{shown} is not known here; {hint}", token.position)

    def _with_digits(self, word: str, digits: str, rest: str) -> str:
        name = self._name(word) or word
        if name == "sqrt":
            return f"write {word}({digits})*(…), or {word}({digits}*…)"
        if self.is_function(name):
            argument = f"{digits}{rest}" if rest else f"{digits}*{self.letter}"
            return f"write {word}({argument}), or {word}^{digits}({rest or self.letter})"
        return f"write {word}^{digits}, or {digits}*{word}"

    def _parts(self, token: Token, behind: Token | None) -> Iterator[Token]:
        counted = _COUNTED.fullmatch(token.text)
        if counted and token.text not in self.parameters and behind and behind.text not in ("(", "[", "{", "^"):
            yield from self._parts(replace(token, text=counted[1]), None)
            yield replace(token, kind="number", text=counted[2], position=token.position + len(counted[1]), apart=False)
            return
        based = _LOGARITHM.fullmatch(token.text)
        if based and token.text not in self.parameters:
            yield replace(token, text=based[1])
            yield replace(token, kind="operator", text="_", apart=False)
            yield replace(token, kind="number" if based[2].isdigit() else "name", text=based[2], apart=False)
            return
        root = _ROOT.fullmatch(token.text)
        if root and token.text not in self.parameters and not (behind and behind.text in ("(", "[", "{")):
            yield from self._with_root(token, *root.groups())
            return
        place = token.position
        for number, part in enumerate(self._pieces(token.text)):
            yield replace(token, text=self._name(part) or part, position=place, apart=token.apart and not number)
            place += len(part)

    def _with_root(self, token: Token, before: str, digits: str, rest: str) -> Iterator[Token]:
        """The root of a number, sqrt2, with the words that run together with it."""
        place = token.position + len(before)
        yield from self._parts(replace(token, text=before), None) if before else ()
        yield replace(token, kind="operator", text="\\surd", position=place, apart=token.apart and not before)
        yield replace(token, kind="number", text=digits, position=place + 4, apart=False)
        if rest:
            yield from self._parts(replace(token, text=rest, position=place + 4 + len(digits), apart=False), None)

    def _pieces(self, word: str) -> list[str]:
        """The words that `word` is made of: one, where it is known or none of its pieces are."""
        if word not in self._split_words:
            whole = self._name(word) is not None or word.lower() in _MEANT
            self._split_words[word] = [word] if whole else self._split(word)
        return self._split_words[word]

    def _name(self, word: str) -> str | None:
        """The name that the grammar has for `word`; None where it has none."""
        if word in self.parameters or word == self.letter:
            return word
        for written in (word, word.lower()):
            if word == "Sigma" or (len(written) == 1 and word not in (written, "E")):
                break
            name = SYNONYMS.get(written, written)
            if name in self._known:
                return name
        return None

    def _split(self, word: str) -> list[str]:
        """The fewest known words that `word` is made of; `word` itself where it is none of these."""
        if not (1 < len(word) <= _LONGEST_WORD and word.isalnum()):
            return [word]
        best: list[list[str] | None] = [[]]
        for end in range(1, len(word) + 1):
            ways = [
                [*before, word[start:end]]
                for start, before in enumerate(best)
                if before is not None and self._is_piece(word[start:end], is_last=end == len(word))
            ]
            best.append(min(ways, key=len, default=None))
        found = best[-1]
        if found is None or not self._has_arguments(found):
            return [word]
        if len(found) > _MOST_LETTERS and max(map(len, found)) == 1 < len(set(found)):
            return [word]
        return found

    def _has_arguments(self, pieces: list[str]) -> bool:
        """Whether the variable follows each function but a last one: sinz is sin z, sine is no sin e."""
        waiting = False
        for number, piece in enumerate(pieces):
            if piece == self.letter:
                waiting = False
            elif self.is_function(self._name(piece) or "") and number < len(pieces) - 1:
                waiting = True
        return not waiting

    def _is_piece(self, part: str, is_last: bool) -> bool:
        name = self._name(part)
        if name is None or (name in WORDS and not self.is_plain(name)):
            return False
        return (
            self.is_plain(name) or (is_last and name in PIECEWISE_NAMES) or (len(part) > 1 and self.is_function(name))
        )


def _phrased(tokens: list[Token]) -> list[Token]:
    """`tokens` with one word for each phrase that means otherwise."""
    found = list[Token]()
    for token in tokens:
        found.append(token)
        if tuple(one.text for one in found[-3:]) in _OTHERWISE:
            found[-3:] = [replace(found[-3], text="otherwise")]
    return found


def _join(found: list[Token], parameters: Collection[str]) -> None:
    """One name for `arc tan`, and for a function's name in braces of its own; \\frac for frac{…}."""
    match found:
        case [*_, Token(kind="name", text="arc" | "ar" | "a" as start), Token(kind="name", text=name) as last] if (
            f"a{name}" in FUNCTIONS and start not in parameters and (start == "arc" or not last.apart)
        ):
            found[-2:] = [replace(found[-2], text=f"a{name}")]
        case [*_, Token(text="{"), Token(kind="name", text=name), Token(text="}")] if name in FUNCTIONS:
            found[-3:] = [replace(found[-2], apart=found[-3].apart)]
        case [*_, Token(kind="name", text="frac" | "dfrac" | "tfrac"), Token(text="{")]:
            found[-2] = replace(found[-2], kind="operator", text="\\frac")
