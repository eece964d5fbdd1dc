"""Letters side by side: ze^{2z} is z·e^{2z}, as everybody writes it by hand."""

from collections.abc import Collection, Iterator

from service.expressions.tokens import Token

_LONGEST = 3


def letters_apart(tokens: list[Token], letters: Collection[str], names: Collection[str]) -> Iterator[Token]:
    """`tokens` with short words that are no `names` as their letters, where each of those is one of `letters`."""
    for token in tokens:
        apart = token.kind == "name" and token.text not in names and 1 < len(token.text) <= _LONGEST
        if apart and set(token.text) <= set(letters):
            for place, letter in enumerate(token.text):
                yield Token("name", letter, token.position + place)
        else:
            yield token
