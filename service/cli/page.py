"""What people read is printed on: as wide as their terminal, a page wide elsewhere; what the labels look like there."""

import sys

from rich.console import Console

from service.simulation.vocabulary import Label

PAGE_WIDTH = 120
COLOURS = {Label.DEAD: "magenta", Label.EXPLODING: "red", Label.VANISHING: "blue", Label.STABLE: "green"}


def page() -> Console:
    """The standard output, in colours where it is a terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PAGE_WIDTH)
