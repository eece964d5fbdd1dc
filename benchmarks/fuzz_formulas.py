"""Mutations of known formulas against all that reads them: `python benchmarks/fuzz_formulas.py [seconds] [seed]`.

What is understood and has parts side by side that no formula had before is mutated further. Exits with 1 at the first
exception other than a refusal, the first step above 200 ms, and the first formula that is read back differently.
"""

import gc
import random
import sys
from collections import Counter
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from api_tests.formulas.fuzz_target import Fault, Survivor  # noqa: E402 - the root is on the path only now
from api_tests.formulas.seeds import PIECES, SEEDS, WRAPPERS  # noqa: E402
from service.formulas.language.tree import Expr  # noqa: E402


class Corpus:
    """Texts worth mutating, and what of formulas has been seen."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.texts = list(SEEDS)
        self._seen: set[object] = set()

    def mutant(self) -> str:
        """One of the texts after one to five small changes."""
        text = self._rng.choice(self.texts)
        for _ in range(self._rng.choice((1, 1, 1, 2, 2, 3, 5))):
            text = self._rng.choice(MUTATIONS)(self, text)
        return text

    def learn(self, text: str, node: Expr) -> None:
        """Keep `text` if it has something new."""
        new = features(node) - self._seen
        self._seen |= new
        if new:
            self.texts.append(text)

    def insert(self, text: str) -> str:
        """A piece somewhere."""
        at = self._rng.randint(0, len(text))
        return text[:at] + self._rng.choice(PIECES) + text[at:]

    def delete(self, text: str) -> str:
        """A few characters less."""
        start, stop = self._span(text)
        return text[:start] + text[stop:]

    def repeat(self, text: str) -> str:
        """A part of it, often over and over."""
        start, stop = self._span(text)
        return text[:start] + text[start:stop] * self._rng.choice((2, 2, 3, 10, 40)) + text[stop:]

    def cross(self, text: str) -> str:
        """A part of another in the place of a part."""
        other, (start, stop) = self._rng.choice(self.texts), self._span(text)
        first, last = self._span(other)
        return text[:start] + other[first:last] + text[stop:]

    def wrap(self, text: str) -> str:
        """It all inside something, often many times."""
        wrapper = self._rng.choice(WRAPPERS)
        for _ in range(self._rng.choice((1, 1, 1, 2, 5, 20, 40))):
            text = wrapper.replace("?", text)[:2000]
        return text

    def spoil(self, text: str) -> str:
        """One character another."""
        at = self._rng.randint(0, len(text))
        character = chr(self._rng.randrange(self._rng.choice((0x80, 0x3000))))
        return text[:at] + character + text[at + 1 :]

    def _span(self, text: str) -> tuple[int, int]:
        start = self._rng.randint(0, len(text))
        return start, min(len(text), start + self._rng.choice((1, 1, 2, 4, 8, 16, 100)))


MUTATIONS = (Corpus.insert, Corpus.insert, Corpus.delete, Corpus.repeat, Corpus.cross, Corpus.wrap, Corpus.spoil)


def features(node: Expr) -> set[object]:
    """Which parts stand right below which."""
    below = {(named(node), named(child)) for child in node.children}
    return below.union(*(features(child) for child in node.children))


def named(node: Expr) -> str:
    """The kind of a node, and of a function its name."""
    return f"{type(node).__name__} {getattr(node, 'function', '')}"


def main(seconds: float, seed: int) -> int:
    """Print what was done, and how long the slowest steps took; 1 at the first fault."""
    corpus, end = Corpus(random.Random(seed)), monotonic() + seconds
    outcomes, slowest = Counter[str](), dict[str, tuple[float, str]]()
    gc.disable()  # its pauses are no formula's; between two texts it may run
    while monotonic() < end:
        if outcomes.total() % 256 == 0:
            gc.collect()
        survivor = Survivor(corpus.mutant())
        try:
            node = survivor.understood()
        except Fault as fault:
            print(f"after {outcomes.total()} texts: {fault}")
            return 1
        outcomes["refused" if node is None else "understood"] += 1
        for step, took in survivor.slowest.items():
            slowest[step] = max(slowest.get(step, (0.0, "")), (took, survivor.text))
        if node is not None:
            corpus.learn(survivor.text, node)
    print(f"{outcomes['understood']} understood, {outcomes['refused']} refused, {len(corpus.texts)} kept, no fault")
    for step, (took, text) in sorted(slowest.items(), key=lambda item: -item[1][0]):
        print(f"{1e3 * took:7.1f} ms  {step:24} {text[:90]!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 120.0, int(sys.argv[2]) if len(sys.argv) > 2 else 1))
