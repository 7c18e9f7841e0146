"""The messages of gifting: what is embedded and enriched, taste profiles, collections, occasions."""
