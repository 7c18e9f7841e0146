"""Users, as the platform tells them."""

from mainspring.storage.people.users import Addressee, UserKey, UserRepository, hold_users, user_with_long_id

__all__ = ["Addressee", "UserKey", "UserRepository", "hold_users", "user_with_long_id"]
