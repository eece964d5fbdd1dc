"""Work done in other processes: the pool with deadline and memory limit, the fork map, the renderer."""
