"""Every setting, its default and its bounds. The environment wins over `.env`, which wins over the default.

How Temporal itself is reached is not here: that is Temporal's own environment configuration, see connect.py.
"""

import base64
import binascii
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mainspring.config.environment import ENV_FILE, environment
from mainspring.config.settings_errors import Problem, SettingsError, invalid, unknown
from mainspring.config.zones import zone_named
from mainspring.domain.cards.quota import plan_named
from mainspring.gateways.smtp import Mailbox, MailUnsendable

PREFIX = "MAINSPRING_"
ENCRYPTION_KEY_BYTES = 32  # AES-256


def _check_key(value: SecretStr) -> SecretStr:
    try:
        size = len(base64.b64decode(value.get_secret_value(), validate=True))
    except binascii.Error:
        size = None
    if size != ENCRYPTION_KEY_BYTES:
        raise ValueError(f"Input should be base64 of {ENCRYPTION_KEY_BYTES} bytes: openssl rand -base64 32")
    return value


def _check_database(value: str) -> str:
    if not value.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
        raise ValueError(
            "Input should be postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE or sqlite+aiosqlite:///PATH"
        )
    return value


def _check_plan(value: str) -> str:
    plan_named(value)
    return value


def _matching(pattern: str, accepted: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not re.match(pattern, value):
            raise ValueError(f"Input should be {accepted}")
        return value

    return check


def _check_sender(value: str) -> str:
    try:
        Mailbox.parse(value).wire()
    except MailUnsendable as error:
        raise ValueError("Input should be an address, as The Shop <alerts@example.org>") from error
    return value


def _check_zone(value: str) -> str:
    zone_named(value)
    return value


Key = Annotated[SecretStr, AfterValidator(_check_key)]
Port = Annotated[int, Field(ge=0, le=65535)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database)]
StoreUrl = Annotated[
    str, AfterValidator(_matching("s3://[^/]|file:///", "s3://BUCKET, s3://BUCKET/PREFIX or file:///FOLDER"))
]
WebUrl = Annotated[str, AfterValidator(_matching("https?://[^/]", "http://HOST/… or https://HOST/…"))]
PlanName = Annotated[str, AfterValidator(_check_plan)]
# Names, separated by commas.
Names = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(lambda value: value.replace(",", " ").split() if isinstance(value, str) else value),
]
Sender = Annotated[str, AfterValidator(_check_sender)]
Zone = Annotated[str, AfterValidator(_check_zone)]
Lowercase = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)


class Settings(BaseSettings):
    """What can be set, each as MAINSPRING_ and the field's name in capitals; `.env.example` explains them.

    A field with a `validation_alias` has that name, which the shop has used before, as well.

    A field with `repr=False` is a secret: no message shows its value.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",  # `load` reports unknown names itself, with a suggestion
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    state_dir: Path = Path("./var")
    database_url: DatabaseUrl | None = Field(default=None, repr=False)
    encryption_key: Key | None = Field(default=None, repr=False)

    task_queue: str = Field(default="mainspring", min_length=1)
    # A slot costs little: most hold a workflow between two steps, or an activity that waits for an answer.
    workflow_slots: int = Field(default=100, ge=2)  # the SDK refuses fewer than two with a cache
    activity_slots: int = Field(default=100, ge=1)

    engine_port: Port = 7233
    ui_port: Port = 8233

    justtcg_url: WebUrl = "https://api.justtcg.com/v1"
    justtcg_api_key: SecretStr | None = Field(default=None, repr=False)
    justtcg_plan: PlanName = "Free Tier"
    justtcg_anchor_day: int = Field(default=1, ge=1, le=31)

    webhooks_allow_private: bool = False

    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Annotated[Literal["none", "starttls", "tls"], Lowercase] = "starttls"
    smtp_username: str | None = None
    smtp_password: SecretStr | None = Field(default=None, repr=False)
    smtp_connections: int = Field(default=4, ge=1)
    mail_from: Sender = "Mainspring <alerts@localhost>"
    mail_on_unknown: Annotated[Literal["resend", "hold"], Lowercase] = "resend"
    shop_name: str = Field(default="The shop", min_length=1)
    public_url: WebUrl = "https://localhost"

    wishlist_sale_check_enabled: bool = Field(default=True, validation_alias="WISHLIST_SALE_CHECK_ENABLED")
    wishlist_stock_check_enabled: bool = Field(default=True, validation_alias="WISHLIST_STOCK_CHECK_ENABLED")
    wishlist_timezone: Zone = Field(default="America/New_York", validation_alias="WISHLIST_TIMEZONE")

    media_scratch_dir: Path | None = None
    media_store_url: StoreUrl | None = None
    media_s3_endpoint: WebUrl | None = None
    media_s3_region: str = Field(default="us-east-1", min_length=1)
    media_s3_access_key: str | None = None
    media_s3_secret_key: SecretStr | None = Field(default=None, repr=False)
    media_source_dir: Path | None = None
    media_source_buckets: Names = ()
    media_max_download_bytes: int = Field(default=2_147_483_648, ge=1)  # 2 GiB: an hour at 4.8 Mbit/s
    media_allow_private: bool = False
    # Each uses all cores it finds: two keep them busy while one reads or waits.
    media_parallel: int = Field(default=2, ge=1)

    log_level: Annotated[Literal["debug", "info", "warning", "error"], Lowercase] = "info"
    log_format: Annotated[Literal["json", "console"], Lowercase] = "console"

    @property
    def resolved_database_url(self) -> str:
        """Where the service's own database is: as set, or else a SQLite file in the state directory."""
        return self.database_url or f"sqlite+aiosqlite:///{self.database_file}"

    @property
    def database_file(self) -> Path:
        """Where the embedded database is, if none is set."""
        return self.state_dir.absolute() / "mainspring.db"

    @property
    def resolved_scratch_dir(self) -> Path:
        """Where videos are worked on: as set, or else in the state directory."""
        return (self.media_scratch_dir or self.state_dir / "scratch").absolute()

    @property
    def resolved_store_url(self) -> str:
        """Where finished videos go: as set, or else a folder in the state directory."""
        return self.media_store_url or (self.state_dir / "objects").absolute().as_uri()

    def make_state_dir(self) -> None:
        """Make the state directory if it is not there; SettingsError when it cannot be used."""
        # What is kept elsewhere needs no place here, and containers may have none to write to.
        is_written = self.database_url is None or self.encryption_key is None
        try:
            self.state_dir.mkdir(parents=True, exist_ok=True)
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
