"""`import`: the specification of a model, on standard output or in a file."""

import json
import sys
from argparse import Namespace

from service.cli.console import REFUSED, sentences_of, working
from service.cli.models import Models
from service.simulation.spec import SimulationSpec


def import_model(args: Namespace) -> int:
    """Write the specification of the model called `args.model`, and return the exit status."""
    with Models(args) as models:
        with working(f"reading {args.model}"):
            spec = models.read(args.model).spec
        text = _text(spec)
        if args.output is None:
            sys.stdout.write(text)
            return 0
        try:
            args.output.write_text(text, encoding="utf-8")
        except OSError as error:
            sys.stderr.write("".join(f"{one}\n" for one in sentences_of(error, str(args.output))))
            return REFUSED
        return 0
    return REFUSED


def _text(spec: SimulationSpec) -> str:
    """A specification as JSON for people to change: what nothing says is left out, and is as it is by default."""
    said = spec.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    body = said if SimulationSpec.model_validate(said) == spec else spec.model_dump(mode="json")
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"
