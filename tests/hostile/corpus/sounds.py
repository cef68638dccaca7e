"""Sound: tags without end, headers of a thousand years, and samples that were never there."""

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.hostile.corpus.films import box, set_in_box
from tests.hostile.corpus.pictures import riff
from tests.hostile.hostile import COMPLETED, Hostile, Outcome, Stage, describe, failed, refused

_CORRUPT: Final = failed("corrupt_file")
_NO_SOUND: Final = failed("corrupt_file", "unsupported_format")
_EITHER: Final = COMPLETED | _NO_SOUND
_LONG: Final = failed("too_long")
_TURNED_AWAY: Final = refused("unsupported_format", "type_mismatch")


def list_files() -> Iterator[Hostile]:
    yield from _list_mp3()
    yield from _list_flac()
    yield from _list_ogg()
    yield from _list_wav()
    yield from _list_m4a()
    yield from _list_aac()


def _sound(ending: str, what: str, outcome: Outcome, content: Callable[[Stage], bytes], **more: Any) -> Hostile:
    return describe(ending, what, outcome, content, **{"task_type": "video", "operation": "audio.encode", **more})


def put(data: bytes, at: int, value: bytes) -> bytes:
    """Write over a part of a file."""
    return data[:at] + value + data[at + len(value) :]


# --- MP3 ---
def id3(*frames: tuple[bytes, bytes], size: int | None = None, version: int = 4, flags: int = 0) -> bytes:
    """Put an ID3 tag together; `size` is what it says of itself."""
    body = b"".join(name + sync_safe(len(content)) + b"\0\0" + content for name, content in frames)
    return b"ID3" + bytes((version, 0, flags)) + sync_safe(len(body) if size is None else size) + body


def sync_safe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _list_mp3() -> Iterator[Hostile]:
    def mp3(what: str, outcome: Outcome, content: Callable[[Stage], bytes], **more: object) -> Hostile:
        return _sound("mp3", what, outcome, content, **more)

    def bare(stage: Stage) -> bytes:
        data = stage.seed("mp3")
        return data[10 + int.from_bytes(data[8:10], "big") :] if data[:3] == b"ID3" else data

    def tagged(*tags: bytes) -> Callable[[Stage], bytes]:
        return lambda stage: b"".join(tags) + bare(stage)

    yield mp3("a tag of 256 MiB that is not there", _CORRUPT, tagged(id3(size=2**28 - 1)))
    yield mp3("a tag and nothing behind it", _CORRUPT, lambda _: id3((b"TIT2", b"\3" + b"x" * 100_000)))
    yield mp3("5,000 tags before it", COMPLETED | _CORRUPT | _TURNED_AWAY, tagged(*[id3((b"TIT2", b"\3x"))] * 5000))
    yield mp3("200,000 texts about itself", COMPLETED | _CORRUPT, tagged(id3(*[(b"TXXX", b"\3k\0v")] * 200_000)))
    yield mp3("a title of 20 MiB", COMPLETED | _CORRUPT, tagged(id3((b"TIT2", b"\3" + b"x" * 20 * 1024**2))))
    yield mp3("a text longer than its tag", COMPLETED, tagged(put(id3((b"TIT2", b"\3abc")), 14, b"\x7f\x7f\x7f\x7f")))
    yield mp3("a text that is half a letter", COMPLETED, tagged(id3((b"TIT2", b"\1\xff\xfe\x00\xd8\x41"))))
    yield mp3("a tag of a version that nobody knows", COMPLETED | _TURNED_AWAY | _CORRUPT, tagged(id3(version=255)))
    packed = id3((b"TIT2", b"\0\0\0\x09" + b"\x78\x9c" + b"\xff" * 200), flags=0x40)
    yield mp3("a packed text and a longer header", COMPLETED | _CORRUPT, tagged(packed))
    cover = b"\0image/png\0\3\0\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\6\0\0\0" + bytes(64)
    yield mp3("a cover of 2^62 pixels", COMPLETED | _CORRUPT | failed("too_many_pixels"), tagged(id3((b"APIC", cover))))
    link = b"\0-->\0\3\0"

    def linked(stage: Stage) -> bytes:
        return id3((b"APIC", link + f"{stage.canary_url}/cover.png".encode())) + bare(stage)

    yield mp3("a cover that lies on a host", COMPLETED, linked)
    chapters = id3(*[(b"CHAP", b"c%d\0" % n + bytes(8) + b"\xff" * 8) for n in range(20_000)])
    yield mp3("20,000 chapters", COMPLETED | _CORRUPT, tagged(chapters))
    yield mp3("2^32 - 1 frames, says its first one", _EITHER | _LONG, _set_xing)
    yield mp3("its sound between noise", _EITHER, lambda s: bare(s) + bytes(range(256)) * 4000 + bare(s))
    yield mp3("a hole of zeros in its midst", _EITHER, lambda s: bare(s)[:3000] + bytes(100_000) + bare(s)[3000:])
    empty = b"\xff\xe3\x18\xc0" + bytes(68)  # of MPEG 2.5, in mono: 72 bytes for 72 ms
    yield mp3("13 hours of silence", _LONG, lambda _: empty * 650_000, within_seconds=30.0)
    rates = b"".join(b"\xff\xfb" + bytes((0x10 | rate << 2, 0xC4)) + bytes(100) for rate in (0, 1, 2)) * 500
    yield mp3("another rate in each frame", _EITHER | _TURNED_AWAY, lambda s: bare(s)[:500] + rates)
    yield mp3("a drawing under its name", _TURNED_AWAY, lambda s: s.seed("svg"))


