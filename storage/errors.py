"""The errors of storage.

StorageError
├── DatabaseAway       no connection, or it broke: waiting helps
├── SecretUnreadable   sealed under another encryption key
├── AccountUnknown     no account of that id or name
└── AccountExists      the name is taken
"""


class StorageError(Exception):
    """The database could not do what was asked."""


class DatabaseAway(StorageError):
    """The database cannot be reached."""


class SecretUnreadable(StorageError):
    """A stored secret cannot be opened: MAINSPRING_ENCRYPTION_KEY is not the key it was sealed with."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"{owner}: {self.__doc__}")
        self.owner = owner


class AccountUnknown(StorageError):
    """There is no such account."""

    def __init__(self, account: str) -> None:
        super().__init__(f"account {account!r}: {self.__doc__}")
        self.account = account


class AccountExists(StorageError):
    """An account of this name exists already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"account {name!r}: {self.__doc__}")
        self.name = name
