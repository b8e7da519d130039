"""The gallery of the documentation, each picture beside the code that made it: ``python -m docs.gallery``."""
