"""Pure decisions: no clock, no input or output, no Temporal; one file a domain."""
