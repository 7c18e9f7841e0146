"""The settings, a section for the service itself and one for each domain; `config/settings.py` joins them.

A section is a class of fields. Each is set as MAINSPRING_ and the field's name in capitals, or by its
`validation_alias`; `.env.example` explains all of them.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

from pydantic import BaseModel

__all__ = ["sections"]


def sections() -> Iterator[type[BaseModel]]:
    """Give the sections of every module here: its classes of fields whose names end in `Settings`."""
    for found in pkgutil.iter_modules(__path__, f"{__name__}."):
        for name, section in inspect.getmembers(importlib.import_module(found.name), inspect.isclass):
            is_own = name.endswith("Settings") and section.__module__ == found.name
            if is_own and issubclass(section, BaseModel):
                yield section
