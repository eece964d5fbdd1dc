"""What is measured: one file a contestant, each with `prepare(shape, precision)`, which gives what is run."""
