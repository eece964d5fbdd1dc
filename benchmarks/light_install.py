"""How large and how slow the light install is: from an empty environment to the verdict on a file of Keras.

`python benchmarks/light_install.py`; packages come from wherever pip is set up to take them.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_MOST_MEGABYTES, _MOST_SECONDS = 150.0, 60.0
_LAYERS = [
    {"class_name": "Conv2D", "config": {"filters": 8, "kernel_size": 3, "batch_input_shape": [None, 16, 16, 3]}},
    {"class_name": "Flatten", "config": {}},
    {"class_name": "Dense", "config": {"units": 10, "activation": "softmax"}},
]


def main() -> int:
    """Print both figures; 1 where one is above its limit."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        model = home / "model.json"
        model.write_text(json.dumps({"class_name": "Sequential", "config": _LAYERS, "keras_version": "2.2.0"}), "utf-8")
        begun = time.monotonic()
        _run(sys.executable, "-m", "venv", home / "light")
        empty, install = _megabytes(home / "light"), (home / "light" / "bin" / "pip", "install", "--no-compile", "-q")
        _run(*install, "--require-hashes", "--requirement", ROOT / "requirements" / "check.lock")
        _run(*install, "--no-deps", ROOT)
        installed = time.monotonic()
        _run(home / "light" / "bin" / "gradient-verdict", "check", model, "--fail-on", "never")
        ended, size = time.monotonic(), _megabytes(home / "light")
    print(f"{size:.0f} MB, of which an empty environment is {empty:.0f} MB (at most {_MOST_MEGABYTES:.0f})")
    print(f"{ended - begun:.1f} s, of which the verdict is {ended - installed:.1f} s (at most {_MOST_SECONDS:.0f})")
    return int(size > _MOST_MEGABYTES or ended - begun > _MOST_SECONDS)


def _run(*command: str | Path) -> None:
    subprocess.run([*map(str, command)], check=True)


def _megabytes(folder: Path) -> float:
    """What the files in a folder take on disk, in units of 10⁶ bytes."""
    return sum(file.lstat().st_blocks * 512 for file in folder.rglob("*")) / 1e6


if __name__ == "__main__":
    sys.exit(main())
