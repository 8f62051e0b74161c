"""Errors of command lines: one line, whatever the user typed and whatever files are called."""

from pathlib import Path

import pytest

from ltr.command_line import BAD_INPUT, OneLineParser, one_line, print_error
from ltr.errors import InputError


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("plain, ünï 四 😀", "plain, ünï 四 😀"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31mred\x7f", r"\x1b[31mred\x7f"),
        ("not text: \udcff", r"not text: \udcff"),
        ("line\u2028end\u202eback", r"line\u2028end\u202eback"),
    ],
)
def test_a_message_is_one_line_of_text(message: str, expected: str) -> None:
    assert one_line(message) == one_line(InputError(message)) == expected


def test_an_error_of_the_system_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / ("long" * 70)
    with pytest.raises(OSError) as error:
        path.open()
    assert one_line(error.value).startswith(f"{path}: ")
    assert one_line(OSError("disk full")) == "disk full"


def test_an_error_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("tool", InputError("a\nb"))
    assert capsys.readouterr() == ("", "tool: error: a\\nb\n")


@pytest.mark.parametrize(
    "arguments", [["--width", "a\nb"], ["--wi\ndth"], ["--width", ""], ["--width="], ["part", "--folder="]]
)
def test_a_wrong_argument_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    parser = OneLineParser(prog="tool")
    parser.add_argument("--width", type=int)
    parser.add_subparsers().add_parser("part").add_argument("--folder", type=Path)
    with pytest.raises(SystemExit) as end:
        parser.parse_args(arguments)
    assert end.value.code == BAD_INPUT
    error = capsys.readouterr().err
    assert error.startswith("tool: error: ") and error.count("\n") == 1
