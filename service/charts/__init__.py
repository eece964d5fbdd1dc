"""Reports and sweeps → pictures: a chart is one file, with its rows, its drawing and its words; pages and tables."""
