"""Texts whose quotes, delimiters or lines went wrong: laid over their columns again where there is one way to."""
