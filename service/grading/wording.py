"""Words and signs around a bound or a number → plain signs, each in its place: no text changes its length."""

import re
from collections.abc import Callable

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
