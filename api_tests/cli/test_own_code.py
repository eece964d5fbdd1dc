"""`module:name`: models of the user's own code, and what is said where that code fails."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.__main__ import main
from service.cli.own_code import loaded, origin_of

Said = Callable[[str, str], str]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty current folder, whose modules are forgotten behind the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """What is said of a name in a module with such a text, with status 2."""

    def of(text: str, name: str, *options: str) -> str:
        Path("own_net.py").write_text(text, "utf-8")
        assert main(["check", name, *options]) == 2
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err or "--traceback" in options
        return printed.err

    return of


FAILING = {
    "a name that is not there": (
        "class Net: ...",
        "own_net:Nett",
        "own_net has nothing called Nett. Did you mean Net?",
    ),
    "a module that is not there": ("", "own_nets:Net", "There is no module own_nets"),
    "a package that is not installed": (
        "import no_such_package",
        "own_net:Net",
        "own_net.py, line 1: it imports no_such_package, which is not installed here.",
    ),
    "a module that fails": ("\nraise ValueError('so')\n", "own_net:Net", "own_net.py, line 2: ValueError: so"),
    "a factory that fails": (
        "def net():\n    return nothing\n",
        "own_net:net",
        "own_net.py, line 2: NameError: name 'nothing' is not defined",
    ),
    "a class that takes arguments": (
        "class Net:\n    def __init__(self, width): ...\n",
        "own_net:Net",
        "TypeError: Net.__init__() missing 1 required positional argument: 'width'",
    ),
    "what is no model": ("net = 3", "own_net:net", "This is of the class int; a class or a function"),
    "a factory of no model": ("def net():\n    return 3\n", "own_net:net", "This is of the class function; "),
    "no Python": ("def net(:\n", "own_net:net", "own_net.py, line 1: SyntaxError: "),
    "a program": ("import sys\nsys.exit(0)\n", "own_net:net", "own_net.py, line 2: it ends the program"),
}


@pytest.mark.parametrize(("text", "name", "sentence"), FAILING.values(), ids=FAILING)
def test_what_fails_in_it_is_a_sentence_with_the_line(said: Said, text: str, name: str, sentence: str) -> None:
    told = said(text, name)
    assert told.startswith(f"{name}: ")
    assert sentence in told
    assert told.count("\n") == 1


def test_a_traceback_is_shown_where_it_is_asked_for(said: Said) -> None:
    told = said("def net():\n    return nothing\n", "own_net:net", "--traceback")
    assert "Traceback (most recent call last)" in told
    assert "return nothing" in told


def test_what_it_prints_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    Path("own_net.py").write_text("print('hello')\nnet = 3\n", "utf-8")
    assert main(["check", "own_net:net", "--json"]) == 2
    printed = capsys.readouterr()
    assert "hello" not in printed.out
    assert printed.err.startswith("hello\n")


def test_a_name_in_a_package_and_an_attribute_of_a_class_are_found() -> None:
    Path("own_package").mkdir()
    Path("own_package/nets.py").write_text("\nclass Net:\n    small = 7\n", "utf-8")
    assert loaded("own_package.nets:Net.small") == 7
    place = origin_of(loaded("own_package.nets:Net"))
    assert place is not None
    assert (Path(place.file).name, place.line) == ("nets.py", 2)


def test_a_file_goes_before_a_module_of_its_name(said: Said) -> None:
    Path("a:b").write_text("nothing", "utf-8")
    assert ".keras" in said("", "a:b")
