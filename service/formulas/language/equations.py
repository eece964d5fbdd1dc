"""What stands around a formula: f'(z) = in front of it, a full stop behind it, and the sides of an equation."""

import re
from collections.abc import Collection
from functools import lru_cache

from service.formulas.language.characters import spelled
from service.formulas.language.lines import on_one_line
from service.formulas.language.words import Words

_D = r"(?:d|\\mathrm\s*\{?\s*d\s*\}?|\\text\s*\{\s*d\s*\}|\\partial|\\d)\s*"
_ACCENT = r"(?:\\(?:text|mathrm|operatorname|hat|tilde|bar|dot|ddot)\s*\{?\s*)?"
_NAME = rf"{_ACCENT}\\?[A-Za-z]+(?:_\s*\{{?[A-Za-z0-9]+\}}?)?\s*\}}?\s*"
_ARGUMENT = r"(?:(?:\\left)?\s*[(\[]\s*\\?[A-Za-z]\s*(?:\\right)?\s*[)\]])?\s*"
_PRIMES = r"(?:'+|\^\s*\{?\s*(?:\\prime\s*|'|\(\d\)\s*)+\}?)\s*"
_DERIVATIVES = [
    re.compile(rf"{_NAME}{_PRIMES}{_ARGUMENT}"),
    re.compile(rf"[(\[].*[)\]]\s*{_PRIMES}"),
    re.compile(rf"D(?:_\{{?[A-Za-z]\}}?)?\s+{_NAME}{_ARGUMENT}"),
    re.compile(rf"\\[dtc]?frac\s*\{{\s*{_D}(?:{_NAME}{_ARGUMENT})?\}}\s*\{{\s*{_D}[A-Za-z]\s*\}}.*"),
    re.compile(rf"{_D}(?:{_NAME}{_ARGUMENT})?/\s*{_D}[A-Za-z]\b.*"),
]
_QUANTITY = re.compile(rf"{_ACCENT}\\?([A-Za-z]+)\s*\}}?(?:_\s*\{{?[A-Za-z0-9]+\}}?)?\s*{_ARGUMENT}")
_SIGNS = re.compile(r"(?P<open>(?<!\\)[(\[{]|\\begin)|(?P<close>(?<!\\)[)\]}]|\\end)|[<>!]=|=<|(?P<equal>:?==?)")
_CONDITIONS = re.compile(
    r"[<>?&]|\\begin|\\in\b|(?<![A-Za-z])(?:if|for|else|otherwise|where|when|wenn|falls)(?![A-Za-z])"
)
_FRINGE = re.compile(r"(?:[\s$`]|\\[()\[\]])*")
_FRINGE_BEHIND = re.compile(r"(?:[.;,=\s$`](?!\\)|[)\]]\\)*")  # of the text from its end
_MAPPED = re.compile(r"(?:\\?[A-Za-z]+'*\s*:\s*)?[A-Za-z]\s*(?:\\mapsto(?![A-Za-z])|\\to(?![A-Za-z])|->)")
_REALS = r"(?:\\mathbb {0,2}\{? {0,2}R {0,2}\}?|\\R(?![A-Za-z])|R(?![A-Za-z])|reals?(?: numbers?)?)"
_EACH = r"all|every|any|each|alle|jedes|tout|todo|ogni"
_EVERYWHERE = re.compile(
    rf"(?:\\forall|(?<![A-Za-z])(?:for|fur|pour|para|per)\s+(?:{_EACH})(?:\s+real)?(?![A-Za-z])) {{0,2}}\}}?"
    rf" {{0,2}}[A-Za-z]? {{0,2}}(?:\\?in {{0,2}}{_REALS})? {{0,2}}(?P<close>[)}}\]]?) ?\.?$"
    rf"|(?<![A-Za-z\\])[A-Za-z] {{0,2}}\\?in {{0,2}}{_REALS} {{0,2}}(?P<closed>[)}}\]]?) ?\.?$"
)
_REASON = r"(?:rule|identity|simplif|by definition|using|because|derivative|regel|regle|regla)"
_DIGITS = r"\d{1,2} {0,2}(?:sig(?:nificant|\.)? {0,2}(?:fig(?:ure)?s?|digits?)|s\.?f|d\.?p|decimal places|decimals)\.?"
_REMARK = re.compile(
    r"[(\[](?![A-Za-z' ]*(?<![A-Za-z])(?:not|no|nicht|wrong)(?![A-Za-z]))"
    rf"(?:[A-Za-z' ]{{0,60}}{_REASON}[A-Za-z' ]{{0,60}}|{_DIGITS})[)\]]\s*(?=$|\}}\s*$|[,;]|(?:for|if|when)\b)"
    r"|[,;]?\s{0,3}(?<![A-Za-z])(?:by |using |with |from )?(?:the )?"
    r"(?:power|chain|product|quotient|sum|constant|exponential|general)(?: and (?:power|chain|product))? rule\.?\s*$"
)
_LABEL = re.compile(
    r"\s*(?:(?:the |my |final )?(?:answer|result|solution|derivative|Antwort|Ergebnis)\s*(?:ist?(?![A-Za-z])|:(?!=))"
    r"|(?:(?-i:[fghy])'\s*(?:\(\s*[A-Za-z]\s*\))?|(?-i:d[fghy])\s*/\s*d[A-Za-z])\s*(?::(?!=)|(?<![A-Za-z])is(?![A-Za-z])))",
    re.IGNORECASE,
)
_BOXED = re.compile(r"\s*\$?\s*\\boxed\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}[\s$.]*")
_BEFORE = re.compile(r"(?:\\text(?:rm)?\s*\{|\\q?quad|\\[,;: ]|[,;])$")
_OPENING = {")": "(", "}": "{", "]": "["}
_POINT = (
    r"(?:\\text {0,2}\{ {0,2})?(?:undefined|not defined|not differentiable|nicht definiert|nicht differenzierbar"
    r"|does not exist|no definida) {0,2}\}? {0,2}"
    r"[,&]? {0,2}(?:\\text {0,2}\{ {0,2})?(?:(?:at|if|for|when|bei|fur|wenn|falls|en|si)(?![A-Za-z]))? {0,2}\}? {0,2}"
    r"[A-Za-z] {0,2}= {0,2}-?\d[\d.]*"
)
_UNDEFINED = re.compile(rf"(?:\\\\|[,;]|(?<![A-Za-z])and(?![A-Za-z]))\s*{_POINT}|{_POINT}\s*(?:\\\\|[,;])?")
_NAMED_AGAIN = re.compile(
    r"(?:(?<=[,;])|(?<=\\\\)|(?<= and)|(?<= und)|(?<= et))\s*[A-Za-z]+'*\s*\(\s*[A-Za-z]\s*\)\s*=(?!=)"
)
_ALIGNED = re.compile(
    r"\s*\\begin\s*\{(aligned|split|align\*?|gathered)\}((?:(?!\\begin|\\end).)*)\\end\s*\{\1\}[\s.]*"
)
_LONGEST_NAME = 100  # of what a formula is said to be equal to


