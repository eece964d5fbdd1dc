"""What is copied works elsewhere, and what is downloaded needs nothing else."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from api_tests.page.conftest import Open

HOSTILE = "#1:0:activation=expression&activation.formula=z*tanh(z)%20%2B%200*z&activation.parameters=b%20%3D%201"


def test_the_json_is_what_was_judged(open_page: Open) -> None:
    page = open_page("#1:0:depth=3&activation=stanh&trials=8&seed=7&policy=adam&precision=float32&std=2")
    report = page.shows(page.spec())
    assert report["spec"]["policy"]["kind"] == "adam"
    assert (report["spec"]["trials"], report["spec"]["seed"], report["spec"]["precision"]) == (8, 7, "float32")
    assert report["spec"]["data"]["inputs"]["std"] == 2


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")
def test_the_curl_command_gets_the_same_report(open_page: Open) -> None:
    page = open_page(HOSTILE)
    command = page.copied("curl")
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
    assert page.shows(page.spec())["digest"] == json.loads(done.stdout)["digest"]


def test_the_python_program_gets_the_same_report(open_page: Open) -> None:
    page = open_page(HOSTILE)
    program = page.copied("Python")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert page.shows(page.spec())["digest"] in done.stdout


def test_the_report_is_complete_in_itself(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    with page.page.expect_download() as download:
        page.page.get_by_role("link", name="Report (HTML)").click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "<svg" in text or "data:image" in text
    loaded = re.findall(r"""<(?:script|link|img|iframe)\b[^>]*?\s(?:src|href)\s*=\s*["']?([^"'>]{5})""", text)
    assert set(loaded) <= {"data:"}
    assert not re.findall(r"url\(\s*[\"']?(?!data:|#)", text)


@pytest.mark.parametrize(
    ("name", "first"), [("Chart (SVG)", b"<svg"), ("Chart (PNG)", b"\x89PNG"), ("Layers (CSV)", b"index,")]
)
def test_a_chart_and_the_layers_are_files(open_page: Open, name: str, first: bytes) -> None:
    page = open_page()
    with page.page.expect_download() as download:
        page.page.get_by_role("link", name=name).click()
    assert Path(download.value.path()).read_bytes().startswith(first)
    expect(page.page.get_by_role("link", name="Documentation of the API")).to_have_attribute("href", "/docs")
