"""The errors of storage. Each says with `retry` whether another attempt may help.

StorageError
├── DatabaseAway       no connection, no room, or it broke: waits until a person has mended it
├── SecretUnreadable   sealed under a key that is not there: waits for the right one
├── AccountUnknown     no account of that id or name
├── AccountExists      the name is taken
├── AlreadyRetried     a task is retried once
├── SubscriptionUnknown    no webhook subscription of that id
├── SubscriptionDisabled   it is told nothing until it is enabled
├── ApiKeyUnknown      no key of the HTTP API of that id
├── EffectUnknown      no effect of that id
└── EffectHeld         nobody knows whether it got through: a person decides
"""

from typing import ClassVar
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from mainspring.contracts.retry import Retry


class StorageError(Exception):
    """The database could not do what was asked."""

    retry: ClassVar[Retry] = Retry.APPLICATION


class DatabaseAway(StorageError):
    """The database cannot be reached."""

    retry = Retry.UNTIL_MENDED


class SecretUnreadable(StorageError):
    """A stored secret cannot be opened: MAINSPRING_ENCRYPTION_KEY is not the key it was sealed with."""

    retry = Retry.UNTIL_MENDED

    def __init__(self, owner: str) -> None:
        super().__init__(f"{owner}: {self.__doc__}")
        self.owner = owner


class AccountUnknown(StorageError):
    """There is no such account."""

    retry = Retry.NEVER

    def __init__(self, account: str) -> None:
        super().__init__(f"account {account!r}: {self.__doc__}")
        self.account = account


class AccountExists(StorageError):
    """An account of this name exists already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"account {name!r}: {self.__doc__}")
        self.name = name


class AlreadyRetried(StorageError):
    """A task is retried once; the newer task can be retried in its turn."""

    def __init__(self, task_id: UUID, retried_by: UUID) -> None:
        super().__init__(f"task {task_id} was retried already, as task {retried_by}: retry that one")
        self.task_id = task_id
        self.retried_by = retried_by


class SubscriptionUnknown(StorageError):
    """There is no such webhook subscription."""

    retry = Retry.NEVER

    def __init__(self, subscription_id: UUID | str) -> None:
        super().__init__(f"webhook {subscription_id}: {self.__doc__}")


class SubscriptionDisabled(StorageError):
    """The webhook is disabled: `mainspring webhooks enable` lets it be told again."""

    retry = Retry.NEVER

    def __init__(self, subscription_id: UUID, because: str | None) -> None:
        super().__init__(f"webhook {subscription_id} is disabled: {because}; `webhooks enable` ends that")


class ApiKeyUnknown(StorageError):
    """There is no such key."""

    retry = Retry.NEVER

    def __init__(self, key: str) -> None:
        super().__init__(f"key {key!r}: {self.__doc__}")
        self.key = key


class EffectUnknown(StorageError):
    """There is no such effect."""

    def __init__(self, effect_id: UUID | str) -> None:
        super().__init__(f"effect {effect_id}: {self.__doc__}")


class EffectHeld(StorageError):
    """It may have got through, and is held for a person to decide."""

    def __init__(self, effect_id: UUID) -> None:
        super().__init__(f"effect {effect_id}: {self.__doc__}")


READ_ERRORS = (StorageError, DBAPIError, OSError)
"""What a read raises when the database is away or wrong: for a caller that reports the error and goes on."""
