"""The page for teachers as tests use it."""

from typing import Any

from playwright.sync_api import Browser, Download, Locator

from api_tests.page.laboratory import Laboratory

FORMULA = "z*atan(z)"
SHEETS: dict[str, dict[str, str]] = {
    "Ada": {
        "derivative": "arctan(z) + z/(1+z^2)",
        "abs_derivative_upper": "|f'(z)| <= pi/2",
        "derivative_lower": "f'(z) >= -1.5708",
        "derivative_upper": "f'(z) <= 1.5708",
        "two_layers": "stable",
        "deep": "exploding",
        "linear_output": "more",
        "ranking": "sigmoid, relu, phi",
    },
    "Ben": {
        "derivative": "atan(z) - z/(1+z^2)",
        "derivative_upper": "1.57",
        "two_layers": "vanishing",
        "deep": "exploding",
        "ranking": "relu = sigmoid, phi",
    },
    "Cleo": {"derivative": "z atan(z", "derivative_upper": "f'(z) <= 2", "linear_output": "less"},
}
"""Three answer sheets to what is proposed for the formula: right, with slips, and one that cannot be read in full."""


class Teaching(Laboratory):
    """One page for teachers in a browser context of its own."""

    def __init__(self, browser: Browser, url: str, context: dict[str, Any]) -> None:
        super().__init__(browser, url, {"accept_downloads": True, **context})

    def goto(self, fragment: str = "") -> "Teaching":
        """The page, once activations can be chosen."""
        self.page.goto(f"{self.url}/teach{fragment}")
        self.page.locator("#activation-kind option[value=tanh]").wait_for(state="attached")
        return self

    def button(self, name: str) -> Locator:
        """The button that is called so."""
        return self.page.get_by_role("button", name=name, exact=True)

    def propose(self, formula: str) -> None:
        """Choose a formula of one's own, and have claims proposed."""
        self.page.get_by_label("Activation", exact=True).select_option("expression")
        self.page.get_by_label("φ(z) =", exact=True).fill(formula)
        self.button("Propose claims").click()
        self.page.get_by_text("claims are proposed below").wait_for()

    def answer(self, claim: str, student: int) -> Locator:
        """The cell of a student's answer to a claim."""
        return self.page.locator(f"#answer-{claim}-{student}")

    def fill_in(self, sheets: dict[str, dict[str, str]]) -> None:
        """Type three answer sheets."""
        for place, (name, answers) in enumerate(sheets.items()):
            self.page.get_by_label(f"Name of student {place + 1}").fill(name)
            for claim, answer in answers.items():
                self.answer(claim, place).fill(answer)

    def grade(self) -> None:
        """Press the button, and wait for the marks."""
        self.button("Grade").click()
        self.page.locator("#grade-said").get_by_text("graded").wait_for()

    def downloaded(self, button: str) -> Download:
        """The file behind a button."""
        with self.page.expect_download() as download:
            self.button(button).click()
        return download.value
