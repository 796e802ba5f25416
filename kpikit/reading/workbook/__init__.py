"""A workbook: looked at before it is loaded, and loaded where it can do no harm."""

from kpikit.reading.workbook.loading import read_workbook

__all__ = ["read_workbook"]
