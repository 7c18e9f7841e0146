"""Settings, logs, secrets, and what is opened from them: Temporal and the gateways."""
