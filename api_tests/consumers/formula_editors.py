"""MathLive and MathQuill in a browser: what they make of keystrokes and of LaTeX."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, Route

from api_tests.page.laboratory import chromium

EDITORS = Path(__file__).resolve().parents[2] / ".tools" / "editors"
_FIELDS = {
    "mathlive": (
        "<math-field id=field></math-field>",
        ["mathlive/mathlive.min.js"],
        """() => {
            MathLive.MathfieldElement.fontsDirectory = null;
            MathLive.MathfieldElement.soundsDirectory = null;
            window.put = (latex) => { field.value = latex; field.focus(); };
            window.shown = (format) => field.getValue(format);
        }""",
    ),
    "mathquill": (
        "<span id=field></span>",
        ["jquery/dist/jquery.min.js", "mathquill/build/mathquill.min.js"],
        """() => {
            const names = "sin cos tan sinh cosh tanh coth sech csch ln log exp arcsin arccos arctan max min erf asinh";
            const made = MathQuill.getInterface(2).MathField(field, {
                autoCommands: "pi sqrt nthroot sigma", autoOperatorNames: names,
            });
            window.put = (latex) => { made.latex(latex); made.focus(); };
            window.shown = () => made.latex();
        }""",
    ),
}
FORMATS = {"mathlive": ("latex", "latex-expanded"), "mathquill": ("latex",)}
"""What each editor can give of a formula."""
ONWARD = "→"
"""Among keys that are typed, the arrow that leaves an exponent or a fraction."""


class Editor:
    """A field for formulas on a page of its own, which reaches no network."""

    def __init__(self, page: Page, name: str) -> None:
        markup, scripts, start = _FIELDS[name]
        self._page = page
        page.route("**/*", _refuse)
        page.set_content(markup)
        for script in scripts:
            page.add_script_tag(path=EDITORS / "node_modules" / script)
        page.evaluate(start)
        self.typed("z")  # the first keystroke waits for the field

    def typed(self, keys: str) -> str:
        """The LaTeX of what is typed into the empty field."""
        self._page.evaluate("() => put('')")
        self._page.wait_for_function("() => document.activeElement !== document.body")
        for key in keys:
            if key == ONWARD:
                self._page.keyboard.press("ArrowRight")
            else:
                self._page.keyboard.type(key)
        return str(self._page.evaluate("() => shown('latex')"))

    def written(self, latex: str, form: str) -> str:
        """What the field gives, in one of its forms, of a formula that is put into it."""
        return str(self._page.evaluate("([latex, form]) => { put(latex); return shown(form); }", [latex, form]))


def _refuse(route: Route) -> None:
    if route.request.url.startswith("http"):
        route.abort()
    else:
        route.continue_()


@contextmanager
def editor(name: str) -> Iterator[Editor]:
    """MathLive or MathQuill, ready for keystrokes."""
    with chromium() as browser:
        yield Editor(browser.new_page(), name)
