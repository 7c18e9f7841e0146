"""Gifting from outside: taste profiles, recommendations, collections, occasions."""
