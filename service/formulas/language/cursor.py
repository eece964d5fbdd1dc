"""A place in the tokens of one formula: what comes next, what was expected there, and how deep it is."""

from typing import NoReturn

from service.formulas.language.tokens import FormulaError, Token

DEEPEST = 40


class Cursor:
    """Moves over tokens from the first to the last."""

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
        if self._depth > DEEPEST:
            raise FormulaError(f"A formula nests at most {DEEPEST} levels deep.", self._next.position)

    def _fail(self, expected: str) -> NoReturn:
        position = self._next.position
        where = "at the end" if self._next.kind == "end" else f"at position {position}"
        raise FormulaError(f"{expected[0].upper()}{expected[1:]} was expected {where}.", position)