def equation_sides(text: str, variable: str = "z", parameters: Collection[str] = ()) -> list[str]:
    """The formulas that `text` says are equal, without the f'(z) = in front of them; one where it says no such thing.

    Each keeps its place in `text`: blanks stand for what is before it. FormulaError where `text` has a character that
    no formula has.
    """
    return [*_sides(text, variable, tuple(parameters))]


@lru_cache(maxsize=256)
def _sides(text: str, variable: str, parameters: tuple[str, ...]) -> tuple[str, ...]:
    text = on_one_line(text)
    written, origins = spelled(text)
    words = Words(variable, parameters, variable)
    sides = sides_of(without_remarks(written, words), words)
    return tuple(
        " " * (origins[start] - 1) + (text[origins[start] - 1 : origins[end - 1]].rstrip() if end > start else "")
        for start, end in sides
    )


def without_remarks(written: str, words: Words) -> str:
    """`written` with blanks for what says nothing: for all z, (product rule), undefined at z = 0, f'(z) = again."""
    if aligned := _ALIGNED.fullmatch(written):
        inner = aligned[2].replace("&=", " =")
        written = inner.rjust(aligned.end(2)).ljust(len(written))
    if boxed := _BOXED.fullmatch(written):
        written = boxed[1].rjust(boxed.end(1)).ljust(len(written))
    written = _without_label(written)
    for pattern in (_UNDEFINED, _REMARK):
        rest = pattern.sub(lambda found: " " * len(found[0]), written)
        written = rest if rest.strip() else written
    if _CONDITIONS.search(written):
        written = _NAMED_AGAIN.sub(lambda found: _blank_if_named(found[0], words), written)
    everywhere = _EVERYWHERE.search(written.rstrip())
    return written if everywhere is None else _before(written, everywhere).ljust(len(written))


