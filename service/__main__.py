"""The command line, `gradient-verdict` or `python -m service`: what reads it, and what each command runs."""

import os
import signal
import sys
from argparse import Namespace

from service.cli.parser import parser
from service.processes.system import die_with_parent, keep_freed_memory, single_blas_thread

_REFUSED, _INTERRUPTED = 2, 130
_OWN = "service"


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 2 where something is refused, 3 for --fail-on, 130 on Ctrl-C."""
    single_blas_thread()
    keep_freed_memory()
    args = parser().parse_args(arguments)
    try:
        return _COMMANDS[args.command](args)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except ModuleNotFoundError as error:
        package = (error.name or _OWN).partition(".")[0]
        if package == _OWN:
            raise
        sys.stderr.write(
            f"`{args.command}` needs {package}, which is not installed; `pip install gradient-verdict` brings it.\n"
        )
        return _REFUSED


def _serve(args: Namespace) -> int:
    from service.core.keys import Exposed, KeysUnreadable, check_exposure  # noqa: PLC0415
    from service.core.settings import Settings  # noqa: PLC0415
    from service.processes.process import SIMULATES, launched  # noqa: PLC0415

    settings = Settings(job_workers=0) if args.no_worker else Settings()
    try:
        check_exposure(settings)
        workers = launched(settings.workers, settings.memory_bytes_per_worker, SIMULATES)
        from service.main import serve  # noqa: PLC0415 - the workers load meanwhile

        serve(settings, workers)
    except (Exposed, KeysUnreadable) as error:
        sys.stderr.write(f"{error.sentence}\n")
        return _REFUSED
    return 0


def _worker(args: Namespace) -> int:
    if args.with_parent is not None:
        die_with_parent(args.with_parent)
    from service.core.settings import Settings  # noqa: PLC0415
    from service.processes.process import WORKS_ON_JOBS, launched  # noqa: PLC0415

    settings = Settings()
    os.nice(settings.job_niceness)  # behind everything else on this machine
    workers = launched(max(1, settings.job_workers), settings.memory_bytes_per_worker, WORKS_ON_JOBS)
    from service.jobs.main import work  # noqa: PLC0415 - the workers load meanwhile

    work(settings, workers, for_ever=args.with_parent is None)
    return 0


def _health(args: Namespace) -> int:
    from urllib.request import ProxyHandler, build_opener  # noqa: PLC0415 - a probe loads nothing else

    from service.core.settings import Settings  # noqa: PLC0415

    settings = Settings()
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/healthz/ready"
    try:
        build_opener(ProxyHandler({})).open(url, timeout=4).close()
    except OSError:  # it does not answer, not in time, or with another status
        return 1
    return 0


def _check(args: Namespace) -> int:
    from service.cli.check import check_models  # noqa: PLC0415

    return check_models(args)


def _import(args: Namespace) -> int:
    from service.cli.imports import import_model  # noqa: PLC0415

    return import_model(args)


def _suggest(args: Namespace) -> int:
    from service.cli.prescriptions import suggest_model  # noqa: PLC0415

    return suggest_model(args)


def _simulate(args: Namespace) -> int:
    from service.cli.simulate import simulate_file  # noqa: PLC0415

    return simulate_file(args)


def _train(args: Namespace) -> int:
    from service.cli.train import train_file  # noqa: PLC0415

    names = ("rates", "steps", "trials", "batch_size", "optimizer", "data")
    return train_file(args.spec, as_json=args.json, changes={name: getattr(args, name) for name in names})


def _grade(args: Namespace) -> int:
    from service.cli.grade import grade_files  # noqa: PLC0415

    return grade_files(args.rubric, args.answers, args.format)


def _sweep(args: Namespace) -> int:
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # as a shell without job control has it for what runs in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback when it is stopped while it loads
    from service.cli.sweep import sweep_file  # noqa: PLC0415

    signal.signal(signal.SIGINT, before)
    return sweep_file(args.spec, csv=args.csv, as_json=args.json, workers=args.workers)


def _database(args: Namespace) -> int:
    from service.store.migration import change_database  # noqa: PLC0415

    return change_database(args.action, getattr(args, "revision", ""))


def _keys(args: Namespace) -> int:
    from service.cli.keys import change_keys  # noqa: PLC0415

    return change_keys(args)


def _openapi(args: Namespace) -> int:
    from service.main import openapi_text  # noqa: PLC0415

    sys.stdout.write(openapi_text(args.contract))
    return 0


_COMMANDS = {
    "check": _check,
    "import": _import,
    "suggest": _suggest,
    "serve": _serve,
    "worker": _worker,
    "health": _health,
    "simulate": _simulate,
    "train": _train,
    "grade": _grade,
    "sweep": _sweep,
    "database": _database,
    "keys": _keys,
    "openapi": _openapi,
}

if __name__ == "__main__":
    sys.exit(main())
