"""Users as the planning of mails sees them."""

from dataclasses import dataclass
from datetime import datetime

from mainspring.domain.quiet_hours import QuietHours, quiet_hours
from mainspring.storage.tables import WishlistUserRow


@dataclass(frozen=True)
class Addressee:
    """A user who is to get a mail. `email` is absent when the user is gone."""

    user_id: str
    email: str | None
    quiet: QuietHours | None
    mailed_at: datetime | None


def addressee(user_id: str, row: WishlistUserRow | None) -> Addressee:
    """Return a user who may be gone."""
    if row is None:
        return Addressee(user_id, None, None, None)
    quiet = quiet_hours(row.time_zone, row.quiet_from, row.quiet_until)
    return Addressee(user_id, row.email, quiet, row.mailed_at)
