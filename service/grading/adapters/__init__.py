"""Requests as platforms send them → what is to be graded; one platform a file."""
