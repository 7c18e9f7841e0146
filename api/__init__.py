"""The HTTP API: a thin skin over `mainspring.client`, for services in other languages.

`app.py` puts it together; `routes` has a module for each kind of thing; `callers.py` says who calls.
"""
