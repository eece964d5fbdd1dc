"""Reports → the rows of numbers that charts draw; all arithmetic of a chart stands here."""
