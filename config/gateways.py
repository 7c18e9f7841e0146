"""The gateways that the settings lead to, opened for a worker."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from mainspring.config.settings import Settings
from mainspring.gateways.addresses import AddressGuard
from mainspring.gateways.download import Allowed, Downloads, open_downloads
from mainspring.gateways.justtcg import JustTcg, open_justtcg
from mainspring.gateways.objects import Objects, S3Access
from mainspring.gateways.smtp import Mailer, MailServer, open_mailer
from mainspring.gateways.templates import Templates
from mainspring.gateways.video import Ffmpeg, Video
from mainspring.gateways.webhooks import Webhooks, open_webhooks
from mainspring.gateways.work_dir import Scratch

# The gateways of a worker, by their types.
Gateways = dict[Any, object]


@asynccontextmanager
async def open_gateways(settings: Settings) -> AsyncIterator[Gateways]:
    """Give every gateway that activities ask for, over connections that are closed at the end."""
    async with AsyncExitStack() as stack:
        yield {
            JustTcg: await stack.enter_async_context(open_justtcg(settings.justtcg_url)),
            Webhooks: await stack.enter_async_context(
                open_webhooks(allow_private=settings.webhooks_allow_private)
            ),
            Mailer: await stack.enter_async_context(open_mailer(_mail_server(settings))),
            Templates: Templates(settings.shop_name),
            **await stack.enter_async_context(_media(settings)),
        }


def _mail_server(settings: Settings) -> MailServer:
    password = settings.smtp_password
    return MailServer(
        settings.smtp_host or "localhost",
        settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=None if password is None else password.get_secret_value(),
        connections=settings.smtp_connections,
    )


@asynccontextmanager
async def _media(settings: Settings) -> AsyncIterator[Gateways]:
    secret, store = settings.media_s3_secret_key, settings.resolved_store_url
    access = S3Access(
        settings.media_s3_endpoint,
        settings.media_s3_region,
        settings.media_s3_access_key,
        None if secret is None else secret.get_secret_value(),
    )
    objects = Objects(store, access)
    allowed = Allowed(
        settings.media_max_download_bytes,
        buckets=frozenset(each for each in (objects.bucket, *settings.media_source_buckets) if each),
        folders=tuple(each for each in (objects.folder, settings.media_source_dir) if each is not None),
    )
    guard = AddressGuard(allow_private=settings.media_allow_private)
    async with open_downloads(guard, access, allowed) as downloads:
        yield {
            Downloads: downloads,
            Objects: objects,
            Scratch: Scratch(settings.resolved_scratch_dir),
            Video: Video(Ffmpeg(settings.media_parallel)),
        }
