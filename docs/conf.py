"""How `make docs` builds the pages: the README, what stands in this folder, and the READMEs of other folders.

The root of the pages is the root of the repository, so that a link between two pages is the same here and in a browser
that shows the repository. Nothing is loaded from another host: Furo brings its own style sheets and no fonts.
"""

from sphinx.application import Sphinx

project = "Gradient Verdict"
html_show_copyright = False
html_title = project
root_doc = "README"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/*.md",
    "openapi/README.md",
    "benchmarks/README.md",
    "service/formulas/README.md",
    "examples/*/README.md",
]
extensions = ["myst_parser", "sphinx_copybutton"]
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure"]  # an answer that is shown in part is no JSON
smartquotes = False
html_theme = "furo"
html_extra_path = ["site"]
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # a browser fetches no summary from a page that is a file

_CONTENTS = """
```{{toctree}}
:hidden:
:caption: {caption}

{pages}
```
"""
_PARTS = {
    "Readers": {
        "Your first verdict": "docs/tutorial",
        "For engineers": "docs/engineers",
        "The command line": "docs/command-line",
        "In a notebook, and in tests": "docs/notebook",
        "Bring your own model": "docs/importing",
        "From verdict to repair": "docs/repair",
        "For course staff": "docs/course-staff",
        "For students": "docs/students",
        "Operating it": "docs/operating",
    },
    "Reference": {
        "How it measures and judges": "docs/judging",
        "Layers of real networks": "docs/layers",
        "What a simulation costs": "docs/scaling",
        "Reference of layers": "docs/reference",
        "Findings": "docs/findings",
        "Glossary": "docs/glossary",
        "Networks that people train": "examples/networks/README",
        "Clients in four languages": "openapi/README",
        "Changes": "CHANGELOG",
    },
    "The project": {
        "Extending it": "docs/extending",
        "The house": "docs/house",
        "Contributing": "CONTRIBUTING",
        "Security": "SECURITY",
        "Formulas as a library": "service/formulas/README",
        "Benchmarks": "benchmarks/README",
        "How the failure risk was calibrated": "docs/calibration",
    },
    "Folders for platforms": {
        "The service's own format": "examples/native/README",
        "Gradescope": "examples/gradescope/README",
        "PrairieLearn": "examples/prairielearn/README",
        "PrairieLearn, external grader": "examples/prairielearn_external/README",
        "Autolab": "examples/autolab/README",
        "Submitty": "examples/submitty/README",
        "Artemis": "examples/artemis/README",
        "Moodle CodeRunner": "examples/coderunner/README",
        "nbgrader": "examples/nbgrader/README",
        "otter-grader": "examples/otter/README",
        "LTI": "examples/ags/README",
        "µEd": "examples/mu_ed/README",
        "Lambda Feedback": "examples/lambda_feedback/README",
        "Open edX XQueue": "examples/xqueue/README",
    },
}


def setup(app: Sphinx) -> None:
    """Give the README its table of contents, which the README of a repository does without."""
    app.connect("source-read", _with_contents)


def _with_contents(app: Sphinx, page: str, source: list[str]) -> None:
    if page == root_doc:
        for caption, pages in _PARTS.items():
            listed = "\n".join(f"{title} </{name}>" for title, name in pages.items())
            source[0] += _CONTENTS.format(caption=caption, pages=listed)
