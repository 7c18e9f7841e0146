"""What a workspace's callers may ask of the media job: sources and a destination that are no one else's."""

from mainspring.client.start_checks import Origin, StartCheck
from mainspring.client.validation import shown
from mainspring.contracts.media import ProcessVideo
from mainspring.contracts.message import InputFault, Message
from mainspring.domain.media import workspace_folder


async def check_video(message: ProcessVideo, origin: Origin) -> None:
    """Refuse what reads or writes files that the installation has for others, unless the platform asks.

    Raises InputFault: when the source is no https URL, or the destination is not in the workspace's folder.
    """
    if origin.is_platform:
        return
    if not message.source.startswith("https://"):
        given = shown(message.source.partition("?")[0])
        raise InputFault(("source",), f"{given} is not accepted: with a workspace's key, https://…")
    folder = workspace_folder(origin.workspace)
    if not message.destination.startswith(f"{folder}/"):
        raise InputFault(
            ("destination",),
            f"{shown(message.destination)} is not accepted: with the workspace's key, {folder}/…",
        )


MEDIA_START_CHECKS: dict[type[Message], StartCheck] = {ProcessVideo: check_video}
