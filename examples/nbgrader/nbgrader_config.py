"""The settings of the course, read by nbgrader in this folder."""

c = get_config()  # noqa: F821 - nbgrader's own
c.CourseDirectory.course_id = "gradients"
c.ExecutePreprocessor.timeout = 120
