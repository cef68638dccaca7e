"""One readable log of all parts."""

import io

from filemill.launch.terminal import LONGEST_LINE_BYTES, LineReader, Terminal, make_harmless


class TerminalStream(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class ClosedStream(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_every_line_begins_with_its_part() -> None:
    stream = io.StringIO()

    Terminal(stream).say("hello", part="web")

    assert stream.getvalue() == "web      | hello\n"


def test_a_terminal_gets_colours_and_a_file_does_not() -> None:
    stream = TerminalStream()

    Terminal(stream, environ={"TERM": "xterm"}).say("hello", part="web")

    assert stream.getvalue() == "\x1b[36mweb      |\x1b[0m hello\n"


def test_no_color_is_honoured() -> None:
    assert not Terminal(TerminalStream(), environ={"NO_COLOR": "1"}).is_coloured


def test_a_reader_that_went_away_is_noted_and_not_raised() -> None:
    terminal = Terminal(ClosedStream())

    terminal.say("hello")

    assert terminal.is_gone


def test_lines_are_put_together_from_pieces() -> None:
    reader = LineReader()

    assert reader.feed(b"one\ntw") == ["one"]
    assert reader.feed(b"o\n\nthr") == ["two", ""]
    assert reader.finish() == ["thr"]
    assert reader.finish() == []


def test_a_line_without_end_is_cut() -> None:
    reader = LineReader()

    assert reader.feed(b"x" * (LONGEST_LINE_BYTES + 1)) == ["x" * (LONGEST_LINE_BYTES + 1)]
    assert reader.finish() == []


def test_control_characters_are_shown_and_not_obeyed() -> None:
    assert make_harmless(b"name \x1b[2J.jpg\r") == "name \\x1b[2J.jpg"


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert make_harmless(b"caf\xe9") == "caf\\xe9"
