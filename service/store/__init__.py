"""Reports that are kept: in memory for a while, in a database for long, by the digest of their specification."""
