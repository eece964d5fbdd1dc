"""Install a lock file into the environment of this Python, and tell how far that is.

`python requirements/install.py requirements/runtime.lock`: pip alone says nothing for a minute or two, or too much.
"""

import re
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from threading import Thread

SECONDS = 5.0
"""How often there is a line."""


class Progress:
    """What pip has done so far, by the lines that it prints and by what it has put into the environment."""

    def __init__(self, lock: Path) -> None:
        self._locked = len(re.findall(r"^[\w.-]+(?:\[\S*\])?==", lock.read_text(encoding="utf-8"), re.MULTILINE))
        self._collected = 0
        self._installing: set[str] = set()
        self.printed: list[str] = []

    def read(self, line: str) -> None:
        """Take note of one line of pip."""
        self.printed.append(line)
        if line.startswith("Collecting "):
            self._collected += 1
        if line.startswith("Installing collected packages: "):
            self._installing = {_normal(name) for name in line.partition(": ")[2].split(", ")}

    def __str__(self) -> str:
        if not self._installing:
            return f"{self._collected} of at most {self._locked} packages are here"
        folders = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        found = {_normal(path.name.partition("-")[0]) for one in folders for path in Path(one).glob("*.dist-info")}
        return f"{len(found & self._installing)} of {len(self._installing)} packages are installed"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip().lower())


def main(lock: Path) -> int:
    """Install `lock`; the status of pip, whose words are printed where it fails."""
    options = ["--progress-bar", "off", "--disable-pip-version-check", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "install", *options, "--requirement", str(lock)]
    progress = Progress(lock)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        reader = Thread(target=_follow, args=(pip, progress))
        reader.start()
        begun = time.monotonic()
        while reader.is_alive():
            reader.join(SECONDS)
            if reader.is_alive():
                print(f"  {progress}, {time.monotonic() - begun:.0f} s", flush=True)
    if pip.returncode:
        print("".join(progress.printed[-20:]), file=sys.stderr)
    return pip.returncode


def _follow(pip: "subprocess.Popen[str]", progress: Progress) -> None:
    for line in pip.stdout or ():
        progress.read(line)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
