"""All settings. The environment wins over `.env`, which wins over the default.

The fields are in `config/sections`, a module a domain. A section that is named nowhere here is found: its
fields are settings like any other, and what uses them names the section as its parameter's type. How
Temporal itself is reached is not here: that is Temporal's own environment configuration, see connect.py.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from mainspring.config.environment import ENV_FILE, environment
from mainspring.config.sections import sections
from mainspring.config.sections.api import ApiSettings
from mainspring.config.sections.cards import CardsSettings
from mainspring.config.sections.gifting import GiftingSettings
from mainspring.config.sections.mail import MailSettings
from mainspring.config.sections.media import MediaSettings
from mainspring.config.sections.models import EmbeddingsSettings, ModelsSettings
from mainspring.config.sections.push import PushSettings
from mainspring.config.sections.service import ServiceSettings
from mainspring.config.sections.webhooks import WebhooksSettings
from mainspring.config.sections.wishlist import WishlistSettings
from mainspring.config.settings_errors import Problem, SettingsError, invalid, unknown
from mainspring.gateways.private_files import make_private

PREFIX = "MAINSPRING_"


class NamedSettings(
    MediaSettings,
    WishlistSettings,
    ModelsSettings,
    EmbeddingsSettings,
    GiftingSettings,
    MailSettings,
    PushSettings,
    WebhooksSettings,
    ApiSettings,
    CardsSettings,
    ServiceSettings,
    BaseSettings,
):
    """The sections of what comes with the service, whose fields a type checker knows."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",  # `load` reports unknown names itself, with a suggestion
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
    )


if TYPE_CHECKING:
    FoundSettings = NamedSettings
else:
    others = (each for each in sections() if not issubclass(NamedSettings, each))
    FoundSettings = type("FoundSettings", (NamedSettings, *others), {"__module__": __name__})


class Settings(FoundSettings):
    """What can be set, each as MAINSPRING_ and the field's name in capitals; `.env.example` explains them.

    A field with a `validation_alias` has that name, which the shop has used before, as well.

    A field with `repr=False` is a secret: no message shows its value.
    """

    def make_state_dir(self) -> None:
        """Make the state directory, for us alone; SettingsError when it cannot be used."""
        # What is kept elsewhere needs no place here, and containers may have none to write to.
        is_written = self.database_url is None or self.encryption_key is None
        try:
            make_private(self.state_dir)
            if is_written and not os.access(self.state_dir, os.R_OK | os.W_OK | os.X_OK):
                raise PermissionError(0, "Permission denied")
        except OSError as error:
            reason = "Not a directory" if isinstance(error, FileExistsError) else error.strerror
            accepted = f"Input should be a directory that can be made and written to ({reason})"
            raise SettingsError([Problem(f"{PREFIX}STATE_DIR", str(self.state_dir), accepted)]) from error

    @classmethod
    def variables(cls) -> list[str]:
        """Return the names of all variables that are read, as `.env.example` has them."""
        return [cls.variable(field) for field in cls.model_fields]

    @classmethod
    def variable(cls, field: str) -> str:
        """Return the name of a field's variable."""
        alias = cls.model_fields[field].validation_alias
        return alias if isinstance(alias, str) else PREFIX + field.upper()

    @classmethod
    def load(cls, env_file: Path | None = ENV_FILE) -> Self:
        """Read the environment and `env_file`; raise SettingsError with everything that is wrong in them."""
        prefixed = [PREFIX + field.upper() for field in cls.model_fields]
        problems = unknown(environment(env_file), prefixed, PREFIX)
        try:
            settings = cls(_env_file=env_file)
        except ValidationError as error:
            raise SettingsError(problems + invalid(error, cls.model_fields, PREFIX)) from None
        if problems:
            raise SettingsError(problems)
        return settings
