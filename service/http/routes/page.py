"""The laboratory: the web page at `/` and its files, with nothing fetched from any other host."""

from gzip import decompress
from hashlib import sha256
from os import PathLike, stat_result
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from service.http.dependencies import get_drawing

FILES = Path(__file__).resolve().parents[1] / "page"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-cache",  # asked for again with the ETag: a new version is seen at once
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SCRIPT = "text/javascript"


class PageFiles(StaticFiles):
    """Files that may run no script and load no style but those beside them."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or that the browser has it already, with the page's headers."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(HEADERS)
        return response


async def get_vega(request: Request) -> Response:
    """Vega as the service itself draws with, packed once; or that the browser has it already."""
    packed = await get_drawing(request).script()
    headers = Headers({**HEADERS, "ETag": f'"{sha256(packed).hexdigest()}"', "Vary": "Accept-Encoding"})
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return NotModifiedResponse(headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return Response(packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=SCRIPT)
    return Response(decompress(packed), headers=dict(headers), media_type=SCRIPT)


def mount_page(app: FastAPI) -> None:
    """Serve the page at `/` and what it loads below `/page`; neither is an operation of the API."""
    files = GZipMiddleware(PageFiles(directory=FILES, html=True))
    app.router.routes.append(Route("/", files, methods=["GET", "HEAD"], include_in_schema=False))
    app.router.routes.append(Route("/page/vega.js", get_vega, include_in_schema=False))
    app.router.routes.append(Mount("/page", files, name="page"))
