"""Names of layers: what several have in common, and short forms in which what differs stays."""

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

_DIGITS = "0123456789"
_ELLIPSIS = "…"


def in_common(names: Iterable[str | None]) -> str:
    """One name for all, with the first and the last of what differs: `layer1.1–5`; empty where none has a name."""
    known = [*dict.fromkeys(filter(None, names))]
    if len(known) <= 1:
        return "".join(known)
    start = _start(known).rstrip(_DIGITS)
    rests = [name[len(start) :] for name in known]
    end = _start([rest[::-1] for rest in rests])[::-1].lstrip(_DIGITS)
    inner = [rest.removesuffix(end) for rest in rests]
    if all(one.isdigit() for one in inner):
        return f"{start}{inner[0]}–{inner[-1]}{end}"
    return f"{known[0]} {_ELLIPSIS} {known[-1]}"


def beginning(names: Sequence[str]) -> str:
    """What names begin with, up to a dot, slash or underscore: `encoder.0` of `encoder.0.norm` and `encoder.0.mlp`."""
    if len(set(names)) <= 1:
        return "".join(names[:1])
    found = re.match(r"(.+)[./_]", _start([f"{name}." for name in names]))
    return found[1] if found else ""


def short_forms(names: Sequence[str], most: int) -> list[str]:
    """The names, those that are longer than `most` without what all of these begin with, and without their middle."""
    long = [name for name in names if len(name) > most]
    start = re.match(r".*[./_]", _start(long)) if len(set(long)) > 1 else None
    room = len(start[0]) if start else 0
    cut = {name: f"{_ELLIPSIS}{name[room:]}" if room > 1 else name for name in long}
    return [shortened(cut.get(name, name), most) for name in names]


def shortened(name: str, most: int) -> str:
    """The name without some of its middle, where it is longer: its end, in which it is told from others, is longer."""
    if len(name) <= most:
        return name
    behind = (most - 1) * 3 // 5
    return f"{name[: most - 1 - behind]}{_ELLIPSIS}{name[len(name) - behind :]}"


def _start(names: Sequence[str]) -> str:
    """The characters that all begin with."""
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in same)
