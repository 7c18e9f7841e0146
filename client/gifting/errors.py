"""What cannot be done about gifting, and what to do first."""

from uuid import UUID

from mainspring.client.errors import ClientError


class ProfileMissing(ClientError):
    """There is no taste profile: nobody can say what is liked."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"No taste profile found: {reference!r}. Please complete onboarding.")
        self.reference = reference


class ProfileExists(ClientError):
    """The user has a taste profile for the recipient, of another id."""

    def __init__(self, user_id: str, recipient_id: str | None, profile_id: str) -> None:
        who = "" if recipient_id is None else f" for {recipient_id!r}"
        super().__init__(f"user {user_id!r} has the taste profile {profile_id!r}{who}: change that one")
        self.profile_id = profile_id


class ProfileInProcess(ClientError):
    """A taste profile has no vector yet; the task makes it."""

    def __init__(self, profile_id: str, task_id: UUID | None) -> None:
        by = "its embedding could not be started" if task_id is None else f"by task {task_id}"
        super().__init__(
            f"Taste profile {profile_id!r} is being processed ({by}). Please try again in a moment."
        )
        self.profile_id = profile_id
        self.task_id = task_id
