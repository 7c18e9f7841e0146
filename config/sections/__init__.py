"""The settings, a section for the service itself and one for each domain; `config/settings.py` joins them.

A section is a class of fields. Each is set as MAINSPRING_ and the field's name in capitals, or by its
`validation_alias`; `.env.example` explains all of them.
"""
