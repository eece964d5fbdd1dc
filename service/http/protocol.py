"""HTTP/1.1 as uvicorn and h11 speak it, with an end to everything that a client may draw out.

A connection waits for its client only for so long, and all of them are counted; what is no request, or could be read as
two, is answered as every other refusal is: as a problem, with an identifier and a line in the log.
"""

import asyncio
import logging
import socket
import struct
from asyncio import AbstractEventLoop, TimerHandle
from contextlib import suppress
from typing import Any, ClassVar

import h11
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.server import ServerState

from service.core.errors import Refusal
from service.core.settings import Settings, listed
from service.http.connections import Connection, Connections, FewerLines, Output
from service.http.metrics import Live
from service.http.reader import HeadersTooSlow, RequestReader

FAULT = "gradient_verdict.fault"
"""The key of a scope whose request is to be refused, with the refusal."""

_READ_BYTES = 16 << 10  # at a time: an eighth of a second is spent on 256 KiB in chunks of one byte
_SLICE_BYTES = 64 << 10  # of an answer that are handed out before it is seen whether they are read
_LINGER_SECONDS = 5.0
_BUSY_BODY = (
    b'{"type":"urn:gradient-verdict:problem:too-many-connections","title":"Too many connections","status":503,'
    b'"detail":"Too many connections are open; try again in a moment.","code":"too-many-connections",'
    b'"request_id":"none","errors":[],"facts":{}}'
)
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
    b"X-Content-Type-Options: nosniff\r\nRetry-After: 1\r\nConnection: close\r\n\r\n%b"
) % (len(_BUSY_BODY), _BUSY_BODY)


def server_config(app: ASGIApp, settings: Settings, live: Live | None = None) -> uvicorn.Config:
    """How uvicorn serves `app`; `live` learns how many connections are open."""
    connections = Connections(settings)
    if live is not None:
        live.connections = connections.counts
    logging.getLogger("asyncio").addFilter(FewerLines())

    class Protocol(_Protocol):
        limits = settings
        connections_of_all = connections

    proxies = listed(settings.trusted_proxies)
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=Protocol,  # of h11: httptools drops the body of a JDK client's upgrade request
        ws="none",
        access_log=False,
        log_config=None,  # its lines are in the service's own log
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        backlog=connections.backlog,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


