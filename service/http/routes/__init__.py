"""One file a resource; an endpoint is one call."""
