"""What a check says of one part."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What one check found; `remedy` is empty when all is well.

    `setting` is the setting that leads to the part, where an emulator may have changed the setting.
    """

    part: str
    found: str
    remedy: str = ""
    setting: str = ""

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.remedy
