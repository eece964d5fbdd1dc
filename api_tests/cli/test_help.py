"""`--help` and `--version`: examples that are understood, and the exit statuses."""

import shlex
from argparse import _SubParsersAction

import pytest

from api_tests.cli.test_terminal import command
from service.__main__ import main
from service.cli.parser import parser
from service.core.version import ENGINE_VERSION, __version__

PROGRAM = "gradient-verdict"
(CHOICES,) = [action.choices for action in parser()._actions if isinstance(action, _SubParsersAction)]
COMMANDS = list(CHOICES)


def help_of(*arguments: str) -> str:
    ended = command(*arguments, "--help")
    assert (ended.returncode, ended.stderr) == (0, b"")
    return ended.stdout.decode()


def examples(text: str) -> list[list[str]]:
    """The arguments of this program in the lines of help that show an example."""
    lines = [line.strip() for line in text.partition("examples:")[2].splitlines() if PROGRAM in line]
    found = []
    for line in lines:
        words = shlex.split(line.partition(f"{PROGRAM} ")[2])
        ends = [place for place, word in enumerate(words) if word in (">", "<", "&&", "|")]
        found.append(words[: ends[0]] if ends else words)
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_that_are_understood_and_its_exit_statuses(name: str) -> None:
    text = CHOICES[name].format_help()
    shown = examples(text)
    assert shown
    assert "exit status" in text
    for arguments in shown:
        assert parser().parse_args(arguments).command == name


def test_the_program_lists_its_commands_and_says_what_a_model_is() -> None:
    text = help_of()
    assert [name for name in COMMANDS if f"    {name} " not in text] == []
    assert "module:name" in text
    for arguments in examples(text):
        if "COMMAND" not in arguments:
            parser().parse_args(arguments)


def test_the_version_is_that_of_the_package_and_of_the_numbers() -> None:
    ended = command("--version")
    assert ended.stdout.decode() == f"{PROGRAM} {__version__}, engine {ENGINE_VERSION}\n"
    assert ended.returncode == 0


def test_a_command_that_is_none_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["judge"])
    assert refused.value.code == 2
    assert "check" in capsys.readouterr().err
