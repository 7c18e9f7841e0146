"""Users, as the platform tells them, and their devices."""

from mainspring.storage.people.devices import DeviceRepository
from mainspring.storage.people.users import Addressee, UserKey, UserRepository, hold_users, user_with_long_id

__all__ = ["Addressee", "DeviceRepository", "UserKey", "UserRepository", "hold_users", "user_with_long_id"]
