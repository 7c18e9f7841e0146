"""Emulators of the services that the settings hold no credentials for.

Only the worker is given their settings: who starts tasks needs to know nothing of them. They take free ports,
so that two stacks run side by side; what tasks keep for longer, such as a video's source, has no port in it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mainspring.client.errors import ClientError
from mainspring.config.settings import Settings
from mainspring.contracts.media import ProcessVideo
from mainspring.domain.cards.quota import PLANS

if TYPE_CHECKING:
    from mainspring.emulators.claude import ClaudeEmulator
    from mainspring.emulators.justtcg import JustTcgEmulator
    from mainspring.emulators.objects import ObjectStoreEmulator
    from mainspring.emulators.smtp import SmtpEmulator

# The keys that the emulator of JustTCG accepts, one for each plan.
EMULATOR_KEYS = {plan.name: f"sandbox-{plan.name.split()[0].lower()}" for plan in PLANS}

# Who tries things out should not sit in the free plan's ten requests a minute.
TRIAL_PLAN = "Professional"

# The buckets of the object store: what can be fetched, and what was made of it.
SAMPLES, VIDEOS = "samples", "videos"
SAMPLE_SECONDS = 20


# The folder in the state directory in which the mail server keeps what it accepted: 0001.eml and on.
MAILS = "mails"


class EmulatorsMissing(ClientError):
    """The emulators are not installed: `make setup` or `make demo` installs them."""


@dataclass(frozen=True)
class Emulators:
    """Those that run, and the settings that lead to them."""

    justtcg: "JustTcgEmulator | None" = None
    objects: "ObjectStoreEmulator | None" = None
    smtp: "SmtpEmulator | None" = None
    claude: "ClaudeEmulator | None" = None
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def videos_url(self) -> str | None:
        """Where a browser or a player finds what is published."""
        return None if self.objects is None else f"{self.objects.address}/{VIDEOS}"


NONE = Emulators()


@asynccontextmanager
async def running_emulators(settings: Settings) -> AsyncIterator[Emulators]:
    """Run those that are missing until the block ends; EmulatorsMissing when they are not installed."""
    async with AsyncExitStack() as stack:
        justtcg = objects = smtp = claude = None
        changed: dict[str, str] = {}
        try:
            if settings.justtcg_api_key is None:
                justtcg = await stack.enter_async_context(_justtcg())
                changed |= {
                    "justtcg_url": justtcg.base_url,
                    "justtcg_api_key": EMULATOR_KEYS[TRIAL_PLAN],
                    "justtcg_plan": TRIAL_PLAN,
                }
            if not _has_object_store(settings):
                objects = await stack.enter_async_context(_objects())
                changed |= {
                    "media_store_url": f"s3://{VIDEOS}",
                    "media_source_buckets": SAMPLES,
                    "media_s3_endpoint": objects.address,
                    "media_s3_access_key": objects.access_key,
                    "media_s3_secret_key": objects.access_key,
                }
            if settings.smtp_host is None:
                smtp = await stack.enter_async_context(_smtp(settings.state_dir / MAILS))
                changed |= {"smtp_host": smtp.host, "smtp_port": str(smtp.port), "smtp_security": "none"}
            if settings.claude_api_key is None:
                claude = await stack.enter_async_context(_claude())
                changed |= {"claude_url": claude.address, "claude_api_key": claude.key}
        except ImportError as error:
            raise EmulatorsMissing(f"{EmulatorsMissing.__doc__} ({error})") from None
        yield Emulators(justtcg, objects, smtp, claude, changed)


def video_to_try() -> ProcessVideo:
    """Return the input of `process-video` for a clip that the object store's emulator makes."""
    from mainspring.emulators.samples import sample  # as below

    return ProcessVideo(source=f"s3://{SAMPLES}/{sample(SAMPLE_SECONDS)}", destination="films/sample")


def _has_object_store(settings: Settings) -> bool:
    # Each of these says where videos go, or opens a store that a source can be in.
    return any(
        (
            settings.media_store_url,
            settings.media_s3_endpoint,
            settings.media_s3_access_key,
            settings.media_s3_secret_key,
        )
    )


def _justtcg() -> "JustTcgEmulator":
    from mainspring.emulators.justtcg import JustTcgEmulator  # an optional part

    justtcg = JustTcgEmulator()
    for plan, key in EMULATOR_KEYS.items():
        justtcg.add_key(key, plan)
    return justtcg


def _objects() -> "ObjectStoreEmulator":
    from mainspring.emulators.objects import Bucket, ObjectStoreEmulator  # as above
    from mainspring.emulators.samples import Samples

    return ObjectStoreEmulator(buckets={SAMPLES: Samples(), VIDEOS: Bucket(is_public=True)})


def _claude() -> "ClaudeEmulator":
    from mainspring.emulators.claude import ClaudeEmulator  # as above

    return ClaudeEmulator()


def _smtp(keep: Path) -> "SmtpEmulator":
    from mainspring.emulators.smtp import SmtpEmulator  # as above

    return SmtpEmulator(keep=keep)
