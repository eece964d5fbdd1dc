"""What a format is: a grading written as one platform reads it."""

from abc import ABC, abstractmethod
from typing import ClassVar

from service.grading.results import Grading


class Format(ABC):
    """One platform's way to state a grading; the same grading gives the same text."""

    name: ClassVar[str]
    """Its public name."""
    media_type: ClassVar[str]
    """The media type of what it writes."""
    what: ClassVar[str]
    """What it is, in one sentence."""

    @abstractmethod
    def write(self, grading: Grading) -> str:
        """`grading` as the platform reads it."""
