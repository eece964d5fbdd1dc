"""A rubric and answers → a grading: every claim judged right, partly right, wrong or undecided, with its reason."""
