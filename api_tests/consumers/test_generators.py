"""Generators of TypeScript that this project does not recommend make clients that compile and judge a network."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.running_service import running_service

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = Path(__file__).resolve().parent / "generators"
TOOLS = ROOT / ".tools" / "generators"
DOCUMENT = ROOT / "openapi" / "openapi.json"
EXPECTED = """\
label: vanishing
depth ratio of a single layer: null
pointer of the fault: /network/layers/0/layers/1/activation incompatible-choice
rows of the table: 12
"""
GENERATORS = {
    "oazapfts": ["oazapfts", DOCUMENT, "client.ts"],
    "swagger_typescript_api": ["swagger-typescript-api", "generate", "-p", DOCUMENT, "-o", ".", "-n", "client.ts"],
}
COMPILER = ["tsc", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--outDir", "out"]

pytestmark = pytest.mark.skipif(
    not (TOOLS / ".installed").exists(), reason="`make consumers` installs these generators"
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_service() as address:
        yield address


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generated_client_compiles_and_does_the_main_job(name: str, url: str, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(TOOLS / "node_modules")
    shutil.copy(PROGRAMS / f"{name}.ts", tmp_path / "program.ts")
    done(tmp_path, *GENERATORS[name])
    done(tmp_path, *COMPILER, "program.ts")
    assert done(tmp_path, "node", "out/program.js", url) == EXPECTED


def done(folder: Path, *command: str | Path) -> str:
    """What a program prints in `folder`, which must end well."""
    path = f"{ROOT / '.tools' / 'node' / 'bin'}:{TOOLS / 'node_modules' / '.bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path}
    found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout
