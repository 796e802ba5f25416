"""The grammar of a kpikit.toml: which files and columns a book is made from, and what stands in them."""
