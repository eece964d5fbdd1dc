"""Work that takes longer than a request: accepted in one transaction, done by whichever worker is there, never lost."""
