"""Files that were changed at random, and files that were made to do harm: each is imported or refused, and that is all.

`make fuzz` does the same to 10,000 files of each format. What writes files of PyTorch may not be here.
"""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from api_tests.imports.hostile import LONGEST_SECONDS, MOST_BYTES
from api_tests.imports.hostile_files import MADE
from api_tests.imports.hostile_seeds import FORMATS

ROOT = Path(__file__).resolve().parents[2]
COUNT, SEED = 200, 3
BUSY = 5
"""So many times a second of a processor may seem on a machine that does other things, too."""
SECONDS = 900


def found(*arguments: object) -> dict[str, Any]:
    """What a process of its own finds; one that is killed by a file has found nothing."""
    command = [sys.executable, "-m", "api_tests.imports.hostile", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def skip_without_torch(source: str) -> None:
    """Skip what nothing else writes."""
    if source == "torch" and find_spec("torch") is None:
        pytest.skip("torch is not installed")


def assert_harmless(name: str, one: dict[str, Any]) -> None:
    """See that nothing happened but an import or a refusal, in no time and with little memory."""
    assert one["defects"] == {}, name
    assert one["happened"] == {}, name
    assert one["slowest_seconds"] < BUSY * LONGEST_SECONDS, name
    assert one["memory_bytes"] < MOST_BYTES, name


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_was_changed_at_random_is_imported_or_refused(name: str) -> None:
    skip_without_torch(FORMATS[name][0])
    one = found(name, COUNT, SEED)[name]
    assert_harmless(name, one)
    assert one["imported"] + sum(one["refused"].values()) == COUNT
    assert one["imported"] > 0


@pytest.mark.parametrize("source", MADE)
def test_a_file_that_was_made_to_do_harm_does_none(source: str) -> None:
    skip_without_torch(source)
    for name, one in found(source).items():
        assert_harmless(name, one)


WATCHED = """
import sys
from pathlib import Path
from api_tests.imports.hostile import Watch

watch, file = Watch(), Path(sys.argv[1])
with watch.of(file):
    file.read_bytes()
    open("/dev/null").close()
    eval("1")
    import wave
print(*watch.happened, sep="|")
"""


def test_the_watch_sees_what_a_file_makes_its_reader_do() -> None:
    command = [sys.executable, "-c", WATCHED, __file__]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=SECONDS)
    seen = done.stdout.strip().split("|")
    assert {one.split()[0] for one in seen} >= {"open", "exec", "compile", "import"}
    assert "open '/dev/null'" in seen
    assert not [one for one in seen if __file__ in one]
