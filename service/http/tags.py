"""Which version of a thing a client has or means: entity tags (RFC 9110, 8.8.3), and what is asked for by them."""

import re
from collections.abc import Awaitable, Callable, Mapping
from hashlib import blake2b

from fastapi import Request
from fastapi.responses import Response

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
