from datetime import timedelta

from mainspring.gateways.video.packets import Packets

HEAD = b"#software: Lavf\n#tb 0: 1/1000\n#media_type 0: video\n"


def test_a_film_ends_with_the_picture_that_is_shown_last() -> None:
    """The packets come in the order of decoding, in any number of pieces."""
    packets = Packets()
    packets.read(HEAD + b"0,       -100,          0,      100,     1422, 0x5d8f5f7c\n")
    packets.read(b"0,          0,      30000,      100,       24, 0x6a4c09b7, F=0x0\n")
    packets.read(b"0,        100,        100,      100,       12, 0x0c7702d0, F=0x0, S=1, 8, 0x00e000e0\n")
    assert (timedelta(seconds=30.1), 3) == (packets.reached, packets.frames)


def test_a_packet_that_does_not_say_when_it_is_shown_is_taken_by_its_decoding() -> None:
    """As in MPEG program streams."""
    packets = Packets()
    packets.read(HEAD + b"0,        500, -9223372036854775808,       40,     1692, 0x65c674a4\n")
    assert (timedelta(seconds=0.54), 1) == (packets.reached, packets.frames)
