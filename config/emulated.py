"""Settings that lead to emulators instead of the outside world."""

from collections.abc import Mapping

from mainspring.config.settings import Settings


def with_emulators(settings: Settings, emulators: Mapping[str, str]) -> Settings:
    """Return the settings as the stack that published these emulators uses them."""
    return Settings.model_validate(dict(settings) | dict(emulators))