class _Protocol(H11Protocol):
    """One connection. `limits` and `connections_of_all` are set by the class of a service."""

    limits: ClassVar[Settings]
    connections_of_all: ClassVar[Connections]
    conn: RequestReader
    _output: Output

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = RequestReader()
        self._whole_app = self.app
        self.app = self._in_slices
        self._connection: Connection | None = None
        self._receiving: TimerHandle | None = None
        self._sending: TimerHandle | None = None
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection in, or refuse it without reading anything."""
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._connection = self.connections_of_all.opened(address, self._abort)
        if self._connection is None:
            transport.write(_BUSY)
            transport.close()
            return
        transport.max_size = _READ_BYTES  # type: ignore[attr-defined]
        transport.set_write_buffer_limits(high=_SLICE_BYTES)
        if address and hasattr(socket, "TCP_NOTSENT_LOWAT"):  # the system keeps no more of what is not read either
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _SLICE_BYTES)
        super().connection_made(transport)
        self.transport = self._output = Output(transport)  # type: ignore[assignment]
        self._receiving = self.loop.call_later(self.limits.header_seconds, self._header_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a connection that is closed."""
        for timer in (self._receiving, self._sending):
            if timer is not None:
                timer.cancel()
        if self._connection is not None:
            self.connections_of_all.closed(self._connection)
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; the rest of a header that has begun has a deadline."""
        if self._refused:
            return
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self._receiving is None:
            self._receiving = self.loop.call_later(self.limits.header_seconds, self._header_is_late)

    def handle_events(self) -> None:
        """Do what was read, or refuse it."""
        super().handle_events()
        if self.conn.fault is not None:
            self._refuse(self.conn.fault)
        self._waits_or_works()
        dropped = self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE
        if self.conn.their_state is not h11.IDLE and not dropped and self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None

    def on_response_complete(self) -> None:
        """Wait for the next request; for the rest of the body of this one, only as long as a client needs to notice."""
        unread = self.conn.their_state is h11.SEND_BODY
        super().on_response_complete()
        self._waits_or_works()
        if self.transport.is_closing():
            self._abort_later()
        elif unread and self._receiving is None:
            self._receiving = self.loop.call_later(_LINGER_SECONDS, self._close)

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        super().pause_writing()
        self._abort_later()
        if self._connection is not None:
            self.connections_of_all.waits(self._connection)

    def resume_writing(self) -> None:
        """Go on with the answer."""
        super().resume_writing()
        self._waits_or_works()
        if self._sending is not None and not self.transport.is_closing():
            self._sending.cancel()
            self._sending = None

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that no next request comes on."""
        super().timeout_keep_alive_handler()
        self._abort_later()

    def shutdown(self) -> None:
        """Close the connection, at once or after what is being answered."""
        super().shutdown()
        if self.transport.is_closing():
            self._abort_later()

    def _should_upgrade(self) -> bool:
        return False  # to nothing, and without two lines in the log

    def _waits_or_works(self) -> None:
        if self._connection is not None:
            waits = self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
            (self.connections_of_all.waits if waits else self.connections_of_all.works)(self._connection)

    def _close(self) -> None:
        self.transport.close()
        self._abort_later()

    def _abort_later(self) -> None:
        """Close the connection in a while, whatever of the answer is not read by then."""
        if self._sending is None:
            self._sending = self.loop.call_later(self.limits.write_seconds, self._abort)

    def _abort(self) -> None:
        """Close the connection at once; the system does not go on sending what it has of an answer either."""
        with suppress(OSError):
            no_linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        self.transport.abort()

    def _header_is_late(self) -> None:
        self._receiving = None
        if self.conn.trailing_data[0]:
            seconds = self.limits.header_seconds
            self._refuse(HeadersTooSlow(f"The header of the request did not arrive within {seconds:g} seconds."))
        else:
            self._close()

    def _refuse(self, fault: Refusal) -> None:
        """Answer with the refusal in place of the request, and close the connection."""
        if self._refused:
            return
        self._refused = True
        self._unset_keepalive_if_required()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.abort()
                return
        self.cycle = RequestResponseCycle(
            scope=self._nameless(fault),  # type: ignore[arg-type]
            conn=self.conn,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            on_response=self.on_response_complete,
        )
        task = self.loop.create_task(self.cycle.run_asgi(self.app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _nameless(self, fault: Refusal) -> Scope:
        """The scope of what is no request."""
        return {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": "1.1",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": "-",
            "root_path": self.root_path,
            "path": "-",
            "raw_path": b"-",
            "query_string": b"",
            "headers": [(b"connection", b"close")],
            "state": self.app_state.copy(),
            FAULT: fault,
        }

    def _keeps(self, length: int) -> None:
        if self._connection is not None:
            self.connections_of_all.answers(self._connection, length)

    async def _in_slices(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application, whose answers are handed to the connection as fast as they are read."""

        async def send_slices(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._output.hold()
                self.loop.call_soon(self._output.release)
            body = message.get("body", b"")
            if len(body) <= _SLICE_BYTES:
                await send(message)
                return
            self._keeps(len(body))
            for start in range(0, len(body), _SLICE_BYTES):
                more = message.get("more_body", False) or start + _SLICE_BYTES < len(body)
                await send({**message, "body": body[start : start + _SLICE_BYTES], "more_body": more})
                if self.transport.is_closing():
                    await asyncio.sleep(0)  # in which the application's side learns that the client has left
            self._keeps(0)

        await self._whole_app(scope, receive, send_slices)
