"""`python -m service` for people at a terminal and in pipelines, without a server: one file a command."""

from service.cli.grades import grade_files
from service.cli.page import COLOURS
from service.cli.report import decades, headline, show, simulate_file

__all__ = ["COLOURS", "decades", "grade_files", "headline", "show", "simulate_file"]
