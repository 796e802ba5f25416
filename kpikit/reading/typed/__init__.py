"""Cells as they were written → typed columns: numbers, instants, choices, in any notation."""
