"""Users, as the platform tells them."""

from mainspring.storage.people.addressees import Addressee
from mainspring.storage.people.holding import UserKey, hold_users
from mainspring.storage.people.users import UserRepository

__all__ = ["Addressee", "UserKey", "UserRepository", "hold_users"]
