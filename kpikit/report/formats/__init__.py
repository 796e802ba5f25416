"""What a report can be besides a notebook: HTML, PDF, workbook, summary."""
