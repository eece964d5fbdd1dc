"""Settings → a table in Markdown."""

from math import exp, fsum, log

from benchmarks.setting import ENGINE, Setting


def markdown(settings: list[Setting]) -> str:
    """A row for each setting: seconds of the engine, then the others as multiples of them, then peak memory."""
    rivals = list(dict.fromkeys(name for one in settings for name in one.seconds if name != ENGINE))
    heads = [
        "shape",
        "precision",
        "engine",
        *rivals,
        "best rival",
        "floor",
        *(f"{one}, MB" for one in (ENGINE, *rivals)),
    ]
    lines = [_row(heads), _row(["---", "---", *["---:"] * (len(heads) - 2)])]
    for one in settings:
        ratios = [f"{one.ratio(name):.2f}×" if name in one.seconds else "" for name in rivals]
        memory = [f"{one.peak_bytes[name] / 1e6:.0f}" if name in one.seconds else "" for name in (ENGINE, *rivals)]
        fastest, floor = f"**{one.best_rival():.2f}×**", f"1/{one.seconds[ENGINE] / one.floor_seconds:.2f}"
        engine = f"{1e3 * one.seconds[ENGINE]:.3g} ms"
        lines.append(_row([one.shape, one.precision, engine, *ratios, fastest, floor, *memory]))
    return "\n".join(lines)


def geometric_mean(ratios: list[float]) -> float:
    """The mean that makes no difference between a and 1/a."""
    return exp(fsum(map(log, ratios)) / len(ratios))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
