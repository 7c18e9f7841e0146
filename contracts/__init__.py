"""Messages that cross Temporal, HTTP or the command line: frozen pydantic models, no logic."""
