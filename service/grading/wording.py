"""What bounds and numbers are written in: words and signs → plain signs, each in its place; a range → its two ends."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from service.formulas.language.tokens import LONGEST_TEXT
from service.grading.answers import Unreadable

_CASELESS = re.IGNORECASE
_MATHS = re.compile(r"\$+|\\[()]|\\(?:displaystyle|q?quad)(?![a-zA-Z])|&nbsp;")
_DISPLAY = re.compile(r"^\s*\\\[|\\\]\s*$")
_TEXT = re.compile(r"\\(?:text|textrm|textnormal|mbox)\s*\{([^{}]*)\}")
_DOUBTS = re.compile(
    r"[?≠≰≱≮≯]|\\(?:not|ne|neq|nleq\w*|ngeq\w*|nless|ngtr)(?![a-zA-Z])|!=|<>|∖|\\setminus|(?<![a-zA-Z])\\\s*\{\s*0\s*\\?\}"
    r"|\b(?:not|isn't|never|no|nor|cannot|can't|doesn't|don't|won't|wrong|false|untrue|incorrect|maybe|perhaps|probably|possibly|if|unless"
    r"|except|but|or|guess|unsure|sometimes|mostly|usually|almost"
    r"|nicht|nie|kein|keine|oder|vielleicht|pas|jamais|non|ou|peut-être|nunca|quizás|außer|sauf|excepto|si|sinon)\b",
    _CASELESS,
)
_DIGITS = r"\d+\s*(?:d\.?\s?p\.?|s\.?\s?f\.?|decimal(?:s| places)?|digits|significant (?:figures|digits))(?![a-zA-Z])"
_ROUNDED = re.compile(
    rf"\(\s*+(?:rounded|correct)?\s*+(?:to\s++)?{_DIGITS}\s*+\)|\b(?:rounded |correct )?to\s++{_DIGITS}"
    r"|\(\s*+rounded(?:\s+(?:up|down))?\s*\)",
    _CASELESS,
)
_ABOUT = re.compile(
    r"\(\s*(?:approximately|approx\.?)\s*\)|(?<!\\)\b(?:approximately|approx\b\.?|about|around|roughly|circa|ca\.|exactly|ungefähr|etwa|genau|environ|exactement|exactamente|aproximadamente)",
    _CASELESS,
)
_NEARLY = re.compile(r"(?:^|(?<=[<=>≤≥⩽⩾≦≧]))\s*(?:[~≈≃≅∼]|\\(?:approx|simeq|sim)(?![a-zA-Z]))(?=\s*[\d.\\+\-−])")
_LINE = r"(?:\s*(?:\bin\b|∈|\\in(?![a-zA-Z]))\s*(?:ℝ|R\b|\\mathbb\s*(?:\{\s*R\s*\}|R\b)|\\R(?![a-zA-Z])|\bthe reals\b))"
_EVERYWHERE = re.compile(
    rf"(?:,|\(|\b(?:for|für|pour|para)\b|(?<!\s))\s*+"
    rf"(?:\b(?:all|every|each|any|alle|jedes|tout|todo)\s+(?:(?:real|réel|reelle[sn]?)\s+)?[zxt]\b"
    rf"|(?:∀|\\forall(?![a-zA-Z]))\s*[zxt]\b"
    rf"|\b[zxt]\b(?={_LINE})){_LINE}?\s*[:)]?"
    r"|\b(?:everywhere|überall|partout|for all real numbers|on the whole line"
    r"|on (?:ℝ|R)\b|on \\mathbb\s*\{?\s*R\s*\}?)",
    _CASELESS,
)
_FILLERS = re.compile(
    r"\b(?:the|an|we have|has|of|so|thus|hence|therefore|that is|always|stets|immer|toujours|siempre|it holds that)\b",
    _CASELESS,
)
_IS = re.compile(r"\b(?P<verb>is|are|ist|est|es)\b(?P<sign>\s*(?:[<>≤≥=]|\b(?:between|in|not|wrong)\b))?", _CASELESS)
_LIMITS = re.compile(r"\b(?:for|when|whenever|where|while|für|wenn|pour|quand|lorsque|para|cuando)\b", _CASELESS)
_INDEX = r"(?<=['’′)])\s*_\s*(?P<open>\{{)?\s*(?:\\(?:text|mathrm)\s*\{{)?\\?(?:{})\s*(?(open)\}}+)\s*(?:=|{})"
_EXTREMES = [
    (re.compile(_INDEX.format("max|sup", "<=|≤")), "≤"),
    (re.compile(_INDEX.format("min|inf", ">=|≥")), "≥"),
]
_APPROACHES = re.compile(
    r"(?<=[^\s])\s*+(?P<word>[→⟶⟼]|-+>|\\(?:to|(?:long)?rightarrow)(?![a-zA-Z])"
    r"|\b(?:tends?|goes to|approach(?:es)?|converges to|strebt|geht gegen|tend vers)\b)",
    _CASELESS,
)
_NORM_IS = re.compile(
    r"((?:\|\s*\||‖|\\\||\\[lr]?Vert)[^=<>≤≥]*_\s*(?:∞|\\infty|\{\s*(?:∞|\\infty)\s*\})\s*)="  # it is a supremum
)


def _endless(side: str, bound: str) -> str:
    """A pattern for a quantity that has no bound on one side."""
    endless = "(?:unbounded|not bounded|unbeschränkt|nicht beschränkt|unbegrenzt|non bornée?|no acotad[ao])"
    words = [rf"{endless}\s+(?:from\s+)?(?:{side})", rf"(?:{side})\s+{endless}", rf"(?:no|keine)\s+(?:{bound})"]
    return rf"\b(?:{'|'.join(words)})\b"


_LESS, _GREATER = (rf"(?:{sign}|\\{name}(?![a-zA-Z])|&{name};)" for sign, name in (("[<＜]", "lt"), ("[>＞]", "gt")))
_SIGNS: list[tuple[str, str]] = [  # in the order in which they are looked for
    (_endless("above|nach oben|supérieurement|superiormente", "upper bound|obere Schranke"), "<∞"),
    (_endless("below|nach unten|inférieurement|inferiormente", "lower bound|untere Schranke"), ">-∞"),
    (
        r"\b(?:(?:less|smaller) than or equal(?: to)?|at most|(?:no|not|never) (?:more|greater|larger|bigger) than"
        r"|up to"
        r"|(?:never|does not|doesn't|cannot) exceeds?|not exceeding|bounded (?:from )?above by"
        r"|bounded by|höchstens|nicht (?:größer|grösser|mehr) als|kleiner(?: oder)? gleich"
        r"|(?:nach oben )?beschränkt durch"
        r"|au plus|pas plus de|inférieure? ou égale? à|majorée? par|como (?:máximo|mucho)|a lo sumo"
        r"|menor o igual (?:que|a)|acotad[ao] por)\b",
        "<=",
    ),
    (
        r"\b(?:(?:greater|larger|more) than or equal(?: to)?|at least|(?:no|not|never) (?:less|smaller) than"
        r"|bounded (?:from )?below by|mindestens|nicht kleiner als|größer(?: oder)? gleich|au moins"
        r"|supérieure? ou égale? à|minorée? par|al menos|por lo menos|como mínimo|mayor o igual (?:que|a))\b",
        ">=",
    ),
    (r"\b(?:(?:less|smaller) than|(?:echt )?kleiner als|(?:strictement )?inférieure? à|menor que)\b", "<"),
    (r"\b(?:(?:greater|larger|more) than|(?:echt )?größer als|(?:strictement )?supérieure? à|mayor que)\b", ">"),
    (rf"&leq?;|\\leqslant(?![a-zA-Z])|\\leqq(?![a-zA-Z])|\\leq?(?![a-zA-Z])|{_LESS}\s*=|=\s*{_LESS}(?!=)", "<="),
    (rf"&geq?;|\\geqslant(?![a-zA-Z])|\\geqq(?![a-zA-Z])|\\geq?(?![a-zA-Z])|{_GREATER}\s*=", ">="),
    (_LESS, "<"),
    (_GREATER, ">"),
    (r"[≤⩽≦]", "≤"),
    (r"[≥⩾≧]", "≥"),
]
_PLAIN_SIGNS = [(re.compile(pattern, _CASELESS), sign) for pattern, sign in _SIGNS]
_BOXED = re.compile(r"^\s*\\boxed\s*\{(.*)\}\s*$", re.DOTALL)
_FIRST_COMMA = re.compile(r"(?:^|(?<=[<>=≤≥≈+\-−*/({\[;:]))(\s*),(?=\d)")
_LAST_MARKS = re.compile(r"(?<![.…\s])\s*[.,;]\s*$")
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


@lru_cache(maxsize=256)
def tidied(text: str) -> str:
    """`text` without dollar signs, "about", "(5 d.p.)" and its last full stop; every other character in its place."""
    if len(text) > LONGEST_TEXT:
        raise Unreadable(
            f"An answer has at most {LONGEST_TEXT} characters; this one has {len(text)}.", LONGEST_TEXT + 1
        )
    text = _TEXT.sub(lambda found: " " * (found.start(1) - found.start()) + found[1] + " ", text)
    for pattern in (_MATHS, _DISPLAY, _LAST_MARKS, _ROUNDED, _ABOUT, _NEARLY):
        text = pattern.sub(_blanks, text)
    text = _BOXED.sub(lambda found: " " * found.start(1) + found[1], text)
    return _FIRST_COMMA.sub(r"\1.", text)


@lru_cache(maxsize=256)
def with_signs(text: str) -> str:
    """What `tidied` made of a bound with plain signs for its words: "at most" is <=; Unreadable where it is doubted."""
    for pattern, sign in _PLAIN_SIGNS:
        text = pattern.sub(_padded(sign), text)
    for pattern, sign in _EXTREMES:
        text = pattern.sub(_padded(sign), text)
    text = _NORM_IS.sub(r"\1≤", text)
    for pattern in (_EVERYWHERE, _FILLERS):
        text = pattern.sub(_blanks, text)
    text = _IS.sub(lambda found: ("" if found["sign"] else "=").ljust(len(found["verb"])) + (found["sign"] or ""), text)
    if approaches := _APPROACHES.search(text):
        word = approaches["word"]
        raise Unreadable(f"“{word}” does not bound it: write <= or >= in its place.", approaches.start("word") + 1)
    if limit := _LIMITS.search(text):
        sentence = f"“{limit[0]}” seems to limit where your bound holds; state one that holds for every z."
        raise Unreadable(sentence, limit.start() + 1)
    if doubt := _DOUBTS.search(text):
        raise Unreadable(
            f"“{doubt[0]}” leaves open what you claim: state the bound alone, as in |f'(z)| <= 1.2.", doubt.start() + 1
        )
    return text


def is_doubted(text: str) -> bool:
    """Whether a word in `text` leaves open what is claimed: not, or, wrong, maybe."""
    return _DOUBTS.search(text) is not None


def _blanks(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _padded(sign: str) -> Callable[[re.Match[str]], str]:
    return lambda found: sign.ljust(len(found[0]))
