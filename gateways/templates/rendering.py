"""A mail's subject, text and HTML, by the templates in `mails/`.

A folder for each locale; in it each kind of mail has a `.subject`, a `.txt` and an `.mjml`. The MJML is put
together with `[% %]` and `[[ ]]` and compiled once. What comes out still has its `{% %}` and `{{ }}`, and is
the template that each mail is filled in from: so no value passes the MJML compiler (1.5 ms a mail), nor is
one ever read as a template.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from mjml import mjml2html

from mainspring.gateways.templates.content import Recipient, Rendered, checked_link
from mainspring.gateways.templates.locales import choose

FOLDER = Path(__file__).parent / "mails"

# What steers a terminal, or turns the rest of a line around. Some alphabets need marks of direction.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")


@dataclass(frozen=True)
class _Compiled:
    subject: Template
    text: Template
    html: Template


class Templates:
    """Renders mails from a shop; each template is compiled when it is first needed."""

    def __init__(self, shop_name: str, folder: Path = FOLDER) -> None:
        self._shop_name = shop_name
        loader = FileSystemLoader(folder)
        self._names = frozenset(loader.list_templates())
        self._compiled: dict[tuple[str, str], _Compiled] = {}
        self._text = Environment(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701  # plain text has nothing to escape
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Nothing but the templates' own files goes through this one.
        self._mjml = Environment(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701
            block_start_string="[%",
            block_end_string="%]",
            variable_start_string="[[",
            variable_end_string="]]",
            comment_start_string="[#",
            comment_end_string="#]",
        )
        self._html = Environment(undefined=StrictUndefined, autoescape=True)

    def render(
        self,
        kind: str,
        recipient: Recipient,
        values: Callable[[Locale], Mapping[str, object]],
        *,
        unsubscribe_url: str,
    ) -> Rendered:
        """Write a mail of a kind. `values` are what the kind's templates name, in the words of a locale.

        Raises MailUnsendable when `unsubscribe_url` is not http or https.
        """
        folder, locale = choose(recipient.locale, self._folders(kind))
        template = self._template(folder, kind)
        filled_in = {
            **values(locale),
            "shop": self._shop_name,
            "name": None if recipient.name is None else one_line(recipient.name),
            "unsubscribe_url": checked_link(unsubscribe_url),
        }
        subject = one_line(template.subject.render(filled_in))
        return Rendered(
            subject=subject,
            text=template.text.render(filled_in),
            html=template.html.render(filled_in, subject=subject),
        )

    def line(
        self,
        kind: str,
        part: str,
        recipient: Recipient,
        values: Callable[[Locale], Mapping[str, object]],
    ) -> str:
        """Write one line that is no mail, such as a push, by the template of a kind that `part` ends."""
        folder, locale = choose(recipient.locale, self._folders(kind))
        template = self._text.get_template(f"{folder}/{kind}.{part}")
        return one_line(template.render({**values(locale), "shop": self._shop_name}))

    def _folders(self, kind: str) -> set[str]:
        return {name.partition("/")[0] for name in self._names if name.endswith(f"/{kind}.mjml")}

    def _template(self, folder: str, kind: str) -> _Compiled:
        found = self._compiled.get((folder, kind))
        if found is None:
            mjml = self._mjml.get_template(f"{folder}/{kind}.mjml").render(language=folder)
            found = self._compiled[folder, kind] = _Compiled(
                subject=self._text.get_template(f"{folder}/{kind}.subject"),
                text=self._text.get_template(f"{folder}/{kind}.txt"),
                html=self._html.from_string(mjml2html(mjml, disable_comments=True)),
            )
        return found


def one_line(text: str) -> str:
    """Return a name as it may stand in a subject, and be read on a terminal: others have chosen it."""
    return STEERING.sub("", " ".join(text.split()))
