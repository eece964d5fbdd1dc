"""A process that puts reports and prints their numbers: `python -m api_tests.store.writer URL FIRST COUNT`."""

import sys
from itertools import count

from api_tests.store.keeping import Clock, Keeping, digest_of, report_of


def main(url: str, first: str, how_many: str) -> None:
    """Put reports, and say so after each."""
    store = Keeping(url, Clock())
    numbers = range(int(first), int(first) + int(how_many)) if int(how_many) else count(int(first))
    for number in numbers:
        store.put(digest_of(number), report_of(number, padding=3000))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
