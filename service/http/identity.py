"""Who asks, by the key in the header Authorization; and a line in the audit log for what is done or denied."""

import base64
import binascii
import logging
from dataclasses import replace

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.core.context import RequestContext, request_context
from service.core.keys import KeyFile
from service.core.logs import fields
from service.http.problems import refusal
from service.http.scopes import KeyNeeded, KeyUnknown

_PUBLIC = {
    "/",
    "/teach",
    "/docs",
    "/openapi.json",
    "/v1/version",
    "/healthz/live",
    "/healthz/ready",
    "/evaluate/health",
}
_PUBLIC_FOLDERS = ("/page/", "/docs/")
_READING = {"GET", "HEAD", "OPTIONS"}
_KEEPS_NOTHING = {
    "create_activation_profile",
    "create_comparison",
    "create_estimate",
    "create_package",
    "create_prescriptions",
    "create_preview",
    "create_simulation",
    "validate_rubric",
}
"""Operations that change nothing that belongs to anybody; the access log has them."""
_DENIED = {401, 403}
_LONGEST = 200
_audit = logging.getLogger("service.audit")


class IdentityMiddleware:
    """Puts who asks into the context of the request; refuses a wrong key, and none where it is needed."""

    def __init__(self, app: ASGIApp, keys: KeyFile | None) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its caller."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context, status = request_context(), 500
        refused = None if self._keys is None else _identified(scope, context, self._keys)

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            answer = self._app if refused is None else refusal(Request(scope, receive), refused)
            await answer(scope, receive, send_seen)
        finally:
            if status in _DENIED or scope["method"] not in _READING:
                _note(scope, context, status)


def _identified(scope: Scope, context: RequestContext, keys: KeyFile) -> KeyNeeded | None:
    """Set who asks; what is to be refused, if anything."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    caller = keys.caller(_key_in(given[0]) if given else None) if len(given) < 2 else None
    if caller is not None:
        context.caller = replace(caller, address=context.caller.address)
        return None
    context.caller = replace(context.caller, scopes=frozenset())
    if scope["path"] in _PUBLIC or scope["path"].startswith(_PUBLIC_FOLDERS):
        return None
    return KeyUnknown() if given else KeyNeeded()


def _key_in(header: bytes) -> str:
    """The key that a header Authorization states, as it is or as a password; empty where there is none."""
    scheme, _, value = header.strip().partition(b" ")
    match scheme.lower():
        case b"bearer":
            return value.strip().decode("latin-1")
        case b"basic":
            try:
                pair = base64.b64decode(value.strip(), validate=True)
            except binascii.Error:
                return ""
            return pair.partition(b":")[2].decode("latin-1")  # a name has no colon (RFC 7617)
    return ""


def _note(scope: Scope, context: RequestContext, status: int) -> None:
    """A line for what was changed or denied: who, what, and how it ended; never a key or a body."""
    operation = getattr(scope.get("route"), "name", "none")
    denied = status in _DENIED
    if operation in _KEEPS_NOTHING and not denied:
        return
    sentence = {
        "owner": context.caller.owner or "-",
        "operation": operation,
        "path": scope["path"].encode("ascii", "backslashreplace").decode()[:_LONGEST],
        "status": status,
    }
    beside = fields(
        bounded=f"denied {status}" if denied else "",
        in_sentence=sentence,
        method=scope["method"][:_LONGEST],
        address=context.caller.address[:_LONGEST],
        code=context.code,
        request_id=context.request_id,
    )
    _audit.info("%s: %s %r %d", *sentence.values(), extra=beside)
