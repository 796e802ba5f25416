"""Any file as a table of typed columns: cells as they stand, then what they mean; whatever cannot be read is said."""

from kpikit.reading.files import RawTable, from_frame, read, read_all
from kpikit.reading.typed.flags import yes_no
from kpikit.reading.typed.formats import Formats
from kpikit.reading.typed.parsing import Parsed, parse

__all__ = ["Formats", "Parsed", "RawTable", "from_frame", "parse", "read", "read_all", "yes_no"]
