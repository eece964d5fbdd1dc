"""Generators that this project does not recommend make clients that compile and judge a network."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.running_service import running_service
from service.core.version import __version__

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = Path(__file__).resolve().parent / "generators"
NODE_PROGRAMS = ROOT / ".tools" / "generators"
MODELS = ROOT / ".tools" / "datamodel-code-generator"
DOCUMENT = ROOT / "openapi" / "openapi.json"
ARCHIVES = sorted(ROOT.glob(".tools/openapi-generator/lib/python*/site-packages/openapi_generator_cli/*.jar"))
EXPECTED = """\
label: vanishing
depth ratio of a single layer: null
pointer of the fault: /network/layers/0/layers/1/activation incompatible-choice
rows of the table: 12
"""
OPENAPI_GENERATOR = ["java", "-jar", *ARCHIVES, "generate", "-i", DOCUMENT, "-o", "client", "-g"]
GENERATORS = {
    "oazapfts": ["oazapfts", DOCUMENT, "client.ts"],
    "swagger_typescript_api": ["swagger-typescript-api", "generate", "-p", DOCUMENT, "-o", ".", "-n", "client.ts"],
    "typescript_axios": [*OPENAPI_GENERATOR, "typescript-axios", "--additional-properties=importFileExtension=.js"],
    "orval": ["orval", "--input", DOCUMENT, "--output", "client.ts", "--client", "fetch"],
    "kubb": ["kubb", "generate", "--config", "kubb.config.ts"],
}
COMPILER = ["tsc", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--outDir", "out"]
# The types of its schemas that contain themselves are left to the compiler, which takes them as any.
COMPILERS = {"kubb": [*COMPILER, "--noImplicitAny", "false"]}


def ends_well(*command: str) -> bool:
    """Whether a program is here, and does what it is asked for."""
    return bool(shutil.which(command[0])) and subprocess.run(command, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not (NODE_PROGRAMS / ".installed").exists(), reason="`make consumers` installs these generators"
)

java = pytest.mark.skipif(not (ARCHIVES and shutil.which("java")), reason="there is no Java for openapi-generator")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_service() as address:
        yield address


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=java) if "java" in GENERATORS[name] else name for name in GENERATORS]
)
def test_a_generated_client_compiles_and_does_the_main_job(name: str, url: str, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(NODE_PROGRAMS / "node_modules")
    shutil.copy(PROGRAMS / f"{name}.ts", tmp_path / "program.ts")
    shutil.copy(PROGRAMS / "kubb.config.ts", tmp_path)
    done(tmp_path, *GENERATORS[name])
    done(tmp_path, *COMPILERS.get(name, COMPILER), "program.ts")
    assert done(tmp_path, "node", "out/program.js", url) == EXPECTED


@pytest.mark.skipif(not (MODELS / ".installed").exists(), reason="`make consumers` installs datamodel-code-generator")
def test_models_of_pydantic_are_generated_and_do_the_main_job(url: str, tmp_path: Path) -> None:
    options = [
        "--input-file-type",
        "openapi",
        "--output-model-type",
        "pydantic_v2.BaseModel",
        "--set-default-enum-member",
    ]
    done(tmp_path, MODELS / "bin" / "datamodel-codegen", "--input", DOCUMENT, "--output", "models.py", *options)
    shutil.copy(PROGRAMS / "datamodel_code_generator.py", tmp_path / "program.py")
    assert done(tmp_path, MODELS / "bin" / "python", "-W", "error", "program.py", url) == EXPECTED


def test_the_module_of_openapi_zod_client_loads(tmp_path: Path) -> None:
    """What it does not do is to parse a network: zod 3 wants the members of a union before the last is made."""
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(NODE_PROGRAMS / "node_modules")
    done(tmp_path, "openapi-zod-client", DOCUMENT, "-o", "client.ts")
    client = (tmp_path / "client.ts").read_text(encoding="utf-8")
    (tmp_path / "client.ts").write_text(client.replace('from "zod"', 'from "zod/v3"'), encoding="utf-8")
    loaded = done(tmp_path, "node", "-e", "import('./client.ts').then((it) => console.log('Layer' in it.schemas))")
    assert loaded == "true\n"


@java
@pytest.mark.skipif(not ends_well("ruby", "-rtyphoeus", "-e1"), reason="there is no Ruby with Typhoeus (ruby-typhoeus)")
def test_a_client_in_ruby_does_the_main_job(url: str, tmp_path: Path) -> None:
    done(tmp_path, *OPENAPI_GENERATOR, "ruby")
    assert done(tmp_path, "ruby", "-I", "client/lib", PROGRAMS / "ruby.rb", url) == EXPECTED


@java
@pytest.mark.skipif(
    not ends_well("php", "-r", "require 'GuzzleHttp/autoload.php';"),
    reason="there is no PHP with Guzzle (php-guzzlehttp-guzzle)",
)
def test_a_client_in_php_reads_what_has_no_union_in_it(url: str, tmp_path: Path) -> None:
    done(tmp_path, *OPENAPI_GENERATOR, "php")
    shutil.copy(PROGRAMS / "php.php", tmp_path / "program.php")
    assert done(tmp_path, "php", "program.php", url) == f"a Problem: 404 report-not-found\nversion {__version__}\n"


@java
def test_the_bound_of_the_seed_is_a_long_in_c_sharp(tmp_path: Path) -> None:
    done(tmp_path, *OPENAPI_GENERATOR, "csharp")
    (file,) = tmp_path.rglob("src/*/Model/SimulationSpec.cs")
    assert re.findall(r"Seed\S* > \(long\)(\d+)", file.read_text(encoding="utf-8")) == [str(2**63 - 1)]


def done(folder: Path, *command: str | Path) -> str:
    """What a program prints in `folder`, which must end well."""
    path = f"{ROOT / '.tools' / 'node' / 'bin'}:{NODE_PROGRAMS / 'node_modules' / '.bin'}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "DOCUMENT": str(DOCUMENT)}
    found = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout
