"""Pure decisions: no clock, no input or output, no engine; one file a domain."""
