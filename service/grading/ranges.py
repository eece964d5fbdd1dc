"""A range as an answer: [0, 1/4], f' ∈ (0; 0.25], 0..0.25, "between 0 and 1/4", ±1.2 → its two ends as they stand."""

import re
from dataclasses import dataclass

from service.grading.answers import Unreadable

_SET = r"(?:\\left\s*)?(?P<left>[\[\](])(?P<inside>[^\[\]]*?)(?:\\right\s*)?(?P<right>[\])\[])\s*"
_LONE = re.compile(rf"\s*+(?:range|image|interval)?\s*+{_SET}", re.IGNORECASE)
_MEMBER = re.compile(rf"(?P<of>.*?)(?:(?P<among>∈|\\in(?![a-zA-Z])|\bin\b)|=|:)\s*+{_SET}", re.IGNORECASE | re.DOTALL)
_RANGE_WORDS = re.compile(
    r"\b(?:range|image|interval|values?|lies|ranges|varies|goes|stays|liegt|immer|varie|compris\w*|toujours|está|siempre)\b",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"(?P<of>.*?)\b(?:(?:between|zwischen|entre)\s+(?P<low>\S.*?)\s+(?:and|und|et|y)"
    r"|(?:from|von|de|desde)\s+(?P<first>\S.*?)\s+(?:to|bis|à|hasta|a))\s+(?P<high>\S.*?)\s*",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER = r"(?:[+\-−]?\s*+[\d.,/]*\d|[+\-−]?\\frac\s*\{?\d+\}?\s*\{?\d+\}?)"
_DOTS = re.compile(rf"(?P<of>)\s*+(?P<low>{_NUMBER})\s*+(?:\.{{2,}}|…|\bto\b)\s*(?P<high>{_NUMBER})\s*")
_VALUES = re.compile(
    r"(?:(?P<of>.*?)(?:∈|\\in(?![a-zA-Z])|\bin\b|=|:))?\s*(?:\\left\s*)?\\?\{(?P<inside>[^{}]*[,;][^{}]*?)(?:\\right\s*)?\\?\}\s*"
)
_EITHER = re.compile(
    rf"\s*+(?:(?P<of>[^=∈]*?)(?:∈|=|\b(?:is|ist|est)\b))?\s*+(?:(?:either|entweder)\s++)?"
    rf"(?P<low>{_NUMBER})\s++(?:or|oder|ou)\s++(?P<high>{_NUMBER})\s*+",
    re.IGNORECASE,
)
_EITHER_SIGN = re.compile(r"\s*(?:\+\s*/?\s*[-−–]|±|\\pm(?![a-zA-Z]))(?P<size>[^+\-−±=<>≤≥]+)")
_DASH = re.compile(r"\s*(?P<low>\d+(?:[.,]\d+)?)\s*[-−–—]\s*(?P<high>\d+(?:[.,]\d+)?)\s*")
_TWO_WITH_A_COMMA = re.compile(r"\s*\d+,\d+\s*")


@dataclass(frozen=True)
class Region:
    """Two ends, each as a text with its place and whether it is excluded, and the text of what lies between."""

    of: str
    ends: tuple[tuple[str, int, bool], tuple[str, int, bool]]


@dataclass(frozen=True)
class Values:
    """Single values in braces, each as a text with its place, and the text of what takes them."""

    of: str
    members: list[tuple[str, int]]

    @classmethod
    def either(cls, text: str) -> "Values | None":
        """The two values of "0 or 1"; None where `text` is anything else."""
        found = _EITHER.fullmatch(text)
        return cls(_of(found), [(found[end], found.start(end)) for end in ("low", "high")]) if found else None

    @classmethod
    def stated(cls, text: str) -> "Values | None":
        """The values that `text` lists; None where it lists none."""
        found = _VALUES.fullmatch(text)
        if found is None:
            return None
        inside, start = found["inside"], found.start("inside")
        members = re.finditer(r"[^;]+" if ";" in inside else r"[^,]+", inside)
        stated = [(member[0], start + member.start()) for member in members]
        return cls(_of(found), stated) if stated else None


def region_of(text: str, *, both: bool = False) -> Region | None:
    """The range that `text` is; None where it is none; Unreadable where it may be a range or something else.

    Where `both` ends are asked for, (0,1) has two.
    """
    if sides := _EITHER_SIGN.fullmatch(text):
        size, start = sides["size"], sides.start("size")
        return Region("", (("-" + size.rstrip(), start - 1, False), (size, start, False)))
    if found := _LONE.fullmatch(text) or _MEMBER.fullmatch(text):
        return _interval(found, both=both)
    if found := _WORDS.fullmatch(text) or _DOTS.fullmatch(text):
        low = "low" if found["low"] else "first"
        first, last = ((str(found[name]), found.start(name), False) for name in (low, "high"))
        return Region(_of(found), (first, last))
    dash = _DASH.fullmatch(text)
    if dash and float(dash["low"].replace(",", ".")) < float(dash["high"].replace(",", ".")):
        low, high = dash["low"], dash["high"]
        raise Unreadable(
            f"This may be the range [{low}; {high}] or the difference {low} - ({high}): write one of them."
        )
    return None


def _of(found: re.Match[str]) -> str:
    """What is said to lie in a range, each character in its place."""
    return _RANGE_WORDS.sub(lambda word: " " * len(word[0]), found.groupdict().get("of") or "")


def _interval(found: re.Match[str], *, both: bool) -> Region | None:
    inside, start = found["inside"], found.start("inside")
    cuts = [cut.start() for cut in re.finditer(r"(?<!\\);", inside)]
    cuts = cuts or [cut.start() for cut in re.finditer(r"(?<!\\),", inside)]
    if not cuts:
        return None
    a_number = not both and (found["left"], found["right"]) == ("(", ")") and not found.groupdict().get("among")
    if len(cuts) > 1 or (a_number and _TWO_WITH_A_COMMA.fullmatch(inside)):
        sentence = (
            "Which comma separates the ends of this interval is not clear: write a semicolon there, as in [0; 0.25]."
        )
        raise Unreadable(sentence, start + cuts[0] + 1)
    ends = (
        (inside[: cuts[0]], start, found["left"] != "["),
        (inside[cuts[0] + 1 :], start + cuts[0] + 1, found["right"] != "]"),
    )
    return Region(_of(found), ends)
