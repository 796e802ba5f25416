"""The doors of the deal book: mapping, validation, completion; parsed files and trusted tables."""
