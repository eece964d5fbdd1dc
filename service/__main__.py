"""The command line: `python -m service serve | worker | health | simulate | train | grade | sweep | database | …`."""

import argparse
import signal
import sys
from pathlib import Path

from service.processes.system import die_with_parent, keep_freed_memory, single_blas_thread
from service.simulation.vocabulary import FindingCode, Label

_MOST_WORKERS = 256


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 for a specification that is refused, 3 for --fail-on."""
    single_blas_thread()
    keep_freed_memory()
    args = _parser().parse_args(arguments)
    return _COMMANDS[args.command](args)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description="Judge the gradients of neural networks.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the HTTP interface; settings come from the environment")
    serve.add_argument("--no-worker", action="store_true", help="leave all jobs to `worker` processes elsewhere")
    worker = commands.add_parser("worker", help="work on the jobs in the database, with as many others as there are")
    worker.add_argument("--with-parent", action="store_true", help="end with who has started it, or without work")
    commands.add_parser("health", help="end with status 0 if the service on this machine is ready, 1 if not")
    openapi = commands.add_parser("openapi", help="print the OpenAPI document")
    openapi.add_argument("--contract", action="store_true", help="the one that says all that is accepted (OpenAPI 3.2)")
    _add_simulate(commands.add_parser("simulate", help="judge one specification, without a server"))
    _add_train(commands.add_parser("train", help="train one network at several rates, without a server"))
    grade = commands.add_parser("grade", help="grade answers by a rubric, without a server")
    grade.add_argument("rubric", type=Path, help="a JSON file with a rubric")
    what = (
        "a JSON file with the answers by the ids of the claims, - for standard input; of several a row each is printed"
    )
    grade.add_argument("answers", type=Path, nargs="+", help=what)
    written = grade.add_mutually_exclusive_group()
    written.add_argument("--json", action="store_const", dest="format", const="native", help="print gradings as JSON")
    written.add_argument("--format", metavar="NAME", type=_format, help="print a platform's format in place of a table")
    _add_sweep(commands.add_parser("sweep", help="judge all points of a sweep, without a server"))
    database = commands.add_parser("database", help="bring the schema of the store up or down, or tell its revision")
    actions = database.add_subparsers(dest="action", required=True)
    actions.add_parser("upgrade", help="to the newest revision; `serve` does so by itself")
    downgrade = actions.add_parser("downgrade", help="to an older one")
    downgrade.add_argument("revision", nargs="?", default="-1", help="a revision, `base`, or `-1` for one step back")
    actions.add_parser("current", help="print the revision")
    return parser


def _add_simulate(simulate: argparse.ArgumentParser) -> None:
    """The arguments of `simulate`."""
    simulate.add_argument("spec", type=Path, help="a JSON file with a specification, - for standard input")
    simulate.add_argument("--json", action="store_true", help="print the report as JSON")
    simulate.add_argument("--suggest", action="store_true", help="try what mends it, and print that, too")
    simulate.add_argument(
        "--fail-on",
        type=_conditions,
        default=(),
        metavar="LABELS",
        help="end with status 3 on these labels, by commas, and from a failure risk on with risk=0.5",
    )
    simulate.add_argument(
        "--ignore",
        type=_codes,
        action="extend",
        default=[],
        metavar="CODES",
        help="leave these findings out, by commas, such as GV304; docs/findings.md has them all",
    )


def _add_train(train: argparse.ArgumentParser) -> None:
    train.add_argument("spec", type=Path, help="a JSON file with a specification, - for standard input")
    train.add_argument("--json", action="store_true", help="print what came of it as JSON")
    train.add_argument("--rates", type=_rates, metavar="RATES", help="learning rates, by commas")
    train.add_argument("--steps", type=int, metavar="N", help="how many steps are made, 200 unless said")
    train.add_argument("--trials", type=int, metavar="N", help="how many networks are trained at every rate")
    train.add_argument("--batch-size", type=int, metavar="N", help="samples of a step")
    train.add_argument("--optimizer", choices=("sgd", "adam"), help="how a step is made")
    train.add_argument("--data", choices=("blobs", "spirals", "teacher"), help="data that can be learned")


def _rates(text: str) -> list[float]:
    try:
        return [float(rate) for rate in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: numbers are expected, with commas between them") from None


def _add_sweep(sweep: argparse.ArgumentParser) -> None:
    sweep.add_argument("spec", type=Path, help="a JSON file with a sweep, - for standard input")
    sweep.add_argument("--csv", metavar="FILE", help="write the points as a table, - for standard output")
    sweep.add_argument("--json", action="store_true", help="print the points, a line of JSON each, as they come")
    sweep.add_argument("--workers", type=_count, metavar="N", help="processes that simulate; GRADIENT_VERDICT_WORKERS")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{text}: a number from 1 to {_MOST_WORKERS} is expected")
    return int(text)


def _format(name: str) -> str:
    from service.grading.formats import FORMATS  # noqa: PLC0415 - other commands need none of it

    if name not in FORMATS:
        raise argparse.ArgumentTypeError(f"{name}: not among {', '.join(FORMATS)}")
    return name


def _conditions(text: str) -> tuple[str, ...]:
    conditions = tuple(one.strip() for one in text.split(","))
    unknown = [one for one in conditions if one not in list(Label) and not _is_risk(one)]
    if unknown:
        known = ", ".join(Label)
        raise argparse.ArgumentTypeError(
            f"{', '.join(unknown)}: not among {known}, nor risk=… with a number from 0 to 1"
        )
    return conditions


def _is_risk(condition: str) -> bool:
    name, _, number = condition.partition("=")
    return name == "risk" and number.replace(".", "", 1).isdecimal() and float(number) <= 1.0


def _codes(text: str) -> list[str]:
    codes = [code.strip().upper() for code in text.split(",")]
    unknown = [code for code in codes if code not in list(FindingCode)]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(FindingCode)}")
    return codes


def _serve(args: argparse.Namespace) -> int:
    from service.main import serve  # noqa: PLC0415 - a worker process reads this file and needs no server

    serve(with_jobs=not args.no_worker)
    return 0


def _worker(args: argparse.Namespace) -> int:
    from service.jobs.main import work  # noqa: PLC0415

    if args.with_parent:
        die_with_parent()
    work(for_ever=not args.with_parent)
    return 0


def _health(args: argparse.Namespace) -> int:
    from urllib.error import URLError  # noqa: PLC0415 - a probe every few seconds loads nothing else
    from urllib.request import ProxyHandler, build_opener  # noqa: PLC0415

    from service.core.settings import Settings  # noqa: PLC0415

    url = f"http://127.0.0.1:{Settings().port}/healthz/ready"
    try:
        build_opener(ProxyHandler({})).open(url, timeout=4).close()
    except URLError:
        return 1
    return 0


def _simulate(args: argparse.Namespace) -> int:
    from service.cli.simulate import simulate_file  # noqa: PLC0415

    return simulate_file(
        args.spec, as_json=args.json, fail_on=args.fail_on, ignored=args.ignore, suggesting=args.suggest
    )


def _train(args: argparse.Namespace) -> int:
    from service.cli.train import train_file  # noqa: PLC0415

    names = ("rates", "steps", "trials", "batch_size", "optimizer", "data")
    return train_file(args.spec, as_json=args.json, changes={name: getattr(args, name) for name in names})


def _grade(args: argparse.Namespace) -> int:
    from service.cli.grade import grade_files  # noqa: PLC0415

    return grade_files(args.rubric, args.answers, args.format)


def _sweep(args: argparse.Namespace) -> int:
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # as a shell without job control has it for what runs in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback when it is stopped while it loads
    from service.cli.sweep import sweep_file  # noqa: PLC0415

    signal.signal(signal.SIGINT, before)
    return sweep_file(args.spec, csv=args.csv, as_json=args.json, workers=args.workers)


def _database(args: argparse.Namespace) -> int:
    from service.store.migration import change_database  # noqa: PLC0415

    return change_database(args.action, getattr(args, "revision", ""))


def _openapi(args: argparse.Namespace) -> int:
    from service.main import openapi_text  # noqa: PLC0415

    sys.stdout.write(openapi_text(args.contract))
    return 0


_COMMANDS = {
    "serve": _serve,
    "worker": _worker,
    "health": _health,
    "simulate": _simulate,
    "train": _train,
    "grade": _grade,
    "sweep": _sweep,
    "database": _database,
    "openapi": _openapi,
}

if __name__ == "__main__":
    sys.exit(main())
