"""Deterministic orchestration, and the catalogue of all jobs."""
