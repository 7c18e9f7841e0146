"""The routes, a module for each kind of thing; each module's `routes` is found by the application."""
