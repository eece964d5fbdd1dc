"""What every room uses: errors, families of kinds, strict JSON, pointers, settings, the clock, the version."""
