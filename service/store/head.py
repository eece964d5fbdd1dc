"""What a store knows of a report beside its bytes, read from those bytes."""

from typing import Any

from pydantic import BaseModel


class _Ratio(BaseModel):
    median: float | None


class _Verdict(BaseModel):
    label: str
    severity: str
    tendency: str
    depth_ratio: _Ratio


class Head(BaseModel):
    """The fields of a report that a list shows; whatever else it has is left alone."""

    engine_version: str
    verdict: _Verdict
    layers: list[Any]

    def columns(self) -> dict[str, str | int | float | None]:
        """The values by the columns of the table."""
        return {
            "engine_version": self.engine_version,
            "label": self.verdict.label,
            "severity": self.verdict.severity,
            "tendency": self.verdict.tendency,
            "depth_ratio": self.verdict.depth_ratio.median,
            "layers": len(self.layers),
        }
