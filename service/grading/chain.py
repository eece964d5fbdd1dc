"""One statement: `0 < f'(z) <= f'(0) = 1/4`, "max f' = 1/4", 1.2 → what it says of the quantity that is asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from service.formulas.enclosures.program import VARIABLE
from service.formulas.language.tree import Expr
from service.grading.answers import Formula, Unreadable
from service.grading.inverses import NoInverse, Span, StatedEnd
from service.grading.numerals import StatedNumber
from service.grading.quantity import Quantity

EXAMPLE = "0 <= |f'(z)| <= 1.2"
OPENING, CLOSING = "([{", ")]}"
_RELATION = re.compile(r"<=|>=|≤|≥|<|>|=|≈|\\approx(?![a-zA-Z])")
_SAME = {"≤": "<=", "≥": ">=", "≈": "=", r"\approx": "="}
_INFINITE = re.compile(
    r"\s*+[+\-−]?\s*+(?:∞|\\infty(?![a-zA-Z])|(?:np\.|numpy\.|math\.)?inf(?:ty|inity)?|oo)\s*+", re.IGNORECASE
)
_LABEL = re.compile(
    r"\s*(?:(?P<lower>lower bound|lower(?=\s*:)|\\?min(?:imum|imal)?|\\?inf(?:imum)?|smallest"
    r"|untere schranke|borne inf[ée]rieure|cota inferior|m[ií]nimo)"
    r"|upper bound|upper(?=\s*:)|\\?max(?:imum|imal)?|\\?sup(?:remum)?|largest"
    r"|obere schranke|borne sup[ée]rieure|cota superior|m[aá]ximo"
    r"|(?P<lipschitz>Lipschitz constant)|bound)(?![a-zA-Z])(?: values?\b)?"
    r"\s*(?:_\s*(?:\{[^{}]*\}|[zxt]\b))?",
    re.IGNORECASE,
)
_NAMED_AFTER = re.compile(
    r"(?P<number>(?=[^<>≤≥=:]*\d)[^<>≤≥=:]*?)\s*+[=:]?\s*+\b"
    r"(?:(?P<lower>lower bound|min(?:imum)?|infimum)|upper bound|max(?:imum)?"
    r"|sup(?:remum)?)\s*",
    re.IGNORECASE,
)
_COLON = re.compile(r"(?P<of>[^:<>≤≥=]*+):(?!=)(?=\s*+(?P<sign>[<>≤≥=])?)")
_BOUNDS_NAME = re.compile(r"\s*(?P<name>[MKLCB])\s*(?=[=<≤])")
_LONE_NAME = re.compile(r"\s*\\?[^\W\d_]+(?:_\w+)?'*(?:\(\w*\))?\s*")
_OF_CHANCE = re.compile(r"(?<![A-Za-z])(?:E|P|Pr|Var)\s*(?:\\left\s*)?[\[({]|𝔼|\\mathbb\s*\{?\s*[EP]\b")
_LONGEST_QUOTE = 60
_MOST_EQUAL = 6  # parts with equality signs between them


@dataclass(frozen=True)
class Part:
    """A part of an answer, and where it begins."""

    text: str
    start: int

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return not self.text.strip()


@dataclass(frozen=True)
class _Group:
    """Parts with equality signs between them: numbers that are one, or the quantity in one or more spellings."""

    numbers: list[StatedNumber]
    formulas: list[tuple[Expr, Part]]
    infinite: Part | None

    @classmethod
    def of(cls, parts: Sequence[Part], asked: Quantity, *, bounded: bool = False) -> "_Group":
        """What stands in `parts`, blank ones left out; Unreadable where one is neither number nor formula."""
        written = [part for part in parts if not part.blank]
        if len(parts) > _MOST_EQUAL or any(part.blank for part in parts[1:]):
            raise Unreadable(f"A bound is expected here, such as {EXAMPLE}.", parts[-1].start + 1)
        infinite = next((part for part in written if _INFINITE.fullmatch(part.text)), None)
        read = [_term(part, asked, bounded=bounded) for part in written if part is not infinite]
        numbers = [one for one in read if isinstance(one, StatedNumber)]
        formulas = [one for one in read if not isinstance(one, StatedNumber)]
        return cls(numbers, formulas, infinite)

    @property
    def is_end(self) -> bool:
        """Whether it is a number, or infinite."""
        return not self.formulas and (bool(self.numbers) or self.infinite is not None)

    def end(self, *, strict: bool) -> StatedEnd:
        """It as one end of a chain."""
        if self.infinite is not None:
            return StatedEnd(None, strict, self.infinite.text.strip())
        number = StatedNumber.agreed(self.numbers)
        return StatedEnd(number.formula.closed, strict, number.written, number.unit)


def end_of(part: Part, asked: Quantity, *, strict: bool = False) -> StatedEnd:
    """The number, or ±∞, that a part of an answer states."""
    group = _Group.of([part], asked)
    if not group.is_end:
        raise Unreadable("A number is expected here.", part.start + 1)
    return group.end(strict=strict)


def said_of(parts: Sequence[tuple[Expr, Part]], span: Span, asked: Quantity) -> Span:
    """What bounds of these formulas, which are said to be one, say of the quantity."""
    found = []
    for node, part in parts:
        try:
            found.append(asked.said(node, span))
        except NoInverse:
            raise _other(part, asked) from None
    if any(one != other for one, other in pairwise(found)):
        raise Unreadable(f"“{parts[0][1].text.strip()}” and “{parts[1][1].text.strip()}” are not the same here.")
    return found[0]


def formula_of(part: Part, asked: Quantity) -> tuple[Expr, Part]:
    """The formula of z that is bounded in a part of an answer."""
    return asked.named.read(part.text, part.start), part


def statement(part: Part, asked: Quantity) -> tuple[Span, bool]:
    """What one statement says of the quantity, and whether it names a quantity."""
    colon = _COLON.match(part.text)
    if colon and asked.named.mentions(colon["of"]):
        part = Part(colon["of"] + (" " if colon["sign"] else "=") + part.text[colon.end() :], part.start)
    label = None if _INFINITE.fullmatch(part.text) else _LABEL.match(part.text)
    if label and not _is_call(part.text, label.end()):
        span, named = _chain(_labelled(label, part, asked), asked)
        return (replace(span, of_size=True), True) if label["lipschitz"] else (span, named)
    if after := _named_after(part, asked):
        return after
    name = _BOUNDS_NAME.match(part.text)
    if name and name["name"] not in asked.named.parameters:
        rest = part.text[name.end() :]
        part = Part(" " * name.end() + ("≤" + rest[1:] if rest.startswith("=") else rest), part.start)
    return _chain(part, asked)


def _named_after(part: Part, asked: Quantity) -> tuple[Span, bool] | None:
    """Of "1/4 is the maximum": a number, and behind it what it is."""
    found = _NAMED_AFTER.fullmatch(part.text)
    if found is None:
        return None
    end = end_of(Part(found["number"], part.start), asked)
    return (Span(end, None) if found["lower"] else Span(None, end)), False


def _labelled(label: re.Match[str], part: Part, asked: Quantity) -> Part:
    """A chain for "max f' = 1/4", "upper bound: 1/4", "min 0"."""
    if label["lipschitz"] and asked.order != 1:
        raise _other(part, asked)
    end, rest = label.end(), part.text[label.end() :]
    sign, right = ("≥", (">=", ">", "≥")) if label["lower"] else ("≤", ("<=", "<", "≤"))
    relation, colon = _RELATION.search(rest), re.match(r"\s*:", rest)
    if colon:
        mark = " " if relation else sign
        return Part(" " * (end + colon.end() - 1) + mark + rest[colon.end() :], part.start)
    if relation is None:
        return Part(" " * (end - 1) + sign + rest, part.start)
    plain = _SAME.get(relation[0], relation[0])
    if plain != "=" and relation[0] not in right:
        raise _other(Part(part.text[: end + relation.start()], part.start), asked)
    mark = sign.ljust(len(relation[0])) if plain == "=" else relation[0]
    return Part(" " * end + rest[: relation.start()] + mark + rest[relation.end() :], part.start)


def _is_call(text: str, at: int) -> bool:
    """Whether max or min at this place is the function of two numbers."""
    depth = 0
    for character in text[at:].lstrip():
        depth += (character in OPENING) - (character in CLOSING)
        if depth == 0:
            return False
        if depth == 1 and character == ",":
            return True
    return False


def _chain(part: Part, asked: Quantity) -> tuple[Span, bool]:
    signs: list[tuple[str, int]] = []
    groups: list[list[Part]] = [[]]
    start = 0
    for relation in _outside(part.text):
        groups[-1].append(Part(part.text[start : relation.start()], part.start + start))
        start, sign = relation.end(), _SAME.get(relation[0], relation[0])
        if sign != "=":
            signs.append((sign, part.start + relation.start() + 1))
            groups.append([])
    groups[-1].append(Part(part.text[start:], part.start + start))
    if len(signs) > 2:
        raise Unreadable(f"One chain is expected here, such as {EXAMPLE}.", signs[2][1])
    if len({sign[0] for sign, _ in signs}) > 1:
        raise Unreadable("Both signs of a chain have to point the same way.", signs[1][1])
    read = [_Group.of(parts, asked, bounded=len(groups) > 1) for parts in groups]
    if not signs:
        return _alone(read[0], part, asked)
    strict = [sign in ("<", ">") for sign, _ in signs]
    if signs[0][0].startswith(">"):
        read, strict, groups = read[::-1], strict[::-1], groups[::-1]
    return _sides(read, strict, groups, asked)


def _outside(text: str) -> list[re.Match[str]]:
    """The signs of a chain: those in no parentheses."""
    found = []
    for relation in _RELATION.finditer(text):
        before = text[: relation.start()]
        if sum(map(before.count, OPENING)) <= sum(map(before.count, CLOSING)):
            found.append(relation)
    return found


def _sides(read: list[_Group], strict: list[bool], groups: list[list[Part]], asked: Quantity) -> tuple[Span, bool]:
    """Of a rising chain of two or three groups, one of which is the quantity."""
    ends = [group.is_end for group in read]
    if len(read) == 3:
        at = 1 if ends == [True, False, True] else None
    else:
        at = ends.index(False) if sum(ends) == 1 else None
    if at is None or (len(read) == 3 and not read[1].formulas):
        place = groups[1 if len(read) == 3 else 0][0].start + 1
        raise Unreadable(f"What is bounded is expected in the chain, as in {EXAMPLE}.", place)
    lower = read[at - 1].end(strict=strict[at - 1]) if at > 0 else None
    upper = read[at + 1].end(strict=strict[at]) if at < len(read) - 1 else None
    quantity = read[at]
    if quantity.numbers or quantity.infinite:
        raise _constant(quantity)
    span = Span(lower, upper)
    return (said_of(quantity.formulas, span, asked), True) if quantity.formulas else (span, False)


def _alone(group: _Group, part: Part, asked: Quantity) -> tuple[Span, bool]:
    """Of a statement without a sign: a number, which is a bound on the side that is asked for."""
    if group.is_end:
        end = group.end(strict=False)
        return (Span(end, None) if asked.below else Span(None, end)), False
    if group.numbers:
        raise _constant(group)
    raise Unreadable(f"A bound is expected here, such as {EXAMPLE}.", part.start + 1)


def _term(part: Part, asked: Quantity, *, bounded: bool) -> StatedNumber | tuple[Expr, Part]:
    """A number, or a formula of the quantity or of z."""
    if _OF_CHANCE.search(part.text):
        raise _other(part, asked)
    if asked.named.mentions(part.text):
        node, _ = formula_of(part, asked)
        if node.has_names():
            return node, part
        return StatedNumber.from_formula(Formula(node, node), part.text)
    try:
        return StatedNumber.of(part.text, asked.named.parameters, part.start, asked.named.reading)
    except Unreadable as error:
        with_z = _formula(part, asked)
        if with_z is not None and with_z.depends_on(VARIABLE):
            return with_z, part
        if with_z is None and bounded and _LONE_NAME.fullmatch(part.text):
            raise _other(part, asked) from None
        raise Unreadable(error.sentence, error.position) from None


def _formula(part: Part, asked: Quantity) -> Expr | None:
    try:
        return formula_of(part, asked)[0]
    except Unreadable:
        return None


def _constant(group: _Group) -> Unreadable:
    part = group.formulas[0][1]
    sentence = f"An equality sign says that {_quoted(part)} is that everywhere; write {_quoted(part)} <= … for a bound."
    return Unreadable(sentence, _begin(part))


def _other(part: Part, asked: Quantity) -> Unreadable:
    """That another quantity is bounded than was asked for."""
    return Unreadable(f"This bounds {_quoted(part)}; the question asks for {asked.name}.", _begin(part))


def _begin(part: Part) -> int:
    return part.start + len(part.text) - len(part.text.lstrip()) + 1


def _quoted(part: Part) -> str:
    text = part.text.strip()
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
