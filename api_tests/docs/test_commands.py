"""Every command and every request that a page shows is executed, and answers as the page says.

The blocks of a page run in its order, in one shell and in an empty folder beside a copy of the examples, against a real
service. A block `json` or `text` behind commands that print something, under the same heading, is the answer of these;
any other is an example of what may be sent. A block `yaml` is checked by the schema of the program that reads it. What
cannot run here stands in `UNABLE` with the reason, and is checked in another way. A block that neither runs nor stands
there fails.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from api_tests.docs.pages import PAGES, ROOT, Block, blocks, differences, name_of, prose, same_text, text_of
from service.core.keys import Keys
from service.core.settings import Settings

SERVICE = "127.0.0.1:8000"
COMMANDS, ANSWERS, CONFIGURATION = {"sh", "python"}, {"json", "text"}, "yaml"
BEGINNING = """set -euo pipefail
curl() { command curl --fail-with-body --silent --show-error "$@"; }
gradient-verdict() { python -m service "$@"; }
"""
Check = Callable[[str], bool]


@cache
def makefile() -> str:
    return text_of(ROOT / "Makefile")


@cache
def compose() -> str:
    return text_of(ROOT / "docker-compose.yml")


def is_target(line: str) -> bool:
    """Whether the Makefile has every target of `make …`, and every variable that is set."""
    words = line.split()[1:]
    targets = [word for word in words if "=" not in word]
    variables = [word.partition("=")[0] for word in words if "=" in word]
    known = all(re.search(rf"^{target}:", makefile(), re.MULTILINE) for target in targets)
    return known and all(f"$({name})" in makefile() for name in variables)


def is_composed(line: str) -> bool:
    """Whether the compose file has the profile and the services of `docker compose … up …`."""
    options = re.findall(r"--profile (\w+)|--scale (\w+)=\d+", line)
    services = [word for word in line.partition(" up ")[2].split() if re.fullmatch(r"[a-z]+", word)]
    names = [scaled for _, scaled in options if scaled] + services
    profiles = [profile for profile, _ in options if profile]
    return all(f"\n  {name}:\n" in compose() for name in names) and all(f"- {one}\n" in compose() for one in profiles)


def is_understood(line: str) -> bool:
    """Whether the command exists, and has the options."""
    words = re.split("python -m service |gradient-verdict ", line)[1].split()
    told = subprocess.run(
        [sys.executable, "-m", "service", words[0], "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    options = [word for word in words[1:] if word.startswith("--")]
    return told.returncode == 0 and all(option in told.stdout for option in options)


def is_accepted(line: str) -> bool:
    """Whether `export GRADIENT_VERDICT_…=…` sets a setting to a value that it may have."""
    name, _, value = line.removeprefix("export GRADIENT_VERDICT_").partition("=")
    field = name.lower()
    return field in Settings.model_fields and bool(Settings.model_validate({field: value}))


def is_in_recipe(line: str) -> bool:
    """Whether `make clients` does the same, by the recipe of a client or by installing the tool."""
    recipes = "".join(text_of(path) for path in (ROOT / "openapi" / "clients").glob("*/recipe.sh"))
    tool = line.split()[2 if line.startswith("pip install") else 0]
    return tool in recipes and (ROOT / "requirements" / "tools" / f"{tool}.lock").exists()


def is_tool(line: str) -> bool:
    """Whether the tools of a line are locked for development, and the folder of its tests exists."""
    tools = re.findall(r"\.venv/bin/(?:python -m )?(\w+)", line)
    lock = text_of(ROOT / "requirements" / "dev.lock")
    folders = re.findall(r"\b(api_tests/\S+)", line)
    return all(f"\n{tool}==" in lock for tool in tools) and all((ROOT / folder).exists() for folder in folders)


def is_light(line: str) -> bool:
    """Whether it makes the environment of a check, installs a lock file that is there, or is a command."""
    files = re.findall(r"--requirement (\S+)", line)
    return all((ROOT / file).exists() for file in files) and ("gradient-verdict" not in line or is_understood(line))


def is_in_notebook() -> bool:
    """Whether the test on the page is the one of the examples, which is run where PyTorch is."""
    return text_of(ROOT / "examples" / "notebook" / "test_model.py").strip() in text_of(ROOT / "docs" / "notebook.md")


UNABLE: list[tuple[str, str, Check]] = [
    (r"make( [\w-]+| [A-Z]+=[\w,-]+)*", "it installs, or runs this test", is_target),
    (r"docker compose .*", "there may be no Docker", is_composed),
    (r"\. \.venv/bin/activate", "it is the environment of this test", lambda line: "VENV := .venv" in makefile()),
    (r"\.venv/bin/(python -m pytest|ruff) .*", "it runs tests", is_tool),
    (r"python -m service (serve|worker).*", "it runs until it is stopped", is_understood),
    (r"gradient-verdict check net:.*", "there may be no PyTorch", is_understood),
    (r"(python -m venv light|light/bin/pip install .*|light/bin/gradient-verdict .*)", "it would install", is_light),
    (
        r"pip install gradient-verdict|pip install \.",
        "it would install",
        lambda line: (ROOT / "pyproject.toml").exists(),
    ),
    (r"gradient-verdict check model\.\w+", "there is no such file", is_understood),
    (r"python -m pytest -q test_model\.py .*", "there may be no PyTorch", lambda line: is_in_notebook()),
    (r"export GRADIENT_VERDICT_DATABASE_URL=postgresql:.*", "its server does not exist", is_accepted),
    (r"pip install openapi-[\w-]+|openapi-python-client .*", "it would install", is_in_recipe),
]
"""The commands that cannot run here, why, and how else they are checked."""


def is_configuration(text: str) -> bool:
    """Whether it is a workflow with the inputs that the action has, jobs of GitLab, or has a hook that is there."""
    found = YAML(typ="safe").load(text)
    if "repos" in found:
        hooks = YAML(typ="safe").load(ROOT / ".pre-commit-hooks.yaml")
        return all(one["id"] in {hook["id"] for hook in hooks} for repo in found["repos"] for one in repo["hooks"])
    if "jobs" in found:
        inputs = YAML(typ="safe").load(ROOT / "action.yml")["inputs"]
        steps = [step for job in found["jobs"].values() for step in job["steps"] if "gradient-verdict@" in step["uses"]]
        return bool(steps) and all(step["with"].keys() <= inputs.keys() for step in steps)
    lines = [line for job in found.values() for line in (job["script"] if isinstance(job, dict) else ())]
    return bool(lines) and all(is_understood(line) for line in lines if line.startswith("gradient-verdict "))


def unable(line: str) -> Check | None:
    return next((check for pattern, _, check in UNABLE if re.fullmatch(pattern, line)), None)


def runs(block: Block) -> bool:
    return block.language in COMMANDS and not any(unable(line) for line in block.lines)


def script(found: list[Block], service: str) -> str:
    """The commands of blocks as one text for a shell; the output of the block at line n goes to `out.n`."""
    parts = [BEGINNING]
    for block in filter(runs, found):
        text = block.text.replace(SERVICE, service)
        command = text if block.language == "sh" else f"python - <<'END_OF_BLOCK'\n{text}END_OF_BLOCK\n"
        parts.append(f"{{\n{command}}} > out.{block.line} 2> err.{block.line}\n")
    return "".join(parts)


def test_blocks_are_found_and_compared() -> None:
    assert differences({"a": 1.0, "b": ["…"]}, {"a": 1.0001, "b": [2], "c": 3}) == []
    assert differences({"a": [1, "…"]}, {"a": []}) == ["/a has 0 items, 1 are shown"]
    assert differences({"a": 1.0, "d": "x", "e": 1}, {"a": 1.1, "d": "y"}) == [
        "/e is missing",
        "/a is 1.1, 1.0 is shown",
        '/d is "y", "x" is shown',
    ]
    assert same_text("it is −1.95\n… end", "it   is −1.951 and the end")
    assert not same_text("it is 1.95", "it is 1.85")
    assert not same_text("it is 1.95", "it was 1.95")
    assert not is_target("make nothing")
    assert is_target("make chaos RUNS=1")
    assert not is_target("make chaos WALKS=1")
    assert not is_composed("docker compose --profile cluster up --scale runner=4 api")
    assert not is_understood("python -m service serve --without-worker")
    assert not is_accepted("export GRADIENT_VERDICT_DATABASE=postgresql://host/name")


FORBIDDEN = {
    "an unknown language": "```toml\na = 1\n```\n",
    "a configuration of nothing": "```yaml\na: 1\n```\n",
    "an input that there is not": "```yaml\njobs: {a: {steps: [{uses: gradient-verdict@b, with: {b: 1}}]}}\n```\n",
    "a hook that is not there": "```yaml\nrepos: [{repo: a, hooks: [{id: other}]}]\n```\n",
    "no language": "```\nmake run\n```\n",
    "an indented fence": "- a\n\n  ```sh\n  make run\n  ```\n",
    "indented code": "text\n\n    make run\n",
    "a target that does not exist": "```sh\nmake nothing\n```\n",
    "a command beside one that cannot run": "```sh\nmake run\nls\n```\n",
}
FAILING = {
    "a command that fails": "```sh\nfalse\n```\n",
    "a command that does not exist": "```sh\nno_such_command --install\n```\n",
    "a request that is refused": f"```sh\ncurl -s {SERVICE}/v1/nothing\n```\n",
    "Python that fails": "```python\nimport no_such_module\n```\n",
    "another answer": '```sh\necho \'{"a": 1.5}\'\n```\n\n```json\n{"a": 1.6}\n```\n',
    "another text": "```sh\necho 1 2\n```\n\nprints\n\n```text\n1 3\n```\n",
    "the answer of another section": "```sh\necho 1\n```\n\n## Next\n\n```text\n1\n```\n",
    "an example that is refused": '```json\n{"kind": "dense", "units": 0}\n```\n',
}


def written(text: str, folder: Path) -> Path:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


@pytest.mark.parametrize("text", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_block_that_cannot_be_checked_is_found(text: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        test_every_block_is_of_a_kind_that_is_checked(written(text, tmp_path))


@pytest.mark.parametrize("text", FAILING.values(), ids=FAILING)
def test_a_page_that_is_wrong_is_found(text: str, service_url: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        test_commands_run_and_answer_as_the_page_says(written(text, tmp_path), service_url, tmp_path / "scratch")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_of_a_kind_that_is_checked(page: Path) -> None:
    found = blocks(page)
    assert prose(page).count("```") == 0, "a fence is indented or not closed"
    assert not re.search(r"\n\n {4,}(?![-*|])\S", prose(page)), "code is indented and not fenced"
    for block in found:
        assert block.language in COMMANDS | ANSWERS | {CONFIGURATION}, block.place
        assert block.language != CONFIGURATION or is_configuration(block.text), block.place
        checks = [(line, unable(line)) for line in block.lines] if block.language == "sh" else []
        if any(check for _, check in checks):
            assert all(check and check(line) for line, check in checks), f"{block.place}: {checks}"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=name_of)
def test_commands_run_and_answer_as_the_page_says(page: Path, service_url: str, tmp_path: Path) -> None:
    if shutil.which("curl") is None and "curl" in text_of(page):
        pytest.skip("curl is not installed")
    found = blocks(page)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    place = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": place, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    line = ["bash", "-c", script(found, httpx.URL(service_url).netloc.decode())]
    done = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=540, check=False)
    told = "\n".join(
        f"{path.name}: {path.read_text('utf-8')[-2000:]}" for path in sorted(tmp_path.glob("*[tr].[0-9]*"))
    )
    assert done.returncode == 0, f"{done.stderr}\n{told}"
    outputs = {block: (tmp_path / f"out.{block.line}").read_text("utf-8") for block in found if runs(block)}
    before: Block | None = None
    for block in found:
        if block.language in COMMANDS:
            before = block
        elif block.language == CONFIGURATION:
            continue
        elif before in outputs and outputs[before] and before.section == block.section:
            compare(block, outputs[before])
        else:
            assert_accepted(block, service_url)


def compare(block: Block, output: str) -> None:
    """That the output of the commands before the block is what it shows."""
    if block.language == "text":
        assert same_text(block.text, output), f"{block.place}: it printed\n{output}"
    else:
        found = differences(json.loads(block.text), json.loads(output))
        assert found == [], f"{block.place}: {found}"


def assert_accepted(block: Block, service_url: str) -> None:
    """That the JSON of the block, which is the answer of nothing, is a part of what may be sent."""
    assert block.language == "json", f"{block.place}: this text is the answer of nothing"
    if "keys" in json.loads(block.text):
        Keys.model_validate_json(block.text)
        return
    path, body = request_for(json.loads(block.text), layer_kinds(service_url))
    answer = httpx.post(service_url + path, json=body, timeout=60)
    assert answer.is_success, f"{block.place}: {answer.text}"
    assert answer.json().get("valid", True), f"{block.place}: {answer.text}"


def layer_kinds(service_url: str) -> list[str]:
    families = httpx.get(f"{service_url}/v1/catalog", timeout=60).json()["families"]
    return [kind["kind"] for family in families if family["family"] == "layers" for kind in family["kinds"]]


def request_for(shown: Any, layers: list[str]) -> tuple[str, Any]:
    """The path and body of a request that has the example as its part: a network, a layer, a rubric or a claim."""
    if "network" in shown:
        return "/v1/estimates", shown
    if shown.get("kind") in layers:
        dense = {"kind": "dense", "units": 32}
        return "/v1/estimates", {"network": {"features": 32, "layers": [dense, shown, dense]}}
    rubric = shown if "claims" in shown else {"id": "shown", "claims": [shown]}
    return "/v1/rubrics/validate", {"rubric": rubric}
