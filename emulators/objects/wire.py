"""S3's answers in XML, as far as clients of one bucket need them."""

from email.utils import format_datetime
from xml.etree import ElementTree as ET

from starlette.responses import Response

from mainspring.emulators.objects.bucket import StoredObject

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def document(name: str, **fields: str) -> ET.Element:
    """Return an element with text in its children."""
    root = ET.Element(name, xmlns=NAMESPACE)
    for field, value in fields.items():
        ET.SubElement(root, field).text = value
    return root


def answer(root: ET.Element, status: int = 200) -> Response:
    """Return an element as a response."""
    return Response(
        ET.tostring(root, xml_declaration=True, encoding="UTF-8"), status, media_type="application/xml"
    )


def refusal(status: int, code: str) -> Response:
    """Return an error as S3 words it."""
    root = ET.Element("Error")
    ET.SubElement(root, "Code").text = code
    ET.SubElement(root, "Message").text = code
    return answer(root, status)


def headers_of(stored: StoredObject) -> dict[str, str]:
    """Return what the answers to GET and HEAD say of an object."""
    return {
        "ETag": stored.tag,
        "Content-Type": stored.content_type,
        "Last-Modified": format_datetime(stored.changed_at, usegmt=True),
        "Accept-Ranges": "bytes",
    }


def listing(
    bucket: str, prefix: str, page: list[tuple[str, StoredObject]], following: str | None
) -> Response:
    """Return a page of a list, with the token of the next one."""
    root = document(
        "ListBucketResult",
        Name=bucket,
        Prefix=prefix,
        KeyCount=str(len(page)),
        IsTruncated="true" if following else "false",
    )
    if following:
        ET.SubElement(root, "NextContinuationToken").text = following
    for key, stored in page:
        entry = ET.SubElement(root, "Contents")
        for name, value in (
            ("Key", key),
            ("LastModified", stored.changed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")),
            ("ETag", stored.tag),
            ("Size", str(len(stored.content))),
        ):
            ET.SubElement(entry, name).text = value
    return answer(root)


def deleted(keys: list[str]) -> Response:
    """Return the answer to a request that removes several objects."""
    root = document("DeleteResult")
    for key in keys:
        ET.SubElement(ET.SubElement(root, "Deleted"), "Key").text = key
    return answer(root)


def named(body: bytes, name: str) -> list[str]:
    """Return the texts of all elements of this name, in order."""
    root = ET.fromstring(body)  # noqa: S314  # our own gateway wrote it
    return [each.text or "" for each in root.iter() if each.tag.rpartition("}")[2] == name]
