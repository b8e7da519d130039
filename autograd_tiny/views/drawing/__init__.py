"""How a graph becomes a picture; `autograd_tiny.views.drawing.draw` is the way in.

`grouping` says what belongs together, `picture` what a box shows, `dot_text` writes that in the DOT language, `render`
has a program turn it into an image, and `svg` finishes that image: ids, titles, nothing that could run.  `tikz` writes
it for LaTeX.
"""
