"""One chart as a value → a picture, wide and narrow, in a language."""