def _set_xing(stage: Stage) -> bytes:
    data = stage.seed("mp3")
    at = next(data.index(mark) for mark in (b"Xing", b"Info") if mark in data)
    return put(data, at + 8, b"\xff" * 8)


# --- FLAC ---
def flac_block(kind: int, body: bytes, *, size: int | None = None, is_last: bool = False) -> bytes:
    length = len(body) if size is None else size
    return bytes((kind | (0x80 if is_last else 0),)) + length.to_bytes(3, "big") + body


def flac_info(
    *, rate: int = 24_000, channels: int = 1, bits: int = 16, samples: int = 36_000, block: int = 4608
) -> bytes:
    packed = rate << 44 | (channels - 1) << 41 | (bits - 1) << 36 | samples
    return struct.pack(">HH", block, block) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)


def _list_flac() -> Iterator[Hostile]:
    def flac(what: str, outcome: Outcome, content: Callable[[Stage], bytes], **more: object) -> Hostile:
        return _sound("flac", what, outcome, content, **more)

    def told(**info: int) -> Callable[[Stage], bytes]:
        return lambda stage: put(stage.seed("flac"), 8, flac_info(**info))

    def with_blocks(*blocks: bytes) -> Callable[[Stage], bytes]:
        return lambda stage: stage.seed("flac")[:42] + b"".join(blocks) + stage.seed("flac")[42:]

    yield flac("2^36 - 1 samples, says its header", _LONG | _EITHER, told(samples=2**36 - 1))
    yield flac("no sample, says its header", _EITHER, told(samples=0))
    yield flac("a rate of 0", _EITHER, told(rate=0))
    yield flac("a rate of 1 Hz", _EITHER | _LONG, told(rate=1))
    yield flac("a rate of 1,048,575 Hz", _EITHER, told(rate=2**20 - 1))
    yield flac("8 channels, of which one is there", _EITHER, told(channels=8))
    yield flac("samples of one bit", _EITHER, told(bits=1))
    yield flac("samples of 32 bits", _EITHER, told(bits=32))
    yield flac("blocks of no sample", _EITHER, told(block=0))
    yield flac("its header alone", _NO_SOUND, lambda s: s.seed("flac")[:42])
    yield flac("a signature and zeros", _NO_SOUND, lambda _: b"fLaC" + bytes(100_000))
    yield flac("a comment of 16 MiB that is not there", _NO_SOUND, with_blocks(flac_block(4, b"x", size=2**24 - 1)))
    vendor = struct.pack("<I", 2**32 - 1)
    yield flac("comments of 4 GiB", _EITHER, with_blocks(flac_block(4, vendor + b"x" * 100)))
    many = struct.pack("<II", 0, 2**32 - 1) + struct.pack("<I", 3) + b"k=v"
    yield flac("2^32 - 1 comments", _EITHER, with_blocks(flac_block(4, many)))
    texts = struct.pack("<II", 0, 100_000) + (struct.pack("<I", 3) + b"k=v") * 100_000
    yield flac("100,000 comments", _EITHER, with_blocks(flac_block(4, texts)))
    yield flac("100,000 blocks of nothing", _EITHER, with_blocks(*[flac_block(1, b"")] * 100_000))
    cover = struct.pack(">II", 3, 9) + b"image/png" + struct.pack(">IIIIII", 0, 2**31, 2**31, 32, 0, 2**32 - 1)
    yield flac("a cover of 2^62 pixels and 4 GiB", _EITHER, with_blocks(flac_block(6, cover)))
    seeks = b"\xff" * 18 * 100_000
    yield flac("100,000 places to seek to that are not there", _EITHER, with_blocks(flac_block(3, seeks)))
    cues = bytes(128) + bytes(8) + bytes(259) + b"\xff" + bytes(100)
    yield flac("255 tracks of a disc that are not there", _EITHER, with_blocks(flac_block(5, cues)))


