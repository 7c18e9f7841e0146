"""Effects: what goes outside, written down before, for any domain and any channel. No domain is known here."""
