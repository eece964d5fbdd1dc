"""What an operator may set: environment variables with the prefix GRADIENT_VERDICT_, read once and frozen."""

import os
import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.core.logs import LogFormat, LogLevel

_PREFIX = "GRADIENT_VERDICT_"
_PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

_DATABASE = re.compile(r"sqlite:///(?!:memory:).+|postgres(ql)?(\+psycopg)?://.+")
_HOST = re.compile(r"\*|(\*\.)?[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?")
_ORIGIN = re.compile(r"\*|https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def listed(text: str) -> list[str]:
    """The items of a setting that is a list, with commas or spaces between them."""
    return text.replace(",", " ").split()


def _are_hosts(text: str) -> str:
    for one in listed(text := text.lower()):
        if not _HOST.fullmatch(one):
            raise ValueError(f"{one} is no name of a host without a port, as verdict.example.org or *.example.org")
    return text


def _are_origins(text: str) -> str:
    for one in listed(text := text.lower()):
        if not _ORIGIN.fullmatch(one):
            raise ValueError(f"{one} is no origin, as https://lms.example.org is, with nothing after the host and port")
    return text


def _are_networks(text: str) -> str:
    for one in listed(text):
        ip_network(one, strict=False)
    return text


class Settings(BaseSettings):
    """The settings with their defaults, which need no other server."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """The port to listen on; 0 takes a free one."""
    api_keys_file: str = ""
    """The file of keys, made by `keys create`; empty where nobody has one, and then only loopback is listened on."""
    allow_anonymous: bool = False
    """Whether everybody may do everything on other addresses than loopback, too, where there is no file of keys."""
    allowed_hosts: Annotated[str, AfterValidator(_are_hosts)] = ""
    """By which names it is asked, beside `localhost`, `host` and addresses: `verdict.example.org, *.example.org`."""
    cors_origins: Annotated[str, AfterValidator(_are_origins)] = ""
    """Whose pages may read and post from a browser, as `https://lms.example.org`; `*` is every page's."""
    trusted_proxies: Annotated[str, AfterValidator(_are_networks)] = ""
    """Whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks, as `10.0.0.7, 172.16.0.0/12`."""
    connections: Annotated[int, Field(ge=8, le=60_000)] = 1024
    """Open connections; fewer where the process may not have as many descriptors."""
    connections_per_address: Annotated[int, Field(ge=1)] = 256
    """Open connections of one address, a /64 of IPv6; at most three quarters of all. Trusted proxies have no limit."""
    header_seconds: Annotated[float, Field(gt=0, le=3600)] = 10.0
    """How long the header of a request may take to arrive."""
    keep_alive_seconds: Annotated[int, Field(ge=1, le=3600)] = 5
    """How long a connection stays open without a next request."""
    write_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """How long a client may read nothing of an answer before its connection is closed."""
    requests_per_second: Annotated[float, Field(ge=0)] = 50.0
    """How many requests one key, or one address without a key, may make; on loopback without keys only if set."""
    open_streams: Annotated[int, Field(ge=0)] = 100
    """How many streams of events each of them may have open, likewise; 0 is no bound."""
    workers: Annotated[int, Field(ge=1, le=256)] = _PROCESSORS
    """Processes that simulate, one processor each; the number of processors unless set."""
    spare_workers: Annotated[int, Field(ge=0, le=16)] = 1
    """Processes kept loaded beyond those, so that nobody waits for a start where one had to be killed."""
    sync_deadline_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """How long one simulation may take before its process is ended."""
    sync_budget_flops: Annotated[float, Field(gt=0)] = 4e11
    """The largest estimate that is answered at once: about 20 seconds of a processor of 2024."""
    memory_bytes_per_worker: Annotated[int, Field(ge=512 << 20)] = 2 << 30
    """The address space of a worker process."""
    cache_bytes: Annotated[int, Field(ge=0)] = 64 << 20
    """How many bytes of reports are kept to answer the same request again; 0 keeps none."""
    database_url: Annotated[str, Field(repr=False)] = ""
    """Where reports are kept: `sqlite:///a/path` or `postgresql://…`; empty for a file in the user's data directory."""
    retention_days: Annotated[float, Field(gt=0, le=36_500)] = 90.0
    """How long a report is kept without being asked for; the evidence of gradings is kept for good."""
    store_bytes: Annotated[int, Field(ge=0)] = 2 << 30
    """How many bytes are stored, compressed; evidence, assignments and jobs may take half. 0 stores no reports."""
    owner_bytes: Annotated[int, Field(ge=0)] = 256 << 20
    """How many bytes of evidence, assignments and jobs one owner of keys may keep, compressed; 0 is no bound."""
    assignment_limit: Annotated[int, Field(ge=1)] = 1000
    """How many assignments one owner may keep."""
    queue_limit: Annotated[int, Field(ge=0)] = 64
    """How many simulations may wait for a worker before a request is turned away."""
    body_bytes: Annotated[int, Field(ge=1024)] = 4 << 20
    """The longest request body."""
    body_seconds: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """How long a request body may take to arrive."""
    import_bytes: Annotated[int, Field(ge=1024)] = 64 << 20
    """The longest file of a model that is imported; so much of it arrives in `body_seconds` as a body may have."""
    bodies_bytes: Annotated[int, Field(ge=1 << 20)] = 64 << 20
    """How many bytes of request bodies may be in memory, arriving or worked on; one caller may take half of them."""
    imports_bytes: Annotated[int, Field(ge=1 << 20)] = 256 << 20
    """How many bytes of files that are imported may be on the disk, likewise."""
    job_workers: Annotated[int, Field(ge=0, le=256)] = _PROCESSORS
    """Processes that work on jobs, behind whatever is asked for at once; 0 leaves jobs to `worker`s elsewhere."""
    job_niceness: Annotated[int, Field(ge=0, le=19)] = 10
    """How far they let everything else on the machine go before them; 0 on a machine for jobs alone."""
    job_deadline_seconds: Annotated[float, Field(gt=0, le=86_400)] = 600.0
    """How long a chunk of a job may take before its process is ended and its halves are tried, down to one item."""
    job_chunk_seconds: Annotated[float, Field(gt=0, le=3600)] = 0.4
    """How much work of a job is handed out at a time, by the estimate: what is lost with a process that dies."""
    job_limit: Annotated[int, Field(ge=1)] = 1000
    """How many jobs may be under way before another is turned away."""
    job_retention_days: Annotated[float, Field(gt=0, le=36_500)] = 30.0
    """How long a job and its results are kept after its end."""
    draw_at_start: bool = True
    """Whether the process that draws charts is started with the service, or for the first chart."""
    log_format: Annotated[LogFormat, BeforeValidator(str.lower)] = "text"
    """How a line of the log is written: `text`, or `json`."""
    log_level: Annotated[LogLevel, BeforeValidator(str.lower)] = "info"
    """What is logged: this, and what is graver."""
    shutdown_seconds: Annotated[int, Field(ge=0, le=600)] = 10
    """How long running requests may finish after the service is told to stop."""

    @field_validator("database_url")
    @classmethod
    def _is_known(cls, url: str) -> str:
        if url and not _DATABASE.fullmatch(url):
            raise ValueError("the URL begins neither with sqlite:/// and a path nor with postgresql://")
        return url

    @property
    def job_patience(self) -> float:
        """How much longer an item of a job may take than what is answered at once."""
        return max(1.0, self.job_deadline_seconds / self.sync_deadline_seconds)

    def variables(self) -> dict[str, str]:
        """Every setting as the variable that sets it, passwords and all: for a process of this service's own."""
        return {f"{_PREFIX}{name.upper()}": str(value) for name, value in self.model_dump().items()}

    def environment(self) -> dict[str, str]:
        """Every setting by the name of its variable, without passwords."""
        shown = self.model_dump() | {"database_url": _without_secrets(self.database_url)}
        return {f"{_PREFIX}{name.upper()}": str(value) for name, value in shown.items()}


def _without_secrets(url: str) -> str:
    """`url` with stars for its password, wherever it stands."""
    without = re.sub(r"^([^:]*://[^:/?#]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&][^=&]*password[^=&]*=)[^&]*", r"\1***", without)