# --- Ogg ---
def ogg_page(body: bytes, *, number: int, position: int = 0, flags: int = 0, serial: int = 1) -> bytes:
    """Put a page of Ogg together, of up to 65,025 bytes, with its checksum."""
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])[:255]
    head = (
        b"OggS\0" + bytes((flags,)) + struct.pack("<qIII", position, serial, number, 0) + bytes((len(lacing),)) + lacing
    )
    whole = head + body
    return put(whole, 22, struct.pack("<I", ogg_checksum(whole)))


def ogg_checksum(page: bytes) -> int:
    """Reckon the checksum of a page in which it is set to 0."""
    checksum = 0
    for byte in page:
        checksum = (checksum << 8 & 0xFFFFFFFF) ^ _OGG_TABLE[checksum >> 24 ^ byte]
    return checksum


def _ogg_entry(index: int) -> int:
    value = index << 24
    for _ in range(8):
        value = value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


_OGG_TABLE: Final = tuple(_ogg_entry(index) for index in range(256))


def opus_head(*, channels: int = 1, rate: int = 48_000, family: int = 0, skip: int = 312, gain: int = 0) -> bytes:
    head = b"OpusHead\1" + struct.pack("<BHIhB", channels, skip, rate, gain, family)
    return head + (bytes((channels, 0)) + bytes(range(channels)) if family else b"")


def _opus(stage: Stage, head: bytes, tags: bytes = b"OpusTags" + bytes(8)) -> bytes:
    """Put another head and other tags, of any length, before the seed's sound."""
    data = stage.seed("ogg")
    first = data.index(b"OggS", 1)
    begin = data.index(b"OggS", first + 1)
    serial = struct.unpack_from("<I", data, 14)[0]
    pieces = [tags[at : at + 65_025] for at in range(0, len(tags), 65_025)]
    pages = [
        ogg_page(piece, number=1 + n, serial=serial, flags=1 if n else 0, position=0 if n == len(pieces) - 1 else -1)
        for n, piece in enumerate(pieces)
    ]
    return ogg_page(head, number=0, serial=serial, flags=2) + b"".join(pages) + data[begin:]


