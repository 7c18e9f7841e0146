"""What a check says of one part."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What one check found; `remedy` is empty when all is well.

    `is_notice`: a person should look at it, and the installation works all the same.

    `setting` is the setting that leads to the part, where an emulator may have changed the setting.
    """

    part: str
    found: str
    remedy: str = ""
    setting: str = ""
    is_notice: bool = False

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.remedy

    @property
    def is_wrong(self) -> bool:
        """Whether something does not work."""
        return not self.is_well and not self.is_notice
