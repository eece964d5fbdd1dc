"""Letters side by side: ze^{2z} is z·e^{2z}, as everybody writes it by hand."""

from collections.abc import Collection, Iterator

from service.formulas.language.tokens import Token

_LONGEST = 3


def letters_apart(tokens: list[Token], letters: Collection[str], names: Collection[str]) -> Iterator[Token]:
    """`tokens` with short words that are no `names` as their letters, where each of those is one of `letters`."""
    for token in tokens:
        apart = token.kind == "name" and token.text not in names and 1 < len(token.text) <= _LONGEST
        yield from _letters(token) if apart and set(token.text) <= set(letters) else [token]


def _letters(word: Token) -> Iterator[Token]:
    return (Token("name", letter, word.position + place) for place, letter in enumerate(word.text))
