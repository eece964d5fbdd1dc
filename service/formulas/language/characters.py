"""Text as people type, paste and copy it → the plain characters that a formula is made of, each with its origin.

Every character has one meaning here or none: what only looks like another (ﬁ, ㎡, Ⅳ) is refused with what to type.
"""

import re
import unicodedata

from service.formulas.language.tokens import LONGEST_TEXT, FormulaError

_LONGEST_SPELLING = 2 * LONGEST_TEXT
_PRINTABLE = range(0x20, 0x7F)
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_MATHEMATICAL = range(0x1D400, 0x1D800)
_INDICATOR = "𝟙"  # the double-struck digit that stands for an indicator
_DOUBLE_STRUCK = "DOUBLE-STRUCK"  # ℝ is no letter R
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱᶻˣᵗᵃᵇᵏᵐᵖᵉ", "0123456789+-()nizxtabkmpe", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₓₙ", "0123456789+-aexn", strict=True))
_GREEK = {
    **{
        letter: unicodedata.name(letter).split()[-1].lower().replace("lamda", "lambda")
        for letter in "αβγδεζηθικλμνξπρςστυφχψω"
    },
    **{letter: unicodedata.name(letter).split()[-1].capitalize() for letter in "ΓΔΘΞΦΨΩ"},
    "Λ": "Lambda",
    "ϵ": "epsilon",
    "ϖ": "pi",
    "ϕ": "phi",
    "ϑ": "theta",
    "µ": "mu",
}
_COMMANDS = _GREEK | {
    "√": "surd",
    "∈": "in",
    "∞": "infty",
    "±": "pm",
    "≈": "approx",
    "≃": "approx",
    "≅": "approx",
    "≠": "ne",
    "∧": "land",
    "∨": "lor",
    "∀": "forall",
    "∂": "partial",
    "∪": "cup",
    "∉": "notin",
    "→": "to",
    "↦": "mapsto",
    "ℝ": "mathbb R",
}
_SPELLED_ALIKE = {
    "-": "−–—‐‑‒―﹣⁃➖",
    "+": "﹢➕",
    "*": "⋅∙•×∗✕✖⨯・･⁢⸱",
    "/": "÷∕⁄➗",
    "<=": "≤⩽≦",
    ">=": "≥⩾≧",
    "|": "∣❘ǀ│",
    "||": "‖∥",
    "'": "′’‘ʹʼ´",
    "''": "″",
    "'''": "‴",
    '"': "“”",
    "^": "ˆ˄",
    ",": "‚",
    "...": "…",
    ":=": "≔",
    "e": "ℯⅇ",
    "u": "ü",  # as in für
    "d": "ⅆ",
    "h": "ℎ",
    " ": "\u0085\u2028\u2029\t\n\r\f\v",
    "": "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\ufe0e\ufe0f\ufeff",
}
_SPELLINGS = {character: plain for plain, characters in _SPELLED_ALIKE.items() for character in characters} | {
    **{character: f"\\{name} " for character, name in _COMMANDS.items()},
    "∛": "\\surd[3]",
    "∜": "\\surd[4]",
    "·": "*",
    _INDICATOR: "\\mathbb{1}",
}
_NO_POINT = rf"(?![\d_]| {{0,2}}\^|\*\*|[{''.join(_SUPERSCRIPTS)}])"  # 3·2^z and 3·1_{{z>0}} are products
_POINT_OR_PRODUCT = re.compile(
    rf"(?<![\d.,/])\d{{1,30}}·(?!10 ?[\^⁰¹²³⁴⁵⁶⁷⁸⁹⁻])\d{{1,30}}{_NO_POINT}"
    rf"|(?<=/)\d{{1,30}}·\d{{1,30}}(?!/){_NO_POINT}"  # but 1/2·1/2
)
_INSTEAD = {
    "Σ∑": "write σ(z) for the sigmoid, and write a sum out",
    "Π∏": "write π for the number, and write a product out",
    "∫": "write the integral out",
    "⌊⌋⌈⌉": "write brackets; a formula does not round",
    "∅": "write 0 for the number zero",
}
_LOOKALIKES = dict(zip("асеорхуіѕАВСЕНКМОРТХΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "aceopxyisABCEHKMOPTXABEZHIKMNOPTYXo", strict=True))


def spelled(text: str) -> tuple[str, list[int]]:
    """`text` in printable ASCII, and of each of its characters and of its end the place in `text`, from 1.

    FormulaError at the first character that has no meaning in a formula, and where the text is too long.
    """
    if len(text) > LONGEST_TEXT:
        sentence = f"A formula has at most {LONGEST_TEXT} characters; this one has {len(text)}."
        raise FormulaError(sentence, LONGEST_TEXT + 1)
    if text.isascii() and text.isprintable():
        return text, [*range(1, len(text) + 2)]
    if between := _POINT_OR_PRODUCT.search(text):
        shown, place = between[0], between.start() + 1
        instead = f"write {shown.replace('·', '.')}, or {shown.replace('·', '*')}"
        raise FormulaError(f"“{shown}” at position {place} is not clear: {instead}.", place)
    written, origins, run, before = [], list[int](), "", ""
    for place, character in enumerate(text, start=1):
        raised = "^" if character in _SUPERSCRIPTS else "_" if character in _SUBSCRIPTS else ""
        spelling = ""
        if run and raised != run:
            spelling = "}"
        if raised and raised != run:
            spelling += "{" if raised == before else f"{raised}{{"
        run = raised
        spelling += _spelling(character, place)
        before = spelling.rstrip()[-1:] or before
        written.append(spelling)
        origins += [place] * len(spelling)
    if len(origins) > _LONGEST_SPELLING:
        sentence = f"A formula has at most {_LONGEST_SPELLING} characters with its symbols in words; leave some out."
        raise FormulaError(sentence, origins[_LONGEST_SPELLING])
    end = len(text) + 1
    return "".join(written) + ("}" if run else ""), [*origins, *([end] if run else []), end]


def as_typed(error: FormulaError, text: str) -> FormulaError:
    """`error` with the character of `text` at its place, where that was put into words: “ζ”, not “zeta”."""
    character = text[error.position - 1 : error.position]
    if character.isascii() or character in error.sentence:
        return error
    return FormulaError(re.sub(r"^“[^”]*”", f"“{character}”", error.sentence), error.position)


def _spelling(character: str, place: int) -> str:
    if ord(character) in _PRINTABLE:
        return character
    known = _SPELLINGS.get(character) or _SUPERSCRIPTS.get(character) or _SUBSCRIPTS.get(character)
    if known is not None or character in _SPELLINGS:
        return known or ""
    if unicodedata.category(character) == "Zs":
        return " "
    compatible = unicodedata.normalize("NFKC", character)
    if "⁄" in compatible and len(compatible) > 2:
        above, _, below = compatible.partition("⁄")
        return f"\\frac{{{above}}}{{{below}}}"
    if ord(character) in _FULL_WIDTH:
        return compatible
    if ord(character) in _MATHEMATICAL and _DOUBLE_STRUCK not in unicodedata.name(character, _DOUBLE_STRUCK):
        return compatible if compatible.isascii() else _spelling(compatible, place)
    raise FormulaError(_refusal(character, place), place)


def _refusal(character: str, place: int) -> str:
    if "\ud800" <= character <= "\udfff":  # half a character, which no text can show
        character = "\ufffd"
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    sentence = f"“{shown}” is not understood here (position {place})"
    if character in _LOOKALIKES:
        return f"{sentence}: it only looks like {_LOOKALIKES[character]}; type {_LOOKALIKES[character]}."
    if not character.isprintable():
        return f"{sentence}."
    if instead := next((words for signs, words in _INSTEAD.items() if character in signs), ""):
        return f"{sentence}; {instead}."
    number = unicodedata.numeric(character, None)
    if number is not None and number == int(number) >= 0:
        return f"{sentence}; type {int(number)}."
    compatible = unicodedata.normalize("NFKC", character)
    return f"{sentence}; type {compatible}." if compatible.isascii() and compatible.strip() else f"{sentence}."