def _list_ogg() -> Iterator[Hostile]:
    def ogg(what: str, outcome: Outcome, content: Callable[[Stage], bytes], **more: object) -> Hostile:
        return _sound("ogg", what, outcome, content, **more)

    def headed(tags: bytes = b"OpusTags" + bytes(8), **told: int) -> Callable[[Stage], bytes]:
        return lambda stage: _opus(stage, opus_head(**told), tags)

    yield ogg("another head", COMPLETED, headed())
    yield ogg("no channel", _NO_SOUND, headed(channels=0))
    yield ogg("255 channels", _EITHER, headed(channels=255, family=255))
    yield ogg("two channels by the map of one", _EITHER, headed(channels=2, family=1))
    yield ogg("a rate of 2^32 - 1", _EITHER, headed(rate=2**32 - 1))
    yield ogg("more left out than is there", _EITHER, headed(skip=65_535))
    yield ogg("128 decibels louder", _EITHER, headed(gain=32_767))
    yield ogg("a vendor of 4 GiB", _EITHER, headed(b"OpusTags" + b"\xff" * 4 + b"x" * 100))
    yield ogg("2^32 - 1 comments", _EITHER, headed(b"OpusTags" + bytes(4) + b"\xff" * 4 + b"\3\0\0\0k=v" * 10))
    texts = b"OpusTags" + bytes(4) + struct.pack("<I", 100_000) + b"\3\0\0\0k=v" * 100_000
    yield ogg("100,000 comments", _EITHER, headed(texts))
    cover = b"METADATA_BLOCK_PICTURE=" + b"A" * 1_000_000
    picture = b"OpusTags" + bytes(4) + struct.pack("<II", 1, len(cover)) + cover
    yield ogg("a cover that is none", _EITHER, headed(picture))
    yield ogg("2^63 - 1 samples, says its last page", _EITHER | _LONG, _set_last_position)
    yield ogg("pages that never end a packet", _EITHER, _never_end)
    yield ogg(
        "10,000 sounds, one after another",
        _EITHER | failed("too_many_streams", "too_long"),
        _chain,
        within_seconds=60.0,
    )
    yield ogg("10,000 sounds beside each other", _EITHER | failed("too_many_streams"), _multiplex, within_seconds=60.0)
    yield ogg("its heads alone", _NO_SOUND, lambda s: s.seed("ogg")[: s.seed("ogg").index(b"OpusTags") + 60])
    yield ogg("Vorbis with a setup of zeros", _NO_SOUND, lambda s: _wipe_setup(s.seed("vorbis.ogg")))
    yield ogg("Vorbis of 255 channels", _EITHER, lambda s: _mend_pages(put(s.seed("vorbis.ogg"), 28 + 11, b"\xff")))
    yield ogg(
        "Vorbis at 2^32 - 1 Hz", _EITHER, lambda s: _mend_pages(put(s.seed("vorbis.ogg"), 28 + 12, b"\xff\xff\xff\xff"))
    )
    yield ogg(
        "a film in its place", _TURNED_AWAY, lambda _: ogg_page(b"\x80theora\3\2\1" + bytes(40), number=0, flags=2)
    )


def _mend_pages(data: bytes) -> bytes:
    """Make the checksums of the pages right again."""
    parts = data.split(b"OggS")[1:]
    pages = [put(b"OggS" + part, 22, bytes(4)) for part in parts]
    return b"".join(put(page, 22, struct.pack("<I", ogg_checksum(page))) for page in pages)


def _set_last_position(stage: Stage) -> bytes:
    data = stage.seed("ogg")
    return _mend_pages(put(data, data.rindex(b"OggS") + 6, struct.pack("<q", 2**63 - 1)))


def _never_end(stage: Stage) -> bytes:
    endless = [ogg_page(b"\0" * 65_025, number=n, flags=1 if n else 0, position=-1, serial=7) for n in range(1)]
    return stage.seed("ogg") + endless[0] * 200


def _chain(stage: Stage) -> bytes:
    head = ogg_page(opus_head(), number=0, flags=2, serial=9) + ogg_page(b"OpusTags" + bytes(8), number=1, serial=9)
    return stage.seed("ogg") + b"".join(
        put(put(head, 14, struct.pack("<I", n)), 22, b"\0\0\0\0") for n in range(10_000)
    )


def _multiplex(_stage: Stage) -> bytes:
    return b"".join(ogg_page(opus_head(), number=0, flags=2, serial=n) for n in range(10_000))


def _wipe_setup(data: bytes) -> bytes:
    at = data.index(b"\x05vorbis") + 7
    return _mend_pages(put(data, at, bytes(1000)))


# --- WAV ---
def wav(data: bytes = bytes(48_000), *, channels: int = 1, rate: int = 24_000, bits: int = 16, kind: int = 1) -> bytes:
    """Put a WAV together."""
    frame = channels * bits // 8 % 65_536
    told = struct.pack("<HHIIHH", kind, channels, rate, rate * frame % 2**32, frame, bits)
    return riff(b"WAVE", (b"fmt ", told), (b"data", data))


def put_before_samples(data: bytes, chunk: bytes, times: int) -> bytes:
    """Repeat a chunk before the samples of a WAV."""
    at = data.index(b"data")
    return data[:at] + chunk * times + data[at:]


