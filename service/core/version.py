"""Two versions: that of the package and its HTTP contract, and that of the numbers."""

__version__ = "0.7.0"

ENGINE_VERSION = "4.1.0"
"""Part of every report's digest: it moves whenever the same specification would give other numbers."""
