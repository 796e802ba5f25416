"""What a workbook says beside its values: formulas, hidden parts, merged cells, several sheets, how it counts days."""
