"""Which version of a thing a client has or means: entity tags (RFC 9110, 8.8.3), and what is asked for by them."""

import re
from collections.abc import Awaitable, Callable, Mapping
from hashlib import blake2b
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from pydantic.json_schema import SkipJsonSchema

from service.core.errors import Refusal
from service.http.encodings import CODINGS

_BYTES = 16
_TAG = re.compile(r'(W/)?"([!#-~\x80-\xff]*)"')
_PACKED = re.compile(f'-(?:{"|".join(CODINGS)})"')


def tag_of(*parts: bytes | str) -> str:
    """The strong tag of what `parts` determine, with its quotes."""
    made = blake2b(digest_size=_BYTES)
    for part in parts:
        written = part.encode() if isinstance(part, str) else part
        made.update(b"%d:" % len(written) if len(parts) > 1 else b"")
        made.update(written)
    return f'"{made.hexdigest()}"'


def packed_tag(tag: str, coding: str) -> str:
    """The tag of the same thing, compressed by `coding`: other bytes have another strong tag."""
    return f'{tag[:-1]}-{coding}"'


def plain_tags(header: str) -> str:
    """`header`, a list of tags, with those of the things themselves for those of compressed ones."""
    return _PACKED.sub('"', header)


def sent_tag(header: str, tag: str) -> str:
    """`tag`, or that of it compressed, as `header` names it."""
    variants = (packed_tag(tag, coding) for coding in CODINGS)
    return tag if tag in header else next((one for one in variants if one in header), tag)


def names(header: str, tag: str, strongly: bool = False) -> bool:
    """Whether `header`, `*` or a list of tags, names `tag`; weak tags count unless `strongly` is said."""
    if header.strip() == "*":
        return True
    found = {opaque for weak, opaque in _TAG.findall(header) if not (weak and strongly)}
    return tag.removeprefix("W/").strip('"') in found and not (strongly and tag.startswith("W/"))


async def unless_known(
    request: Request, tag: str, make: Callable[[], Awaitable[Response]], headers: Mapping[str, str]
) -> Response:
    """What `make` answers, with `tag` and `headers`; 304, and nothing is made, where the client has it already."""
    told = {**headers, "ETag": tag}
    if names(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=told)
    answer = await make()
    answer.headers.update(told)
    return answer


class PreconditionFailed(Refusal):
    """What is to be changed is not what the client has seen."""

    code = "precondition-failed"


_Check = Callable[[str | None], None]


async def _condition(
    if_match: Annotated[
        str | SkipJsonSchema[None],
        Header(alias="If-Match", description="The `ETag` that GET told: only what still has it is changed (else 412)."),
    ] = None,
    if_none_match: Annotated[
        str | SkipJsonSchema[None],
        Header(alias="If-None-Match", description="`*`: only where there is none yet (else 412)."),
    ] = None,
) -> _Check:
    def check(version: str | None) -> None:
        tag = None if version is None else f'"{version}"'
        if if_match is not None and (tag is None or not names(if_match, tag, strongly=True)):
            raise PreconditionFailed("It is not what If-Match names any more; GET it, and decide by what it is now.")
        if if_none_match is not None and tag is not None and names(if_none_match, tag):
            raise PreconditionFailed("There is one already, and If-None-Match allows none.")

    return check


ConditionDep = Annotated[_Check, Depends(_condition)]
"""What raises PreconditionFailed where If-Match or If-None-Match does not allow the version that is there, or none."""
