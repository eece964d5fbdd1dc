"""Plain text or LaTeX → tokens, with the bounds on a formula's text."""

import re
from dataclasses import dataclass, replace
from typing import NoReturn

from service.core.errors import SpecError

LONGEST_TEXT = 512
MOST_DIGITS = 30
LARGEST_DECIMAL_EXPONENT = 300
_DEEPEST = 40
_LEXEME = re.compile(
    r"(?P<number>(?:\d{1,3}(?:'\d{3})+(?!\d)|\d+\{\s*,\s*\}\d+|\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<operator><=|=<|>=|\*\*|==|!=|:=|&&|[+\-*/^()\[\]<>,;:|&{}=_'?]|\.(?![*/^]))"
    r"|(?P<name>[A-Za-z](?:[A-Za-z0-9]|_+(?=[A-Za-z0-9]))*)"
    r"|\\(?P<command>[A-Za-z]+|[\\,;:!{}|()\[\]& ])"
    r"|(?P<silent>[$`~]|\.(?=[*/^])|%(?=(?:e|pi)(?![A-Za-z0-9])))"
)
_MODULES = re.compile(
    r"(?:(?:np|numpy|math|cmath|torch|tf|tensorflow|jnp|jax|F|nn|functional|scipy|special|stats|norm(?=\s*\.\s*[cp]df)|K|keras|activations|backend"
    r"|sp|sympy|Math)\s*\.\s*)+(?=[A-Za-z])"
)
_TIMES = re.compile(r"[xX]\s*(?=10\s*\^)")
_WORD = re.compile(r"\s*(?:\{\s*([A-Za-z](?:[A-Za-z0-9]|\\?_)*)\s*[.,;]?\s*\}|([A-Za-z])(?![A-Za-z]))")
_PLAIN_GROUP = re.compile(r"\s*\{([^{}]*)\}")
_INDICATOR = re.compile(r"\s*(?:\{\s*[1I]\s*\}|[1I](?![A-Za-z0-9]))(?=\s*(?:[_(\[]|\\[{(\[]|\\left|\\lbrace))")
_BAR = re.compile(r"\s*(?:\||\\(?:[lr]?[vV]ert(?![A-Za-z])|\||mid(?![A-Za-z])))")
_BRACE_BEHIND = re.compile(r"\s*\\right\s*(?:\\\}|\\rbrace(?![A-Za-z])|\.)")
_ROW_SKIP = re.compile(r"\s*\[\s*-?[\d.]+\s*[a-z]{2}\s*\]")
_BRACE_OF_CASES = re.compile(r"\s*\\(?:\{|lbrace(?![A-Za-z]))\s*(?=\\begin)")
_ENVIRONMENT = re.compile(r"\s*\{\s*(?:[dr]?cases|array|[bBpvV]?matrix|aligned)\*?\s*\}(?:\s*\{[lcr|@\s]*\})?")
_DISPLAY = re.compile(r"\s*\{\s*(?:equation|displaymath|math|align|gather)\*?\s*\}")
_SIDES = {side: bar for size in ("", "big", "Big", "bigg", "Bigg") for side, bar in (
    (f"{size}l" if size else "left", "\\lvert"), (f"{size}r" if size else "right", "\\rvert"))}  # fmt: skip
