"""The videos: where they come from, are worked on, and go."""

from pathlib import Path

from pydantic import Field, SecretStr

from mainspring.config.sections.service import ServiceSettings
from mainspring.config.sections.values import Names, StoreUrl, WebUrl


class MediaSettings(ServiceSettings):
    """What videos need; by default they are worked on, and published, in the state directory."""

    media_scratch_dir: Path | None = None
    media_store_url: StoreUrl | None = None
    media_s3_endpoint: WebUrl | None = None
    media_s3_region: str = Field(default="us-east-1", min_length=1)
    media_s3_access_key: str | None = None
    media_s3_secret_key: SecretStr | None = Field(default=None, repr=False)
    media_source_dir: Path | None = None
    media_source_buckets: Names = ()
    media_max_download_bytes: int = Field(default=2_147_483_648, ge=1)  # 2 GiB: an hour at 4.8 Mbit/s
    # A source that is slower, over half a minute, gives up its place. 0: any speed will do.
    media_min_download_speed: int = Field(default=10_000, ge=0, le=1_000_000_000)
    # What a film may be: its pictures times their pixels. Two and a quarter hours of 4K with 30 a second.
    media_max_film_pixels: int = Field(default=2_000_000_000_000, ge=1)
    # What one profile of a film may become.
    media_max_output_bytes: int = Field(default=17_179_869_184, ge=1)
    media_allow_private: bool = False
    # Each uses all cores it finds: two keep them busy while one reads or waits.
    media_parallel: int = Field(default=2, ge=1)
    # Downloads and uploads at once. Each mostly waits for the network, which more of them would only divide.
    media_transfers: int = Field(default=8, ge=1)

    @property
    def resolved_scratch_dir(self) -> Path:
        """Where videos are worked on: as set, or else in the state directory."""
        return (self.media_scratch_dir or self.state_dir / "scratch").absolute()

    @property
    def resolved_store_url(self) -> str:
        """Where finished videos go: as set, or else a folder in the state directory."""
        return self.media_store_url or f"file://{(self.state_dir / 'objects').absolute()}"
