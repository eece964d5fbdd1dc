"""What a report page may do: nothing but show itself."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files


@cache
def content_security_policy() -> str:
    """Nothing is fetched and no script runs: pictures are part of the page, its one style is known by its hash."""
    digest = b64encode(sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def style() -> str:
    """The style of the page."""
    return text_of("report.css")


def text_of(name: str) -> str:
    """A file of this room."""
    return (files(__package__) / name).read_text(encoding="utf-8")
