"""Recorded histories, one file each, named `<job>.<what happened>.json`; see record.py."""