_WORDS = {
    *("operatorname", "mathrm", "text", "textrm", "mathbf", "mathit", "mathsf", "mathcal", "mathop", "mbox"),
    *("textnormal", "textit"),
}  # fmt: skip
_OPERATORS = {
    **dict.fromkeys(("cdot", "times", "ast", "star", "bullet"), "*"),
    **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"), "\\frac"),
    **dict.fromkeys(("vert", "mid", "|", "Vert"), "|"),
    **dict.fromkeys(("{", "lbrace", "lparen"), "("),
    **dict.fromkeys(("}", "rbrace", "rparen"), ")"),
    **dict.fromkeys(("le", "leq", "leqslant", "leqq"), "<="),
    **dict.fromkeys(("ge", "geq", "geqslant", "geqq"), ">="),
    "lvert": "\\lvert", "rvert": "\\rvert", "lVert": "\\lvert", "rVert": "\\rvert",
    "div": "/", "lt": "<", "gt": ">", "ne": "!=", "neq": "!=", "lbrack": "[", "rbrack": "]", "colon": ":",
    "\\": "\\\\", "sqrt": "\\sqrt", "surd": "\\surd", "prime": "'", "eq": "=",
}  # fmt: skip
_INDICATORS = ("mathbb", "mathds", "mathbf", "mathbbm", "boldsymbol", "bm", "mathrm")
_AS_TYPED = {"\\lvert": "|", "\\rvert": "|", "\\surd": "√", "\\\\": "\\\\"}
_INSTEAD = {
    "%": "; write 0.25 for 25 %",
    "!": ": factorials are not read",
    "\\": "; leave it out",
}
_LEFT_OVER = {
    **dict.fromkeys((")", "]", "}", "\\rvert"), "nothing is open there; leave it out, or open it before"),
    "=": "write the formula behind it alone",
    "'": "write the derivative out, without a prime",
    ",": "write a decimal point, or leave it out",
    "|": "it needs another | to close it",
}
_BLANK = {"quad", "qquad", "enspace", "thinspace", ",", ";", ":", " "}
_SILENT = {
    *("(", ")", "[", "]", "!", "boxed", "displaystyle", "textstyle", "limits", "nolimits", "rm", "it", "bf", "left"),
    *("right", "big", "Big", "bigg", "Bigg", "bigl", "Bigl", "biggl", "Biggl", "bigr", "Bigr", "biggr", "Biggr"),
    *("mathop", "ensuremath", "strut", "mathstrut", "middle", "bigm"),
}  # fmt: skip


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
    apart: bool = True
    """Whether a blank, or the beginning, stands before it."""


def tokenize(text: str, origins: list[int]) -> list[Token]:
    """The tokens of `text`, the last one of kind `end`; FormulaError at the first character that is none.

    `origins` has the place of each character, and of the end, in what was typed.
    """
    return _Tokenizer(text, origins).tokens()


