"""What browsers are shown: the laboratory at `/`, `/teach`, and `/docs`; nothing comes from any other host."""

import re
from base64 import b64encode
from functools import cache
from gzip import decompress
from hashlib import sha256
from os import PathLike, stat_result
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import NotModifiedResponse
from starlette.types import Scope

from service.charts.renderer import ChartRenderer
from service.http.tags import names, packed_tag, tag_of

_FILES = Path(__file__).resolve().parents[1] / "page"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-cache",  # asked for again with the ETag: a new version is seen at once
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_JAVASCRIPT = "text/javascript"
_DOCS_ASSETS = "/docs/assets"
_DARK_DOCS = """
    <style>html.dark-mode .swagger-ui :is(.examples-select__section-label, .header-col) { color: #e4e6e6 }</style>
    <script>
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
    dark.addEventListener("change", follow);
    follow();
    </script>
    </head>"""
"""Swagger UI has dark colours; this takes them where the reader's system does."""


def mount_pages(app: FastAPI, renderer: ChartRenderer) -> None:
    """Serve the laboratory, the page for teachers, what both load, and the documentation; none belongs to the API."""

    async def vega(request: Request) -> Response:
        return _vega(await renderer.script(), request.headers)

    async def teach(request: Request) -> Response:
        return await files.get_response("teach.html", request.scope)

    files = _PageFiles(directory=_FILES, html=True)
    assets = StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static")
    app.add_api_route("/docs", _docs, include_in_schema=False, response_class=HTMLResponse)
    app.router.routes += [
        Mount(_DOCS_ASSETS, assets, name="docs-assets"),
        Route("/", files, methods=["GET", "HEAD"], include_in_schema=False),
        Route("/teach", teach, include_in_schema=False),
        Route("/page/vega.js", vega, include_in_schema=False),
        Mount("/page", files, name="page"),
    ]


class _PageFiles(StaticFiles):
    """Files that may run no script and load no style but those beside them."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(_HEADERS)
        return response


def _vega(packed: bytes, wanted: Headers) -> Response:
    """Vega as the service itself draws with, packed once; or that the browser has it already."""
    tag = tag_of(packed)
    headers = {**_HEADERS, "ETag": tag, "Vary": "Accept-Encoding"}
    if names(wanted.get("If-None-Match", ""), tag):
        return NotModifiedResponse(Headers(headers))
    if "gzip" in wanted.get("Accept-Encoding", ""):
        encoded = {"Content-Encoding": "gzip", "ETag": packed_tag(tag, "gzip")}
        return Response(packed, headers={**headers, **encoded}, media_type=_JAVASCRIPT)
    return Response(decompress(packed), headers=headers, media_type=_JAVASCRIPT)


async def _docs() -> HTMLResponse:
    """The operations with their schemas and examples, ready to be tried."""
    return HTMLResponse(_documentation(), headers={"Content-Security-Policy": _documentation_policy()})


@cache
def _documentation() -> str:
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Gradient Verdict",
        swagger_js_url=f"{_DOCS_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_DOCS_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{_DOCS_ASSETS}/favicon.png",
        swagger_ui_parameters={"defaultModelsExpandDepth": 0, "tryItOutEnabled": True, "validatorUrl": None},
    )
    return bytes(page.body).decode().replace("</head>", _DARK_DOCS)


@cache
def _documentation_policy() -> str:
    """Swagger UI loads from here alone; what is written into the page runs by its hash."""
    inline = re.findall(r"<script>(.*?)</script>", _documentation(), re.DOTALL)
    digests = [b64encode(sha256(script.encode()).digest()).decode() for script in inline]
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
