"""A `.pt2` file → a specification, without PyTorch."""

from dataclasses import replace
from math import prod
from typing import BinaryIO

from service.imports.base import Imported, Options, Reading, Source, Subject, WeightValues
from service.imports.torch.archive import Archive
from service.imports.torch.filling import of_file, preset
from service.imports.torch.program import program_of
from service.imports.torch.reading import specification_of
from service.imports.torch.values import Known, Value

_PRESET = "pytorch"


def read(data: BinaryIO, options: Options) -> Imported:
    """The specification in a file that `torch.export.save` wrote; NotUnderstood.

    Such a file does not say how parameters were drawn: they are as PyTorch draws them, or as `options.defaults` says.
    """
    archive = Archive(data)
    program = program_of(archive.program())
    of_numbers = options.values is WeightValues.FILE
    chosen = options if options.defaults or of_numbers else replace(options, defaults=_PRESET)

    def fresh() -> Reading:
        reading = Reading(Source.TORCH, chosen)
        if not of_numbers:
            reading.assume(Subject.INITIALISER, "", _DRAWN.format(chosen.defaults))
        return reading

    def buffer(name: str) -> Value:
        numbers = archive.numbers(name)
        return None if numbers is None else Known(numbers)

    shapes = [program.shapes.get(name, ()) for name in program.parameters]
    total = sum(map(prod, shapes))
    rule = of_file(archive.numbers, total) if of_numbers else preset
    return specification_of(program, fresh, rule, buffer, f"torch.export, PyTorch {program.version}".strip())


_DRAWN = "The file does not say how parameters are drawn; what layers leave open is as the preset {} has it."
