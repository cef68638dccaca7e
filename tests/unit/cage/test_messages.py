"""Messages on the wire, and replies read as the word of an enemy."""

import os
import socket
from collections.abc import Iterator

import pytest

from filemill.processing.cage import replies, wire
from filemill.processing.cage.sealed_errors import describe_error
from filemill.processing.errors import InputError, SystemFault


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = wire.make_pair()
    with left, right:
        yield left, right


def test_a_message_of_several_packets_arrives_whole_with_its_descriptor(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    left, right = pair
    reader, writer = os.pipe()
    wire.send_message(left, {"text": "x" * 100_000}, [reader])
    message, (received,) = wire.Receiver(right, maximum_descriptors=1).receive()
    assert len(message["text"]) == 100_000
    os.write(writer, b"through")
    assert os.read(received, 10) == b"through"
    for descriptor in (reader, writer, received):
        os.close(descriptor)


def test_an_end_of_the_connection_is_told(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = pair
    left.close()
    with pytest.raises(wire.ConnectionEnded):
        wire.Receiver(right).receive()
    with pytest.raises(wire.ConnectionEnded):
        wire.send_message(right, {})


def test_facts_are_made_fit_for_a_database() -> None:
    reply = replies.read_reply({"type": "done", "facts": {"a\0": ["\0", "\ud800", 1.5]}, "outputs": []})
    assert isinstance(reply, replies.Done)
    assert reply.facts == {"a\ufffd": ["\ufffd", "?", 1.5]}


def test_progress_stays_between_nothing_and_all() -> None:
    fractions = (-5, 0.25, 1e300, 10**400)  # the last is no float, and yet a number that JSON can hold
    told = [replies.read_reply({"type": "progress", "fraction": fraction, "message": ""}) for fraction in fractions]
    assert [news.fraction for news in told if isinstance(news, replies.ProgressNews)] == [0.0, 0.25, 1.0, 1.0]


def test_the_last_news_come_with_the_answer() -> None:
    answer = {"type": "done", "facts": {}, "outputs": [], "news": {"fraction": 7, "message": "whole"}}
    reply = replies.read_reply(answer)
    assert isinstance(reply, replies.Done)
    assert reply.news == replies.ProgressNews(fraction=1.0, message="whole")


def test_an_error_arrives_as_it_was_raised() -> None:
    raised = InputError("It is encrypted.", code="password_required", evidence={"page": 1})
    reply = replies.read_reply(describe_error(raised))
    assert isinstance(reply, replies.Failed)
    assert type(reply.error) is InputError
    assert (reply.error.code, reply.error.message) == ("password_required", "It is encrypted.")


def test_an_error_of_an_operation_s_own_class_arrives_as_the_public_one() -> None:
    class NoDecoder(SystemFault):
        pass

    reply = replies.read_reply(describe_error(NoDecoder("None.", code="tool_missing", is_passing=True)))
    assert isinstance(reply, replies.Failed)
    assert type(reply.error) is SystemFault
    assert reply.error.is_passing


def test_a_lack_of_memory_shows_through_what_an_operation_made_of_it() -> None:
    error = InputError("It is corrupt.", code="corrupt_file")
    error.__cause__ = RuntimeError("VipsJpeg: Insufficient memory (case 4)")
    assert replies.read_reply(describe_error(error)) == replies.Short(of="memory")


@pytest.mark.parametrize(
    "words",
    [
        "VipsJpeg: Insufficient memory (case 4)",
        "heif: Memory allocation error (2.0)",
        "out of memory --- size == 52MB",
        "Failed to allocate memory for to read TIFF directory (65535 elements of 12 bytes each)",
        "webpsave: picture memory error",
        "webpsave: unable to encode",
        "heif: Encoder plugin generated an error: Encoding problem: Failed to allocate buf->mvs (8.5002)",
        "heif: Initialization problem: av1_create_context_and_bufferpool() failed (8.5001)",
        "heif: Encoder plugin generated an error: Encoding problem: Undefined AOM error (8.5002)",
    ],
)
def test_a_lack_of_memory_is_heard_in_the_words_of_libraries(words: str) -> None:
    assert describe_error(ValueError(words)) | {"traceback": ""} == {
        "type": "shortage",
        "of": "memory",
        "traceback": "",
    }


@pytest.mark.parametrize(
    "words",
    [
        "unable to copy to memory VipsJpeg: premature end of JPEG image",
        "heif: Memory allocation error: Security limit exceeded: iloc box contains 65535 items",
        "Failed to allocate memory for to read TIFF directory (0 elements of 12 bytes each)",
    ],
)
def test_damage_that_speaks_of_memory_is_damage(words: str) -> None:
    raised = InputError("The picture is damaged.", code="corrupt_file")
    raised.__cause__ = ValueError(words)
    assert describe_error(raised)["code"] == "corrupt_file"


def test_an_operation_that_knows_better_than_a_library_is_believed() -> None:
    with pytest.raises(InputError) as caught:
        count_streams()
    assert describe_error(caught.value)["code"] == "too_many_streams"


def count_streams() -> None:
    try:
        raise MemoryError
    except MemoryError:
        raise InputError("There are too many streams.", code="too_many_streams") from None
