"""Streams of server-sent events: one hub in each process looks once a second for all streams together."""