class _Tokenizer:
    """One walk over the text."""

    def __init__(self, text: str, origins: list[int]) -> None:
        self._text = text
        self._origins = origins
        self._position = 0
        self._apart = True
        self._passed = set[int]()  # closing braces that are passed over, as their opening ones were
        self._tokens = list[Token]()

    def tokens(self) -> list[Token]:
        while self._position < len(self._text):
            if self._text[self._position].isspace() or self._position in self._passed:
                self._position += 1
                self._apart = True
            else:
                self._read()
        self._add("end", "")
        bars = [token.text for token in self._tokens if token.text in ("\\lvert", "\\rvert")]
        if bars[:1] == ["\\rvert"]:  # as MathQuill has it of (1+|z|)
            return [replace(token, text="|") if token.text in bars else token for token in self._tokens]
        return self._tokens

    def _read(self) -> None:
        if modules := _MODULES.match(self._text, self._position):
            self._position = modules.end()
        times = _TIMES.match(self._text, self._position)
        if times and self._tokens and self._tokens[-1].kind == "number":
            self._add("operator", "*")
            self._position = times.end()
            return
        found = _LEXEME.match(self._text, self._position)
        if found is None:
            self._fail(self._text[self._position])
        kind, lexeme = str(found.lastgroup), found[str(found.lastgroup)]
        if kind == "command":
            self._command(lexeme, found.end())
            return
        if kind == "number":
            lexeme = re.sub(r"\{\s*,\s*\}", ".", lexeme.replace("'", ""))
            self._check_number(lexeme)
        if lexeme == "_" and self._tokens and self._tokens[-1].text == "1":
            self._tokens[-1] = replace(self._tokens[-1], kind="name", text="indicator")
        if kind == "silent":
            self._apart = self._apart or lexeme == "~"
        else:
            self._add(kind, {"**": "^", "=<": "<=", ":=": "=", "==": "=", "&&": "&"}.get(lexeme, lexeme))
        self._position = found.end()

    def _command(self, name: str, end: int) -> None:
        for rule in (self._indicator, self._word, self._side, self._environment):
            behind = rule(name, end)
            if behind is not None:
                self._position = behind
                return
        if name in _OPERATORS:
            self._add("operator", _OPERATORS[name])
            skip = _ROW_SKIP.match(self._text, end) if name == "\\" else None
            end = skip.end() if skip else end
        elif name in _BLANK:
            self._apart = True
        elif name not in _SILENT and name not in _WORDS:
            self._add("name", "and" if name == "&" else name)
        self._position = end

    def _indicator(self, name: str, end: int) -> int | None:
        one = _INDICATOR.match(self._text, end) if name in _INDICATORS else None
        if one is not None:
            self._add("name", "indicator")
        return one and one.end()

    def _word(self, name: str, end: int) -> int | None:
        """Behind a word in braces; before the words where there are more, whose closing brace is passed over."""
        if name not in _WORDS:
            return None
        end += self._text.startswith("*", end)
        if word := _WORD.match(self._text, end):
            self._add("name", (word[1] or word[2]).replace("\\_", "_"))
            return word.end()
        if group := _PLAIN_GROUP.match(self._text, end):
            self._passed.add(group.end() - 1)
            return group.start(1)
        return end

    def _side(self, name: str, end: int) -> int | None:
        """Behind a bar that is said to open or close, behind no delimiter at all, and behind the brace of cases."""
        if name not in _SIDES:
            return None
        if bar := _BAR.match(self._text, end):
            self._add("operator", _SIDES[name])
            return bar.end()
        brace = _BRACE_OF_CASES.match(self._text, end)
        return brace.end() if brace else end + self._text.startswith(".", end)

    def _environment(self, name: str, end: int) -> int | None:
        if name not in ("begin", "end"):
            return None
        if display := _DISPLAY.match(self._text, end):
            return display.end()
        cases = _ENVIRONMENT.match(self._text, end)
        if cases is None:
            self._fail(f"\\{name}", ": only \\begin{cases} … \\end{cases} is read")
        self._add("operator", f"\\{name}")
        brace = _BRACE_BEHIND.match(self._text, cases.end()) if name == "end" else None
        return (brace or cases).end()

    def _check_number(self, lexeme: str) -> None:
        mantissa, _, exponent = lexeme.lower().partition("e")
        if sum(character.isdigit() for character in mantissa) > MOST_DIGITS:
            self._fail(f"{lexeme[:8]}…", f": a number has at most {MOST_DIGITS} digits")
        if exponent and (len(exponent) > 5 or abs(int(exponent)) > LARGEST_DECIMAL_EXPONENT):
            self._fail(lexeme[:40], f": the exponent of a decimal number is at most {LARGEST_DECIMAL_EXPONENT}")

    def _add(self, kind: str, text: str) -> None:
        self._tokens.append(Token(kind, text, self._origins[self._position], self._apart))
        self._apart = False

    def _fail(self, shown: str, why: str = "") -> NoReturn:
        position = self._origins[self._position]
        hint = why or _INSTEAD.get(shown, "; leave it out")
        raise FormulaError(f"“{shown}” is not understood here (position {position}){hint}.", position)


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

    def _ahead(self, count: int) -> list[Token]:
        """The next `count` tokens, fewer at the end."""
        return self._tokens[self._at : self._at + count]

    def _take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _give_back(self) -> None:
        self._at -= 1

    def _accept(self, *texts: str) -> Token | None:
        return self._take() if self._next.kind != "end" and self._next.text in texts else None

    def _expect(self, text: str) -> None:
        if self._accept(text) is None:
            self._fail(f"write {_shown(text)} here")

    def _close(self, opening: Token, closing: str) -> None:
        """Take `closing`; where the formula ends before it, the refusal is at `opening`."""
        if self._next.kind == "end":
            sentence = f"{_shown(opening.text)} at position {opening.position} is never closed: write {_shown(closing)}"
            raise FormulaError(f"{sentence} where its content ends.", opening.position)
        if self._accept(closing) is None:
            self._leave_over()

    def _leave_over(self) -> NoReturn:
        """Refuse what stands behind a whole formula."""
        before, token = self._last, self._next
        if (before.kind, token.kind) == ("number", "number"):
            self._fail("write * between two numbers, or leave out the blank")
        self._fail(_LEFT_OVER.get(token.text, "write an operator before it, or leave it out"))

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            sentence = f"A formula nests at most {_DEEPEST} levels deep; position {self._next.position} is deeper."
            raise FormulaError(sentence, self._next.position)

    def _fail(self, instead: str, token: Token | None = None, fault: str = "") -> NoReturn:
        """Refuse `token`, the next one where it is None, and say what to do instead."""
        token = token or self._next
        if token.kind == "end":
            raise FormulaError(f"Something is missing at the end: {instead}.", token.position)
        where = (
            f"at position {token.position} {fault}" if fault else f"is not understood here (position {token.position})"
        )
        sentence = f"{_shown(token.text)} {where}: {instead}."
        raise FormulaError(sentence, token.position)


def _shown(text: str) -> str:
    return f"“{_AS_TYPED.get(text, text)}”"
