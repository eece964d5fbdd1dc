"""`--fail-on` and `--ignore`: what a command may fail on, and what is left out."""

from argparse import ArgumentTypeError

from service.simulation.conditions import CONDITIONS, is_condition
from service.simulation.vocabulary import FindingCode

_NEVER = "never"


def conditions(text: str) -> tuple[str, ...]:
    """The conditions in `text`, by commas: labels, `error`, `warning`, `risk=` and a number, or `never`."""
    found = tuple(one.strip() for one in text.split(","))
    unknown = [one for one in found if one != _NEVER and not is_condition(one)]
    if unknown:
        *labels, error, warning = CONDITIONS
        raise ArgumentTypeError(
            f"{', '.join(unknown)}: not among {', '.join(labels)}, nor risk=… with a number from 0 to 1, "
            f"nor {error}, {warning}, {_NEVER}"
        )
    return found


def codes(text: str) -> list[FindingCode]:
    """The codes of findings in `text`, by commas, whatever their case."""
    found = [code.strip().upper() for code in text.split(",")]
    unknown = [code for code in found if code not in list(FindingCode)]
    if unknown:
        raise ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(FindingCode)}")
    return [FindingCode(code) for code in found]
