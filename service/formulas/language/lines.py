"""A formula on several lines → the same on one, where a line goes on or is a row of its own."""

import re
from itertools import pairwise

from service.formulas.language.tokens import LONGEST_TEXT, FormulaError

_BREAKS = re.compile(r"[\n\r\v\f\x85\u2028\u2029]")
_LINE = re.compile(r"[^\n\r\v\f\x85\u2028\u2029]+")
_ENDS_OPEN = re.compile(
    r"(?:[-+*/^=<>,;:&|?_(\[{−–—‐⋅∙·•×÷∕≤≥≠√∧∨]|\\\\|\\(?:cdot|times|div|leq?|geq?|quad|qquad|left|big+l?)"
    r"|(?<![A-Za-z])(?:if|for|else|otherwise|then|and|or|return|wenn|sonst|und|falls))\s*$"
)
_GOES_ON = re.compile(
    r"\s*(?:[-+*/^=<>,;:&|?_)\]}−–—‐⋅∙·•×÷∕≤≥≠∧∨]|\\\\|\\(?:cdot|times|div|leq?|geq?|right|end|begin|text)(?![A-Za-z])"
    r"|(?:if|for|else|elif|otherwise|then|and|or|when|where(?!\s*\()|wenn|sonst|und|falls|si|sinon)(?![A-Za-z]))"
)
_CONDITION = re.compile(
    r"[<>≤≥≠⩽⩾≦≧∈]|\\(?:leq?|geq?|lt|gt|ne|neq|in|leqslant|geqslant)(?![A-Za-z])|[,&]\s*[A-Za-z]\s*=\s*-?[\d.]+\s*$"
    r"|(?<![A-Za-z])(?:if|for|when|wenn|falls|für|fur|si|else|otherwise|elsewhere|sonst|sinon|undefined|differentiable"
    r"|not defined|nicht definiert|does not exist)(?![A-Za-z])"
)
_GAP = re.compile(r"([^,;:&\s{\\]\s{0,9})\\q?quad(?=[-+\d.|A-Za-z ]{1,20}(?:[<>=≤≥]|\\[lg](?:eq?|t)(?![A-Za-z])))")
"""What stands between a value and its condition, 1 \\quad z>0."""
_CONDITION_ASIDE = re.compile(
    r"\((?=\s*(?:(?:if|for|when|wenn|falls|für|fur)(?![A-Za-z])|(?:otherwise|else|sonst)\s*\)))"
    r"(?!\s*[a-z]+[^()]*(?:then|else|,|\?))[^()]*\)"
)  # 1 (if z>0), 0 (otherwise)
_SIGN_AHEAD = re.compile(r"\s*[-+−–]")
_ALONE = re.compile(
    r"(?:[\s$`.]|\\[\[\]()])*|\s*[(\[][A-Za-z' ]*(?:rule|regel|using|because|identity)[A-Za-z' ]*[)\]]\s*"
)


def on_one_line(text: str) -> str:
    """`text` with a blank or, between rows, a semicolon for each line break, so that every character keeps its place.

    FormulaError where the next line neither goes on with the formula nor is a row of it.
    """
    if len(text) > LONGEST_TEXT:
        return text  # which is refused in any case
    text = _GAP.sub(lambda found: found[1] + ",".ljust(len(found[0]) - len(found[1])), text)
    if len(_CONDITION_ASIDE.findall(text)) > 1:
        text = _CONDITION_ASIDE.sub(lambda found: f" {found[0][1:-1]} ", text)
    if not _BREAKS.search(text.strip()):
        return text
    depth, written, lines = 0, list(text), [one for one in _LINE.finditer(text) if one[0].strip()]
    for before, line in pairwise(lines):
        depth += before[0].count("\\begin") - before[0].count("\\end")
        written[line.start() - 1] = _between(before[0], line[0], depth, line.start() + 1)
    return _BREAKS.sub(" ", "".join(written))


def _between(before: str, line: str, depth: int, position: int) -> str:
    """What stands between two lines, the second of which begins at `position`; `depth` environments are open."""
    rows = _CONDITION.search(before) is not None and _CONDITION.search(line) is not None
    if depth > 0 or _ENDS_OPEN.search(before) or _ALONE.fullmatch(before) or _ALONE.fullmatch(line):
        return " "
    if _GOES_ON.match(line) and not (rows and _SIGN_AHEAD.match(line)):
        return " "
    if rows:
        return ";"
    raise FormulaError(f"Another line begins at position {position}: write one formula, on one line.", position)