def _without_label(written: str) -> str:
    """`written` with blanks for what only says what it is: f'(z): 2z, Answer: 2z."""
    label = _LABEL.match(written)
    end = label.end() if label and written[label.end() :].strip() else 0
    return " " * end + written[end:]


def _blank_if_named(text: str, words: Words) -> str:
    return " " * len(text) if _is_named(text.rstrip("= ").strip(), words) else text


def _before(written: str, remark: re.Match[str]) -> str:
    """What stands before `remark`, without the sign between them; `written` where that is nothing or not clear."""
    before, close = written[: remark.start()].rstrip(), remark["close"] or remark["closed"] or ""
    start = before
    while sign := _BEFORE.search(before):
        before = before[: sign.start()].rstrip()
    opened = close and before.endswith(_OPENING[close])
    if opened:
        before = before[:-1].rstrip()
    in_words = close == "}" and start.endswith("{")
    parted = before != start or opened or remark["closed"] is None
    return before if before and parted and (not close or opened or in_words) else written


def sides_of(written: str, words: Words) -> list[tuple[int, int]]:
    """Where each of the formulas that `written` says are equal begins and ends."""
    behind = _FRINGE_BEHIND.match(written[::-1])
    end = len(written) - (behind.end() if behind else 0)
    start, signs = _content(written, 0), _equal_signs(written[:end])
    if mapped := _MAPPED.match(written, start):
        start = mapped.end()
    while signs and _is_named(written[start : signs[0][0]].strip(), words):
        (_, start), *signs = signs
    if signs and _CONDITIONS.search(written, start):
        signs = []  # z = 0 in a condition is no equation
    starts = [start, *(behind for _, behind in signs)]
    ends = [*(before for before, _ in signs), end]
    return [(_content(written, first), max(last, first)) for first, last in zip(starts, ends, strict=True)]


def _content(written: str, start: int) -> int:
    fringe = _FRINGE.match(written, start)
    return fringe.end() if fringe and fringe.end() < len(written) else start


def _equal_signs(written: str) -> list[tuple[int, int]]:
    """Where each sign = that stands in no brackets begins and ends."""
    depth, found = 0, []
    for sign in _SIGNS.finditer(written):
        depth += bool(sign["open"]) - bool(sign["close"])
        if sign["equal"] and depth == 0:
            found.append(sign.span())
    return found


def _is_named(left: str, words: Words) -> bool:
    """Whether it is the name of what the formula behind it is: y, f(z), f'(z), dy/dz or nothing."""
    if len(left) > _LONGEST_NAME:
        return False
    if not left or any(form.fullmatch(left) for form in _DERIVATIVES):
        return True
    quantity = _QUANTITY.fullmatch(left)
    return quantity is not None and not words.knows(quantity[1])
