"""Loading files of any message: `import_file` for CSV, JSON and JSON lines, with one set of rules.

A row that is no message is rejected with its line, field, value and what is accepted; the others are stored.
"""

from mainspring.client.imports.loading import Imported, Key, OnRejected, Refused, ignore, import_file
from mainspring.gateways.files import CsvText, RejectedRow, Row, Source

__all__ = [
    "CsvText",
    "Imported",
    "Key",
    "OnRejected",
    "Refused",
    "RejectedRow",
    "Row",
    "Source",
    "ignore",
    "import_file",
]
