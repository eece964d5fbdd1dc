"""The documentation page, with nothing fetched from any other host."""

from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

ASSETS = "/docs/assets"
DARK = """
    <style>html.dark-mode .swagger-ui :is(.examples-select__section-label, .header-col) { color: #e4e6e6 }</style>
    <script>
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
    dark.addEventListener("change", follow);
    follow();
    </script>
    </head>"""
"""Swagger UI has dark colours; this takes them where the reader's system does."""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def get_docs() -> HTMLResponse:
    """The operations with their schemas and examples, ready to be tried."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Gradient Verdict",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
        swagger_ui_parameters={"defaultModelsExpandDepth": 0, "tryItOutEnabled": True},
    )
    return HTMLResponse(bytes(page.body).decode().replace("</head>", DARK))


def mount_assets(app: FastAPI) -> None:
    """Serve the page's script and style from the package that ships them."""
    static = Path(fastapi_offline.__file__).parent / "static"
    app.mount(ASSETS, StaticFiles(directory=static), name="docs-assets")
