"""What is drawn where there is nothing to be drawn."""

import altair as alt

SENTENCE = "This report has no numbers for this chart."


def drawing(sentence: str = SENTENCE) -> alt.LayerChart:
    """A sentence in an empty frame; of no rows."""
    text = alt.Chart(alt.InlineData([{"sentence": sentence}])).mark_text(style="sentence")
    return alt.LayerChart(layer=[text.encode(alt.Text("sentence:N"))])
