"""Files that others have made: CSV, JSON and JSON lines, row by row, each row a message or what is wrong."""

from mainspring.gateways.files.reading import read_rows
from mainspring.gateways.files.rows import FileUnreadable, RejectedRow, Row

__all__ = ["FileUnreadable", "RejectedRow", "Row", "read_rows"]
