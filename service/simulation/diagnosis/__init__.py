"""Arrays → numbers → judgement: what was measured, what it means, and why."""
