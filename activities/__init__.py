"""Side effects: classes that are given storage and gateways."""
