"""Generate, compile and run a client in every language against a live service: `make clients` (CLIENTS=python,go).

Every recipe is a folder with `recipe.sh` (the steps `generate`, `check`, `names`, `run`), a program that does the main
job, and `names.txt`, the public names of the client. All programs print what is in `expected.txt`. A recipe whose
toolchain is missing is skipped, by name; `--write-names` writes the lists of names anew.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from examples.running_service import running_service  # noqa: E402 - the root is on the path only now

TOOLS, BUILD = ROOT / ".tools", ROOT / ".tools" / "clients"
NODE_MODULES = ROOT / "openapi" / "tools" / "node_modules"
UGLY = re.compile(r"Inner\d*$|Any[oO]f|One[oO]f|^Body_|Input$|Output$|^[A-Z][a-z]+\d+$")
ALLOWED = {"Relu6", "NewRelu6"}  # the field's own name


class Failed(Exception):
    """A step of a recipe did not do what it should."""


def main() -> int:
    """Run the recipes asked for, or all; 1 where one failed."""
    recipes = {path.parent.name: path.parent for path in sorted(HERE.glob("*/recipe.sh"))}
    wanted = [name for word in sys.argv[1:] if not word.startswith("--") for name in word.split(",")] or list(recipes)
    unknown = [name for name in wanted if name not in recipes]
    if unknown:
        print(f"There is no recipe {', '.join(unknown)}; there are {', '.join(recipes)}.")
        return 1
    with with_a_key() as url:
        results = [attempted(recipes[name], url) for name in wanted]
    return int(not all(results))


@contextmanager
def with_a_key() -> Iterator[str]:
    """The address of a service that answers nobody without a key; the programs find theirs in KEY."""
    with tempfile.TemporaryDirectory() as folder:
        file, key = Path(folder) / "keys.json", f"gv_{secrets.token_urlsafe(32)}"
        entry = {"name": "clients", "sha256": sha256(key.encode()).hexdigest(), "scopes": ["read", "simulate"]}
        file.touch(mode=0o600)
        file.write_text(json.dumps({"keys": [entry]}), encoding="utf-8")
        os.environ["KEY"] = key
        with running_service(api_keys_file=file) as url:
            yield url


def attempted(recipe: Path, url: str) -> bool:
    """Whether `recipe` did not fail; a line says what became of it."""
    missing = [
        need for need in step(recipe, url, 'echo "$NEEDS"').split() if not (shutil.which(need) or Path(need).exists())
    ]
    if missing:
        print(f"{recipe.name}: skipped, there is no {', '.join(missing)} here", flush=True)
        return True
    started = time.monotonic()
    try:
        built(recipe, url)
    except Failed as failure:
        print(f"{recipe.name}: FAILED\n{failure}", flush=True)
        return False
    print(f"{recipe.name}: generated, checked and run in {time.monotonic() - started:.0f} s", flush=True)
    return True


def built(recipe: Path, url: str) -> None:
    """Every step of `recipe`; Failed where one ends badly or finds what is not expected."""
    shutil.rmtree(BUILD / recipe.name, ignore_errors=True)
    (BUILD / recipe.name).mkdir(parents=True)
    step(recipe, url, "generate")
    step(recipe, url, "check")
    names = sorted(set(step(recipe, url, "names").split()))
    listed = recipe / "names.txt"
    if "--write-names" in sys.argv:
        listed.write_text("\n".join(names) + "\n", encoding="utf-8")
    ugly = [name for name in names if UGLY.search(name) and name not in ALLOWED]
    if ugly:
        raise Failed(f"names nobody likes: {', '.join(ugly)}")
    if names != listed.read_text(encoding="utf-8").split():
        raise Failed(f"the client has other names than {listed.relative_to(ROOT)}: {differences(names, listed)}")
    printed, expected = step(recipe, url, "run"), (HERE / "expected.txt").read_text(encoding="utf-8")
    if printed != expected:
        raise Failed(f"the program printed\n{printed}and not\n{expected}")


def differences(names: list[str], listed: Path) -> str:
    """What is new, and what is gone."""
    before = set(listed.read_text(encoding="utf-8").split())
    return f"new {sorted(set(names) - before)}, gone {sorted(before - set(names))}"


def step(recipe: Path, url: str, command: str) -> str:
    """What `command` prints with `recipe.sh` loaded."""
    environment = os.environ | {
        "DOCUMENT": str(ROOT / "openapi" / "openapi.json"),
        "HERE": str(recipe),
        "TOOLS": str(TOOLS),
        "BUILD": str(BUILD / recipe.name),
        "NODE_MODULES": str(NODE_MODULES),
        "URL": url,
        "PATH": f"{TOOLS / 'node' / 'bin'}:{NODE_MODULES / '.bin'}:{os.environ['PATH']}",
    }
    script = ["bash", "-euo", "pipefail", "-c", f'. "$HERE/recipe.sh"; {command}']
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"`{command}` ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
