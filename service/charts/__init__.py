"""Rows → pictures: one file a chart, drawn by Altair as Vega-Lite, with no arithmetic in them."""
