"""Event logs in formats of their own, as tables of a case, an activity and a time a row."""