def _list_wav() -> Iterator[Hostile]:
    def sound(what: str, outcome: Outcome, content: bytes, **more: object) -> Hostile:
        return _sound("wav", what, outcome, lambda _stage: content, **more)

    good = wav()
    at = good.index(b"data") + 4
    yield sound("another head", COMPLETED, good)
    yield sound("4 GiB of samples that are not there", _EITHER | _LONG, put(good, at, b"\xff" * 4))
    yield sound("no sample", _NO_SOUND, wav(b""))
    yield sound("no channel", _NO_SOUND, wav(channels=0))
    yield sound("65,535 channels", _EITHER, wav(channels=65_535))
    yield sound("64 channels", _EITHER, wav(channels=64))
    yield sound("a rate of 0", _EITHER, wav(rate=0))
    yield sound("a rate of 1 Hz", failed("unsupported_format"), wav(bytes(1000), rate=1))
    yield sound("a rate of 1 Hz for 13 hours", failed("unsupported_format"), wav(bytes(2 * 13 * 3600), rate=1))
    yield sound("a rate of 100 Hz for 13 hours", _LONG, wav(bytes(100 * 13 * 3600), rate=100, bits=8))
    yield sound("1 GiB of samples that are not there", _CORRUPT, put(good, at, struct.pack("<I", 2**30)))
    yield sound("10,001 chunks before its samples", _EITHER, put_before_samples(good, b"junk" + bytes(4), 10_001))
    yield sound("a rate of 2^32 - 1", _EITHER, wav(rate=2**32 - 1))
    yield sound("a rate of 2^31 - 1", _EITHER | failed("memory_limit"), wav(rate=2**31 - 1))
    yield sound("samples of no bit", _NO_SOUND | COMPLETED, wav(bits=0))
    yield sound("samples of 65,528 bits", _EITHER, wav(bits=65_528))
    yield sound("a codec that nobody knows", failed("unsupported_format", "corrupt_file"), wav(kind=0x7777))
    yield sound("MP3 that is none", _NO_SOUND, wav(bytes(range(256)) * 100, kind=0x55))
    yield sound("ADPCM of no block", _NO_SOUND | COMPLETED, wav(kind=2, bits=4))
    texts = [(b"LIST", b"INFOINAM" + struct.pack("<I", 2**32 - 1) + b"x" * 100)]
    yield sound("a title of 4 GiB", _EITHER, good[:12] + riff(b"", *texts)[8:] + good[12:])
    many = riff(b"", *[(b"LIST", b"INFOINAM\2\0\0\0x\0")] * 100_000)[8:]
    yield sound("100,000 lists about itself", _EITHER, good[:12] + many + good[12:])
    yield sound("500,000 chunks of nothing", _EITHER, good[:12] + b"junk\0\0\0\0" * 500_000 + good[12:])
    broad = b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<IQQQI", 28, 2**63, 2**63, 2**63, 2**32 - 1)
    yield sound("2^63 samples, and a table of 2^32 - 1", _EITHER | _LONG, broad + good[12:])
    yield sound("its head alone", _NO_SOUND, good[:44])
    yield sound(
        "a chunk before its form that is not there", _NO_SOUND, good[:12] + b"fmt \xff\xff\xff\xff" + bytes(100)
    )


