"""Files that others have made: CSV, JSON and JSON lines, row by row, each row a message or what is wrong."""

from mainspring.gateways.files.reading import Source, read_rows
from mainspring.gateways.files.rows import CsvText, FileUnreadable, RejectedRow, Row

__all__ = ["CsvText", "FileUnreadable", "RejectedRow", "Row", "Source", "read_rows"]
