"""The laboratory as tests use it: by its labels, waiting for what happens and never for a time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Route, expect, sync_playwright

_CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium without a window; where there is none the test is skipped."""
    if not Path(_CHROMIUM).exists():
        pytest.skip("there is no Chromium here")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
        yield started
        started.close()


ARTEFACTS = Path(__file__).resolve().parents[2] / "artefacts"
REFUSED = "Failed to load resource: the server responded with a status of 4"
"""What Chromium itself logs of every refusal, which the page asks for on purpose."""
DEFAULT = {
    "network": {
        "features": 4,
        "layers": [
            {
                "kind": "repeat",
                "times": 10,
                "layers": [
                    {
                        "kind": "dense",
                        "units": 32,
                        "activation": {"kind": "tanh"},
                        "weights": {"kind": "variance_scaling", "scale": 1},
                    }
                ],
            },
            {"kind": "dense", "units": 1, "activation": {"kind": "sigmoid"}},
        ],
    }
}
MILLISECONDS = 60_000
"""How long what is to happen may take, on a busy machine, too."""
expect.set_options(timeout=MILLISECONDS)
LISTEN = """document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  console.error(`the policy forbids ${violatedDirective} ${blockedURI}`))"""


class Laboratory:
    """One page in a browser context of its own."""

    def __init__(self, browser: Browser, url: str, context: dict[str, Any]) -> None:
        self.url = url
        self.faults: list[str] = []
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
        self.context.set_default_timeout(MILLISECONDS)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
        self.context.route(lambda asked: not asked.startswith((url, "data:", "blob:")), self._forbid)
        self.context.add_init_script(LISTEN)
        self.page = self.context.new_page()
        self.page.on("console", self._logged)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def goto(self, fragment: str) -> "Laboratory":
        """The page with this fragment; every network is judged before it is touched."""
        self.page.goto(f"{self.url}/{fragment}")
        self.form.locator("option[value=tanh]").first.wait_for(state="attached")
        return self

    def close(self) -> None:
        """End the context; what it holds is gone."""
        self.context.close()

    @property
    def form(self) -> Locator:
        """Where a network is edited."""
        return self.page.get_by_role("region", name="Network", exact=False).first

    @property
    def verdict(self) -> Locator:
        """Label, severity, depth ratio and the first reason."""
        return self.page.locator("#verdict")

    @property
    def cards(self) -> Locator:
        """The networks side by side."""
        return self.page.get_by_role("list", name="Networks").get_by_role("listitem")

    def report(self, spec: Any) -> Any:
        """What the service says of `spec`."""
        return httpx.post(f"{self.url}/v1/simulations", json=spec, timeout=60).raise_for_status().json()

    def shows(self, spec: Any) -> Any:
        """Wait until the chart is that of `spec`, whose report this is."""
        report = self.report(spec)
        self.page.locator(f'body[data-digest="{report["digest"]}"]').wait_for()
        self.verdict.get_by_text(report["verdict"]["label"], exact=True).first.wait_for()
        self.page.locator("#chart-gradient svg").wait_for()
        return report

    def copied(self, name: str) -> str:
        """The text behind a button of the bench."""
        self.page.get_by_role("button", name=f"Copy {name}", exact=True).click()
        self.page.get_by_text(f"Copied: {name}.").wait_for()
        return str(self.page.evaluate("navigator.clipboard.readText()"))

    def spec(self) -> Any:
        """The specification of the selected network."""
        return json.loads(self.copied("JSON"))

    def rest_is_drawn(self) -> None:
        """Wait until the chart of the selected tab is there, too."""
        self.page.locator("[role=tabpanel]:not([hidden]) svg").wait_for()
        self.page.wait_for_load_state("networkidle")

    def photograph(self, name: str) -> None:
        """Keep a picture of the whole page."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.evaluate("scrollTo(0, 0)")
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)

    def _forbid(self, route: Route) -> None:
        self.faults.append(f"asked {route.request.url}")
        route.abort()

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(REFUSED):
            self.faults.append(message.text)
