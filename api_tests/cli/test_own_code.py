"""`module:name`: models of the user's own code, and what is said where that code fails."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.__main__ import main
from service.cli.checked import Checked
from service.cli.own_code import loaded, origin_of

Said = Callable[[str, str], str]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty current folder, whose modules are forgotten behind the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
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
        "Net needs the arguments width; name a function without arguments that calls it with them.",
    ),
    "what is no model": ("net = 3", "own_net:net", "An object of the class int is no model here; "),
    "a factory of no model": (
        "def net():\n    return 3\n",
        "own_net:net",
        "An object of the class int is no model here; ",
    ),
    "a name of this program": ("", "service.nets:net", "This program's own package is called service;"),
    "a file of Python": ("", "own_net.py", "name what makes the model, such as own_net:make_model."),
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


TORCH = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        layers = [part for _ in range(6) for part in (nn.Linear(width, width), nn.Sigmoid())]
        self.body = nn.Sequential(*layers, nn.Linear(width, 3))

    def forward(self, x):
        return self.body(x)


class Tokens(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.head = nn.Linear(8, 2)

    def forward(self, tokens):
        return self.head(self.embedding(tokens))


def batch():
    return torch.randn(4, 16)


net = Net()
"""


@pytest.fixture
def torch_net() -> None:
    """A module `own_net` with models of PyTorch, where that is installed."""
    pytest.importorskip("torch")
    Path("own_net.py").write_text(TORCH, "utf-8")


@pytest.mark.usefixtures("torch_net")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "arguments",
    [["own_net:Net", "--input", "16"], ["own_net:net", "--example", "own_net:batch"], ["own_net:net", "--input", "16"]],
)
def test_a_model_of_pytorch_is_checked_at_the_line_of_its_class(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    status = main(["check", *arguments, "--json", "--loss", "cross_entropy_with_logits", "--trials", "4"])
    printed = capsys.readouterr()
    found = Checked.model_validate_json(printed.out)
    assert status == 3
    assert found.report is not None
    assert (found.file, found.line) == ("own_net.py", 6)
    assert [layer.kind for layer in found.report.layers] == ["dense"] * 7
    assert found.report.spec.trials == 4
    assert found.report.spec.loss.kind == "cross_entropy_with_logits"
    assert found.report.verdict.label == "vanishing"


@pytest.mark.usefixtures("torch_net")
@pytest.mark.filterwarnings("ignore")
def test_an_embedding_in_front_reads_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "own_net:Tokens", "--input", "12"]) == 0
    network = json.loads(capsys.readouterr().out)["network"]
    assert network["input"] == {"kind": "tokens", "steps": 12, "vocabulary": 20}


@pytest.mark.usefixtures("torch_net")
@pytest.mark.filterwarnings("ignore")
def test_without_an_example_the_sizes_are_asked_for_and_wrong_ones_are_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "own_net:Net"]) == 2
    assert "the sizes of one without its batch, such as 3x32x32" in capsys.readouterr().err
    assert main(["check", "own_net:Net", "--input", "17"]) == 2
    assert "Traceback" not in capsys.readouterr().err
