"""The pages behind the link of a mail: no scripts, nothing from elsewhere, nothing of who the user is."""

from base64 import b64encode
from hashlib import sha256
from http import HTTPStatus

from starlette.responses import HTMLResponse

STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}button{font:inherit;padding:.6rem 1.4rem;border:0;border-radius:.4rem;"
    "background:#1b4f9c;color:#fff;cursor:pointer}"
)
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The form is sent to where the page is, as a mail program sends its own.
FORM = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button>{button}</button></form>"
)

TEXTS = {
    "en": {
        "ask": "Do you want no more alerts of products that you wish for?",
        "ask-reminders": "Do you want no more reminders of your occasions?",
        "button": "Unsubscribe",
        "done": "You are unsubscribed: no more alerts are sent to you.",
        "done-reminders": "You are unsubscribed: no more reminders are sent to you.",
        "unknown": "This link is not valid, or no longer.",
    },
    "de": {
        "ask": "M\u00f6chten Sie keine Benachrichtigungen zu Ihren W\u00fcnschen mehr erhalten?",
        "ask-reminders": "M\u00f6chten Sie nicht mehr an Ihre Anl\u00e4sse erinnert werden?",
        "button": "Abmelden",
        "done": "Sie sind abgemeldet und erhalten keine Benachrichtigungen mehr.",
        "done-reminders": "Sie sind abgemeldet und werden nicht mehr erinnert.",
        "unknown": "Dieser Link ist nicht g\u00fcltig, oder nicht mehr.",
    },
}


def page(text: str, accept_language: str, status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    """Return a page that says one of the texts, with a button where it asks; in English or German."""
    language = "de" if accept_language.strip().lower().startswith("de") else "en"
    texts = TEXTS[language]
    form = FORM.format(button=texts["button"]) if text.startswith("ask") else ""
    return HTMLResponse(
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{texts['button']}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{texts['button']}</h1><p>{texts[text]}</p>{form}</main></body></html>",
        status,
        headers={"Content-Security-Policy": POLICY, "Content-Language": language},
    )
