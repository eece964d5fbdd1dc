"""The commands with their options. It loads nothing that computes: a worker process starts by it, too."""

import re
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path

from service.cli.conditions import codes, conditions
from service.cli.examples import epilog
from service.core.version import ENGINE_VERSION, __version__
from service.simulation.vocabulary import Optimiser

_MOST_WORKERS = 256
_CONDITIONS = (
    "end with status 3 on these, by commas: labels (dead, exploding, vanishing, stable), a failure risk from risk=0.5 "
    "on, any finding that is an error, or at least a warning, or never"
)


def parser() -> ArgumentParser:
    """What reads the command line: `command`, and the options of that command."""
    made = ArgumentParser(
        prog="gradient-verdict",
        description="Judge the gradients of neural networks before they are trained.",
        epilog=epilog(),
        formatter_class=RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"gradient-verdict {__version__}, engine {ENGINE_VERSION}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    for name, (summary, add) in _COMMANDS.items():
        add(
            commands.add_parser(
                name,
                help=summary,
                description=f"{summary[0].upper()}{summary[1:]}.",
                epilog=epilog(name),
                formatter_class=RawDescriptionHelpFormatter,
            )
        )
    return made


def _add_check(check: ArgumentParser) -> None:
    check.add_argument("models", nargs="+", metavar="MODEL", help="a file, or module:name of your own code")
    _add_model_options(check)
    _add_judging(check, default=("error",))
    check.add_argument("--suggest", action="store_true", help="try what mends those that fail, and print that, too")
    check.add_argument("--json", action="store_true", help="print what was found as JSON, a line for each model")
    check.add_argument("--sarif", metavar="FILE", help="write SARIF 2.1.0, - for standard output in place of the text")
    check.add_argument("--junit", metavar="FILE", help="write JUnit XML, - for standard output in place of the text")
    where = "print what a reviewer needs as workflow commands, on standard error"
    check.add_argument("--annotate", choices=("github",), help=where)


def _add_import(importing: ArgumentParser) -> None:
    importing.add_argument("model", metavar="MODEL", help="a file, or module:name of your own code")
    importing.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the specification into this file")
    _add_model_options(importing)


def _add_suggest(suggest: ArgumentParser) -> None:
    suggest.add_argument("model", metavar="MODEL", help="a file, or module:name of your own code")
    suggest.add_argument("--json", action="store_true", help="print what mends it as JSON")
    _add_model_options(suggest)


def _add_model_options(command: ArgumentParser) -> None:
    """What a model's file may leave open, and how its training goes."""
    sizes = "the sizes of one input, as the model itself takes it: 784, 128x16, 32x32x3, in PyTorch 3x32x32"
    command.add_argument("--input", type=_sizes, metavar="SIZES", help=sizes)
    command.add_argument(
        "--preset", type=_preset, metavar="NAME", help="how weights are drawn of which nothing says so"
    )
    command.add_argument("--optimiser", "--optimizer", type=Optimiser, choices=tuple(Optimiser), help="sgd unless said")
    command.add_argument("--loss", metavar="KIND", help="the loss, such as cross_entropy, in place of the model's")
    values = "weights are drawn anew as the model would, or taken from the file as they are"
    command.add_argument("--values", choices=("drawn", "file"), help=values)
    command.add_argument("--trials", type=_count(1, 10_000), metavar="N", help="how many networks are drawn")
    command.add_argument("--samples", type=_count(1, 65_536), metavar="N", help="how many inputs a batch has")
    example = "module:name of the input that a PyTorch model is followed with, where --input does not do"
    command.add_argument("--example", metavar="NAME", help=example)
    command.add_argument("--traceback", action="store_true", help="show where your own code failed")


def _add_judging(command: ArgumentParser, default: tuple[str, ...] = ()) -> None:
    command.add_argument("--fail-on", type=conditions, default=default, metavar="CONDITIONS", help=_CONDITIONS)
    ignored = "leave these findings out, by commas, such as GV304; docs/findings.md has them all"
    command.add_argument("--ignore", type=codes, action="extend", default=[], metavar="CODES", help=ignored)
    many = "a row for each layer in the table, which folds what repeats where there are many"
    command.add_argument("--all-layers", action="store_true", help=many)


def _add_simulate(simulate: ArgumentParser) -> None:
    simulate.add_argument("spec", type=Path, help="a JSON file with a specification, - for standard input")
    simulate.add_argument("--json", action="store_true", help="print the report as JSON")
    simulate.add_argument("--suggest", action="store_true", help="try what mends it, and print that, too")
    _add_judging(simulate)


def _add_train(train: ArgumentParser) -> None:
    train.add_argument("spec", type=Path, help="a JSON file with a specification, - for standard input")
    train.add_argument("--json", action="store_true", help="print what came of it as JSON")
    train.add_argument("--rates", type=_rates, metavar="RATES", help="learning rates, by commas")
    train.add_argument("--steps", type=int, metavar="N", help="how many steps are made, 200 unless said")
    train.add_argument("--trials", type=int, metavar="N", help="how many networks are trained at every rate")
    train.add_argument("--batch-size", type=int, metavar="N", help="samples of a step")
    train.add_argument("--optimizer", "--optimiser", choices=("sgd", "adam"), help="how a step is made")
    train.add_argument("--data", choices=("blobs", "spirals", "teacher"), help="data that can be learned")


def _add_sweep(sweep: ArgumentParser) -> None:
    sweep.add_argument("spec", type=Path, help="a JSON file with a sweep, - for standard input")
    sweep.add_argument("--csv", metavar="FILE", help="write the points as a table, - for standard output")
    sweep.add_argument("--json", action="store_true", help="print the points, a line of JSON each, as they come")
    workers = "processes that simulate; GRADIENT_VERDICT_WORKERS"
    sweep.add_argument("--workers", type=_count(1, _MOST_WORKERS), metavar="N", help=workers)


def _add_grade(grade: ArgumentParser) -> None:
    grade.add_argument("rubric", type=Path, help="a JSON file with a rubric")
    what = (
        "a JSON file with the answers by the ids of the claims, - for standard input; of several a row each is printed"
    )
    grade.add_argument("answers", type=Path, nargs="+", help=what)
    written = grade.add_mutually_exclusive_group()
    written.add_argument("--json", action="store_const", dest="format", const="native", help="print gradings as JSON")
    written.add_argument("--format", metavar="NAME", type=_format, help="print a platform's format in place of a table")


def _add_serve(serve: ArgumentParser) -> None:
    serve.add_argument("--no-worker", action="store_true", help="leave all jobs to `worker` processes elsewhere")


def _add_worker(worker: ArgumentParser) -> None:
    worker.add_argument(
        "--with-parent", type=int, metavar="PROCESS", help="end with that process, which started it, or without work"
    )


def _add_keys(keys: ArgumentParser) -> None:
    where = "the file of keys; GRADIENT_VERDICT_API_KEYS_FILE unless said"
    actions = keys.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make a key and print it, once")
    create.add_argument("name", metavar="NAME", type=_key_name, help="whose it is; `anonymous` for those without one")
    allowed = "what it allows, by commas or said again: read, simulate, grade, teach, admin"
    create.add_argument("--scope", type=_scopes, action="extend", required=True, metavar="SCOPES", help=allowed)
    revoke = actions.add_parser("revoke", help="take a key back: the service refuses it from then on")
    revoke.add_argument("name", metavar="NAME", help="whose it is")
    for action in (create, actions.add_parser("list", help="print the names, and what each may do"), revoke):
        action.add_argument("--file", type=Path, metavar="FILE", help=where)


def _add_openapi(openapi: ArgumentParser) -> None:
    openapi.add_argument("--contract", action="store_true", help="the one that says all that is accepted (OpenAPI 3.2)")


def _add_database(database: ArgumentParser) -> None:
    actions = database.add_subparsers(dest="action", required=True)
    actions.add_parser("upgrade", help="to the newest revision; `serve` does so by itself")
    downgrade = actions.add_parser("downgrade", help="to an older one")
    downgrade.add_argument("revision", nargs="?", default="-1", help="a revision, `base`, or `-1` for one step back")
    actions.add_parser("current", help="print the revision")


def _key_name(name: str) -> str:
    from service.core.context import KEY_NAME  # noqa: PLC0415 - other commands need none of it

    if not re.fullmatch(KEY_NAME, name):
        raise ArgumentTypeError(f"{name}: a letter is expected, and up to 63 letters, digits, dots, dashes behind it")
    return name


def _scopes(text: str) -> list[str]:
    from service.core.context import Scope  # noqa: PLC0415

    names = text.split(",")
    unknown = [name for name in names if name not in {*Scope}]
    if unknown:
        raise ArgumentTypeError(f"{unknown[0]}: not among {', '.join(Scope)}")
    return names


def _rates(text: str) -> list[float]:
    try:
        return [float(rate) for rate in text.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"{text}: numbers are expected, with commas between them") from None


def _sizes(text: str) -> tuple[int, ...]:
    sizes = text.replace("×", "x").replace(",", "x").split("x")
    if not all(size.isdecimal() and int(size) for size in sizes):
        raise ArgumentTypeError(f"{text}: sizes are expected, with x between them, such as 784, 128x16 or 32x32x3")
    return tuple(map(int, sizes))


def _count(least: int, most: int) -> Callable[[str], int]:
    """What reads a number between two others."""

    def count(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"{text}: a number from {least} to {most} is expected")
        return int(text)

    return count


def _format(name: str) -> str:
    from service.grading.formats import FORMATS  # noqa: PLC0415 - other commands need none of it

    if name not in FORMATS:
        raise ArgumentTypeError(f"{name}: not among {', '.join(FORMATS)}")
    return name


def _preset(name: str) -> str:
    from service.nn.presets import PRESETS, preset_called  # noqa: PLC0415

    if name not in PRESETS:
        meant = preset_called(name)
        hint = f"; did you mean {meant}?" if meant else ""
        raise ArgumentTypeError(f"{name}: not among {', '.join(PRESETS)}{hint}")
    return name


_COMMANDS: dict[str, tuple[str, Callable[[ArgumentParser], None]]] = {
    "check": ("judge models, for people and for CI", _add_check),
    "import": ("print the specification of a model", _add_import),
    "simulate": ("judge one specification, without a server", _add_simulate),
    "suggest": ("try what mends a model, with the lines to write", _add_suggest),
    "train": ("train one network at several rates, without a server", _add_train),
    "sweep": ("judge all points of a sweep, without a server", _add_sweep),
    "grade": ("grade answers by a rubric, without a server", _add_grade),
    "serve": ("serve the HTTP interface; settings come from the environment", _add_serve),
    "worker": ("work on the jobs in the database, with as many others as there are", _add_worker),
    "health": ("end with status 0 if the service on this machine is ready, 1 if not", lambda _: None),
    "keys": ("make, list and take back the keys of a service", _add_keys),
    "openapi": ("print the OpenAPI document", _add_openapi),
    "database": ("bring the schema of the store up or down, or tell its revision", _add_database),
}
"""What each command does, in words, and what adds its options."""
