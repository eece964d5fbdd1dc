"""`python -m service` for people at a terminal and in pipelines, without a server: one file a command."""
