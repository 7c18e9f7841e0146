"""Loading files of messages."""
