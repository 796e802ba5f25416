"""From one's own export to a book one can trust: check what it can answer, write its kpikit.toml."""
