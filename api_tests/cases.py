"""Many cases that differ in nothing but a number or a name are one test, which tells in which of them it failed."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def case(*of: object) -> Iterator[None]:
    """What fails inside is told with `of`."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in the case {', '.join(map(str, of))}")
        raise
