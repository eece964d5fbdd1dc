"""Which connections are open: how many there may be, of one address too, and which of them gives way to a new one."""

import logging
from asyncio import Transport
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import monotonic
from typing import Any

from service.core.settings import Settings, listed
from service.processes.system import descriptors

_log = logging.getLogger("service")

_LARGEST_BACKLOG = 256
_OWN_DESCRIPTORS = 64  # of the service at rest: files of the store, pipes, sockets that listen
_DESCRIPTORS_PER_WORKER = 4
_FEWEST = 8
_OUT_OF_DESCRIPTORS = "socket.accept() out of system resource"
_TOO_MANY = "%d connections were one too many (CONNECTIONS: %d, CONNECTIONS_PER_ADDRESS: %d)"
_MINUTE = 60.0
_UNREAD_BYTES = 128 << 20  # of answers that are being read; more where all of them are read without a pause
_PAUSE_SECONDS = 1.0


@dataclass
class _Peer:
    """The connections of one address; `waiting` are those that wait for their client, the longest first."""

    network: str
    count: int = 0
    waiting: dict["Connection", None] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Connection:
    """An open connection of a peer; `leave` closes it at once."""

    peer: _Peer
    leave: Callable[[], None]


class Connections:
    """The open connections of a service.

    Where one more would be too many, the one that has waited longest for its client gives way: for a request, for the
    rest of one, or for an answer to be read. Where none waits, the new one is refused.
    """

    def __init__(self, settings: Settings) -> None:
        allowed = descriptors()
        workers = settings.workers + settings.job_workers
        self.backlog = max(_FEWEST, min(_LARGEST_BACKLOG, allowed // 8))  # so many may come before one is closed
        room = allowed - self.backlog - _OWN_DESCRIPTORS - _DESCRIPTORS_PER_WORKER * workers
        self._most = max(_FEWEST, min(settings.connections, room))
        self._most_of_one = min(settings.connections_per_address, self._most * 3 // 4)
        self._trusted = [ip_network(one, strict=False) for one in listed(settings.trusted_proxies)]
        self._open: dict[Connection, None] = {}
        self._waiting: dict[Connection, float] = {}  # since when
        self._unread: dict[Connection, int] = {}
        self._unread_bytes = 0
        self._peers: dict[str, _Peer] = {}
        self._too_many = _Seldom()

    def counts(self) -> dict[str, int]:
        """How many are open, by what they wait for: their client, or the service."""
        return {"client": len(self._waiting), "service": len(self._open) - len(self._waiting)}

    def opened(self, address: str, leave: Callable[[], None]) -> Connection | None:
        """A new connection of `address`, which waits for its client; None where it is refused."""
        network = _network(address)
        peer = self._peers.get(network) or _Peer(network)
        if peer.count >= self._most_of_one and not self._is_proxy(address):
            refused = not self._gives_way(peer.waiting)
        else:
            refused = len(self._open) >= self._most and not self._gives_way(self._waiting)
        if refused:
            return None
        self._peers[network] = peer
        peer.count += 1
        self._open[connection := Connection(peer, leave)] = None
        self.waits(connection)
        return connection

    def waits(self, connection: Connection) -> None:
        """From now on `connection` waits for its client, and may give way."""
        if connection in self._open and connection not in self._waiting:
            self._waiting[connection] = monotonic()
            connection.peer.waiting[connection] = None

    def works(self, connection: Connection) -> None:
        """From now on the service works for `connection`, which gives way to none."""
        self._waiting.pop(connection, None)
        connection.peer.waiting.pop(connection, None)

    def answers(self, connection: Connection, length: int) -> None:
        """An answer of so many bytes is kept until the client of `connection` has read it; 0 once it has.

        Where too much is kept, those give way that have read nothing of theirs for the longest time.
        """
        self._unread_bytes -= self._unread.pop(connection, 0)
        if length and connection in self._open:
            self._unread[connection] = length
            self._unread_bytes += length
        while self._unread_bytes > _UNREAD_BYTES:
            longest = next((one for one in self._waiting if one in self._unread), None)
            if longest is None or monotonic() - self._waiting[longest] < _PAUSE_SECONDS:
                return
            self.closed(longest)
            longest.leave()

    def closed(self, connection: Connection) -> None:
        """Forget `connection`, if it is not forgotten yet."""
        if connection not in self._open:
            return
        del self._open[connection]
        self._unread_bytes -= self._unread.pop(connection, 0)
        self.works(connection)
        connection.peer.count -= 1
        if not connection.peer.count:
            del self._peers[connection.peer.network]

    def _gives_way(self, waiting: Iterable[Connection]) -> bool:
        """Whether one of `waiting` was there to be closed."""
        if count := self._too_many.count():
            _log.warning(_TOO_MANY, count, self._most, self._most_of_one)
        longest = next(iter(waiting), None)
        if longest is None:
            return False
        self.closed(longest)
        longest.leave()
        return True

    def _is_proxy(self, address: str) -> bool:
        return bool(self._trusted) and any(_parsed(address) in network for network in self._trusted)


class Output:
    """A transport that sends the head of an answer together with what follows: a call of the system is dear."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._holds = False

    def hold(self) -> None:
        """Keep what is written next, a head, until there is more."""
        self._holds = True

    def write(self, data: bytes) -> None:
        """Send `data` behind what is kept, or keep it."""
        if self._holds:
            self._head, self._holds = data, False
            return
        self._transport.write(data if self._head is None else self._head + data)
        self._head = None

    def release(self) -> None:
        """Send what is kept where nothing follows at once: a stream has its head before its first event."""
        if self._head is not None:
            self.write(b"")

    def close(self) -> None:
        """Send what is kept, and close the connection behind it."""
        self.release()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Seldom:
    """Counts what may happen often."""

    def __init__(self) -> None:
        self._counted = 0
        self._next = 0.0

    def count(self) -> int:
        """Once a minute how often it was asked since, and 0 in between."""
        self._counted += 1
        if (now := monotonic()) < self._next:
            return 0
        self._next, counted, self._counted = now + _MINUTE, self._counted, 0
        return counted


class FewerLines(logging.Filter):
    """Of asyncio's log: that no descriptor is left is said once a minute in one line, and not in a thousand tracebacks.

    `Connections` has fewer than the descriptors suffice for; other parts of the process may still use them up.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seldom = _Seldom()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged, which is changed where it is one of those."""
        if not str(record.msg).startswith(_OUT_OF_DESCRIPTORS):
            return True
        count = self._seldom.count()
        record.msg, record.args, record.exc_info = (
            "no descriptor is left for a new connection (%d times)",
            (count,),
            None,
        )
        return count > 0


@lru_cache(4096)
def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """The address; that of IPv4 where it is mapped into IPv6, and none of what a socket in the file system has."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


@lru_cache(4096)
def _network(address: str) -> str:
    """Whose connections are counted together: those of an address, or of a /64 of IPv6, which one machine may have."""
    parsed = _parsed(address)
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else str(parsed or address)
