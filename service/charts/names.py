"""The charts there are, and as what they can be had; nothing that draws is imported here."""

from enum import StrEnum


class ChartName(StrEnum):
    """Which chart: what is shown of a report."""

    GRADIENT = "gradient"
    GAIN = "gain"
    SIGNAL = "signal"
    DERIVATIVE = "derivative"
    ACTIVATION = "activation"
    WEIGHT_GRADIENT = "weight_gradient"
    COMPARISON = "comparison"


class ChartFormat(StrEnum):
    """As what a chart can be had."""

    JSON = "json"
    SVG = "svg"
    PNG = "png"


class Theme(StrEnum):
    """The ground a chart stands on."""

    LIGHT = "light"
    DARK = "dark"
