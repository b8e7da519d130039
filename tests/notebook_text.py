"""Notebooks as text, as Jupyter writes them; without nbformat, which takes seconds to import."""

import json


def notebook_text(*sources):
    """A notebook of Markdown cells, the first followed by a cell of code whose source and output open a block."""
    cells = [{"cell_type": "markdown", "id": f"text{k}", "metadata": {}, "source": _lines(source)} for k, source in enumerate(sources)]
    printed = {"name": "stdout", "output_type": "stream", "text": ["```backprop\n"]}
    code = {"cell_type": "code", "execution_count": None, "id": "code", "metadata": {}, "outputs": [printed]}
    cells.insert(1, code | {"source": ["print('```backprop')"]})
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1, ensure_ascii=False) + "\n"


def _lines(source):
    return source.splitlines(keepends=True)
