"""The colours of every figure, readable in grey."""

INK, BLUE, ORANGE, GREY, FAINT = "#222222", "#2166ac", "#d6604d", "#999999", "#dddddd"
