"""Which of several media types a client wants, by its header Accept (RFC 9110, 12.5.1)."""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from fastapi import Request

from service.core.errors import Refusal
from service.grading.formats import FormatName
from service.http.responses import GradingResponse

NATIVE = FormatName("native")

_TYPES = GradingResponse.media_types
_JSON = _TYPES[NATIVE]
_COUNTS = Counter(_TYPES.values())
_BY_TYPE = {_JSON: NATIVE} | {_TYPES[name]: name for name in sorted(_TYPES) if _COUNTS[_TYPES[name]] == 1}
"""The formats that have a media type of their own; of those that share one, only the query can say which."""


class NotAcceptable(Refusal):
    """The header Accept lists nothing that is answered here."""

    code = "not-acceptable"


def format_for(request: Request, wanted: FormatName, graded: bool = True) -> FormatName:
    """The format of a grading, or of a result that is none: `wanted` where the query has it, else what Accept likes.

    NotAcceptable where neither says what can be answered.
    """
    if "format" in request.query_params:
        return wanted
    offered = _BY_TYPE if graded else {_JSON: NATIVE}
    found = _preferred(",".join(request.headers.getlist("accept")), tuple(offered))
    if found is None:
        listed = ", ".join(offered)
        raise NotAcceptable(f"Nothing that the header Accept lists is answered here; there is {listed}.")
    return offered[found]


@lru_cache(maxsize=256)
def _preferred(header: str, offered: tuple[str, ...]) -> str | None:
    """Which of the media types `offered` the client likes best, the first of them where it likes several as much."""
    ranges = dict(map(_range, header.lower().split(","))) if header.strip() else {"*/*": 1.0}
    likings = {one: _liking(one, ranges) for one in offered}
    best = max(offered, key=lambda one: likings[one])
    return best if likings[best] > 0 else None


def _liking(media_type: str, ranges: Mapping[str, float]) -> float:
    """How much a media type is liked: the narrowest range that has it says so."""
    family = f"{media_type.partition('/')[0]}/*"
    return next((ranges[one] for one in (media_type, family, "*/*") if one in ranges), 0.0)


def _range(one: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in one.split(";"))
    weight = next((part.removeprefix("q=") for part in parameters if part.startswith("q=")), "1")
    return name, float(weight) if weight.replace(".", "", 1).isdecimal() else 0.0
