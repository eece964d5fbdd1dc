"""`grade`: answers judged by a rubric, in the format of a platform."""

import sys
from functools import partial
from pathlib import Path

from service.cli.console import REFUSED, InputFiles
from service.core.settings import Settings
from service.grading.formats import FORMATS
from service.grading.grade import grade
from service.grading.rubrics import check_rubric, plans_of
from service.grading.spec import GradingSpec
from service.simulation.simulate import simulate


def grade_files(rubric: Path, answers: Path, wanted: str) -> int:
    """Grade `answers` by `rubric`, print what POST /v1/gradings answers, to the byte, and return the exit status."""
    with InputFiles() as files:
        body = {"rubric": files.read(rubric), "answers": files.read(answers)}
        files.body = body
        spec = GradingSpec.model_validate(body)
        check_rubric(spec.rubric)
        plans_of(spec.rubric)
        sys.stdout.write(FORMATS[wanted].write(grade(spec, partial(simulate, processes=Settings().workers))))
        return 0
    return REFUSED
