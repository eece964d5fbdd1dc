"""The HTTP interface: what a request looks like, what goes wrong, and one call behind every endpoint."""
