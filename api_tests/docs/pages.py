"""The pages for readers, and the fenced blocks in them."""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))
LEFT_OUT = "…"
"""Stands for anything in an answer that is shown: as a text, as the last item of a list, or alone on a line."""
_FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"[-+−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_RELATIVE, _ABSOLUTE = 1e-3, 0.011
"""How far a number of an answer may be from that of the page; the last of two printed digits may differ."""


@dataclass(frozen=True)
class Block:
    """A fenced block, with the line of its page on which it begins, and how many headings are before it."""

    page: Path
    line: int
    section: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Its page and line, as editors understand them."""
        return f"{self.page.name}:{self.line}"

    @property
    def lines(self) -> list[str]:
        """Its commands, one a line, without comments behind them."""
        return [re.sub(r"\s+# .*$", "", line).strip() for line in self.text.splitlines() if line.strip()]


def name_of(page: Path) -> str:
    """What a test of it is called."""
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    """What stands in a page."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    found, line, section = [], 1, 0
    for number, part in enumerate(_FENCED.split(text_of(page))):
        match number % 3:
            case 0:  # what is no block
                section += len(re.findall(r"^#+ ", part, re.MULTILINE))
                line += part.count("\n")
            case 1:
                language = part.strip()
            case _:
                found.append(Block(page, line, section, language, part))
                line += part.count("\n") + 1
    return found


def prose(page: Path) -> str:
    """A page without its blocks."""
    return _FENCED.sub("", text_of(page))


def differences(shown: Any, found: Any, pointer: str = "") -> list[str]:
    """Where `found`, as JSON, is not what is shown of it: fields may be missing from what is shown."""
    if shown == LEFT_OUT:
        return []
    if isinstance(shown, dict) and isinstance(found, dict):
        missing = [f"{pointer}/{name} is missing" for name in shown if name not in found]
        return missing + [
            difference
            for name in shown
            if name in found
            for difference in differences(shown[name], found[name], f"{pointer}/{name}")
        ]
    if isinstance(shown, list) and isinstance(found, list):
        return _differences_of_lists(shown, found, pointer)
    if isinstance(shown, float) and isinstance(found, float | int):
        near = math.isclose(shown, found, rel_tol=_RELATIVE)
        return [] if near else [f"{pointer} is {found}, {shown} is shown"]
    return [] if shown == found else [f"{pointer} is {json.dumps(found)[:200]}, {json.dumps(shown)} is shown"]


def _differences_of_lists(shown: list[Any], found: list[Any], pointer: str) -> list[str]:
    whole = shown[-1:] != [LEFT_OUT]
    items = shown if whole else shown[:-1]
    if len(items) > len(found) or (whole and len(items) < len(found)):
        return [f"{pointer} has {len(found)} items, {len(items)} are shown"]
    pairs = enumerate(zip(items, found, strict=False))
    return [one for number, (this, that) in pairs for one in differences(this, that, f"{pointer}/{number}")]


def same_text(shown: str, found: str) -> bool:
    """Whether a text is the one shown, its spaces and line ends as may be and its numbers nearly so."""
    pattern = r"\s+".join(_pattern(word) for word in shown.split())
    match = re.fullmatch(pattern, " ".join(found.split()), re.DOTALL)
    numbers = [_number(one) for one in _NUMBER.findall(shown)]
    return match is not None and all(
        math.isclose(one, _number(other), rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
        for one, other in zip(numbers, match.groups(), strict=True)
    )


def _pattern(word: str) -> str:
    if word == LEFT_OUT:
        return ".*?"
    parts = _NUMBER.split(word)
    return f"({_NUMBER.pattern})".join(map(re.escape, parts))


def _number(text: str) -> float:
    return float(text.replace("−", "-"))
