"""Programs as source that stands alone: Python, JavaScript, C; one writer, and a table of notation per language."""

from autograd_tiny.lowering.sources.c import CSource, c_source
from autograd_tiny.lowering.sources.javascript import javascript_source
from autograd_tiny.lowering.sources.python import python_function, python_source

__all__ = ["CSource", "c_source", "javascript_source", "python_function", "python_source"]