# --- M4A and AAC ---
def _list_m4a() -> Iterator[Hostile]:
    def m4a(what: str, outcome: Outcome, content: Callable[[Stage], bytes], **more: object) -> Hostile:
        return _sound("m4a", what, outcome, content, **more)

    def told(kind: bytes, offset: int, value: bytes) -> Callable[[Stage], bytes]:
        return lambda stage: set_in_box(stage.seed("m4a"), kind, offset, value)

    years = struct.pack(">II", 1, 0x7FFFFFFF)
    yield m4a("68 years, says its header", _EITHER | _LONG, told(b"mvhd", 12, years))
    yield m4a(
        "68 years, say all of its headers",
        _EITHER | _LONG,
        lambda s: set_in_box(set_in_box(s.seed("m4a"), b"mvhd", 12, years), b"mdhd", 12, years),
    )
    yield m4a("a scale of time of 0", _EITHER | _LONG, told(b"mdhd", 12, bytes(4)))
    yield m4a("2^32 - 1 samples", _EITHER | failed("memory_limit"), told(b"stsz", 8, b"\xff" * 4))
    yield m4a("samples of 4 GiB each", _EITHER | failed("memory_limit"), told(b"stsz", 4, b"\xff\xff\xff\xf0"))
    yield m4a("one sample that lasts 2^31 times", _EITHER | _LONG, told(b"stts", 8, b"\x7f\xff\xff\xff" * 2))
    yield m4a("chunks that lie beyond its end", _EITHER, told(b"stco", 8, b"\x7f\xff\xff\xff"))
    yield m4a("65,535 channels", _EITHER, told(b"mp4a", 16, b"\xff\xff"))
    yield m4a("a rate of 65,535 Hz and parts", _EITHER, told(b"mp4a", 24, b"\xff\xff\xff\xff"))
    yield m4a("parameters of ones", _EITHER, told(b"esds", 20, b"\xff" * 12))
    yield m4a("no table of its samples", _NO_SOUND, lambda s: s.seed("m4a").replace(b"stbl", b"free"))
    cover = box(b"covr", box(b"data", b"\0\0\0\x0e" + bytes(4) + b"\x89PNG\r\n\x1a\n" + b"\xff" * 400))
    yield m4a("a cover that is none", COMPLETED, lambda s: _add_tags(s.seed("m4a"), cover))
    title = box(b"\xa9nam", box(b"data", b"\0\0\0\1" + bytes(4) + b"x" * 20))
    yield m4a("50,000 titles", COMPLETED, lambda s: _add_tags(s.seed("m4a"), title * 50_000))
    own = box(b"----", box(b"mean", bytes(4) + b"x") + box(b"name", bytes(4) + b"y" * 100) + box(b"data", bytes(9)))
    yield m4a("50,000 texts of its own kind", COMPLETED, lambda s: _add_tags(s.seed("m4a"), own * 50_000))
    yield m4a("its brand alone", _NO_SOUND, lambda s: s.seed("m4a")[:28])
    yield m4a("a film in its place", _EITHER, lambda s: s.seed("mp4").replace(b"isom", b"M4A ", 1))
    yield m4a("sound that is locked to a shop", _TURNED_AWAY, lambda s: s.seed("m4a").replace(b"M4A ", b"M4P "))


def _add_tags(data: bytes, tags: bytes) -> bytes:
    """Put more tags into the index, which is the last box of the seed."""
    at = data.index(b"moov") - 4
    told = box(b"udta", box(b"meta", bytes(4) + box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9)) + box(b"ilst", tags)))
    return data[:at] + box(b"moov", data[at + 8 :] + told)


def adts(body: bytes, *, rate: int = 7) -> bytes:
    """Put a frame of AAC together, of one channel; `rate` is the number of the sample rate, of which 7 is 22,050 Hz."""
    length = len(body) + 7
    head = (0xFF, 0xF1, 0x40 | rate << 2, 0x40 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5 | 0x1F, 0xFC)
    return bytes(head) + body


def _list_aac() -> Iterator[Hostile]:
    def aac(what: str, outcome: Outcome, content: Callable[[Stage], bytes], **more: object) -> Hostile:
        return _sound("aac", what, outcome, content, **more)

    yield aac("two frames of nothing", _NO_SOUND, lambda _: adts(bytes(200)) * 2)
    yield aac("frames that are all head", _NO_SOUND | failed("memory_limit"), lambda _: adts(b"") * 3_000_000)
    silence = b"\x01\x40\x20\x07"  # of one channel
    yield aac("13 hours of silence", _EITHER | _LONG, lambda _: adts(silence) * 1_000_000, within_seconds=60.0)
    yield aac("another rate in each frame", _EITHER, _change_rates)


def _change_rates(stage: Stage) -> bytes:
    data = bytearray(stage.seed("aac"))
    at, number = 0, 0
    while at + 7 < len(data):
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if number > 2:
            data[at + 2] = data[at + 2] & 0xC3 | (number % 12) << 2
        at, number = at + max(7, length), number + 1
    return bytes(data)
