"""What was measured of one shape in one precision."""

from dataclasses import dataclass

ENGINE, REPORT = "engine", "report"


@dataclass(frozen=True)
class Setting:
    """Numbers by contestant, the engine among them."""

    shape: str
    precision: str
    seconds: dict[str, float]
    compile_seconds: dict[str, float]
    peak_bytes: dict[str, int]
    floor_seconds: float

    def ratio(self, name: str) -> float:
        """How many times as long as the engine it takes."""
        return self.seconds[name] / self.seconds[ENGINE]

    def best_rival(self) -> float:
        """That of the fastest rival; not a number without any."""
        return min((self.ratio(name) for name in self.seconds if name not in (ENGINE, REPORT)), default=float("nan"))
