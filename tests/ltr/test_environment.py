"""Where data sets are looked for: the order of the sources, and one clear line for each way to go wrong."""

from pathlib import Path

import pytest

from ltr.environment import PLACES, environment
from ltr.errors import InputError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment file in use, still empty."""
    path = tmp_path / "config" / "environment.toml"
    path.parent.mkdir()
    path.touch()
    monkeypatch.setenv("LTR_ENVIRONMENT", str(path))
    return path


def folder(parent: Path, name: str) -> Path:
    path = parent / name
    path.mkdir()
    return path


def test_command_line_goes_before_variable_goes_before_file(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (folder(tmp_path, name) for name in ("option", "variable", "file"))
    file.write_text(f'davis = "{third}"\n')
    assert environment().path("davis") == third
    monkeypatch.setenv("LTR_DAVIS_DIR", str(second))
    assert environment().path("davis") == second
    assert environment({"davis": first}).path("davis") == first
    assert environment({"davis": str(first)}).path("davis") == first


def test_option_not_given_and_empty_variable_do_not_count(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = folder(tmp_path, "file")
    file.write_text(f'davis = "{third}"\n')
    monkeypatch.setenv("LTR_DAVIS_DIR", "")
    assert environment({"davis": None}).path("davis") == third


def test_relative_path_in_the_file_starts_at_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = folder(file.parent, "data")
    file.write_text('coco = "data"\n')
    monkeypatch.chdir("/")
    assert environment().path("coco") == data


def test_tilde_is_the_home_folder(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    data = folder(tmp_path, "DAVIS")
    file.write_text('davis = "~/DAVIS"\n')
    assert environment().path("davis") == data
    assert environment({"ecssd": "~/DAVIS"}).path("ecssd") == data


def test_default_file_is_read_when_no_other_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LTR_ENVIRONMENT")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert not environment().has("davis")
    default = tmp_path / ".config" / "box2seg" / "environment.toml"
    default.parent.mkdir(parents=True)
    default.write_text(f'davis = "{tmp_path}"\n')
    assert environment().path("davis") == tmp_path


def test_not_configured_is_one_line_with_key_variable_and_layout(file: Path) -> None:
    assert not environment().has("davis")
    with pytest.raises(InputError) as error:
        environment().path("davis")
    message = str(error.value)
    assert "\n" not in message
    for part in ('"davis"', "LTR_DAVIS_DIR", str(file), "JPEGImages/480p/"):
        assert part in message


def test_configured_folder_that_is_missing_is_an_error_and_not_absence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LTR_LASOT_DIR", str(tmp_path / "nowhere"))
    assert environment().has("lasot")
    with pytest.raises(InputError, match=r"LTR_LASOT_DIR gives .*nowhere.*groundtruth\.txt"):
        environment().path("lasot")


def test_folders_that_we_write_to_have_defaults_and_need_not_exist(tmp_path: Path) -> None:
    assert environment().path("workspace") == Path("workspace")
    assert environment().path("results") == Path("results")
    new = tmp_path / "new"
    assert environment({"workspace": new}).path("workspace") == new
    assert not new.exists()


def test_every_place_has_a_variable_of_its_own() -> None:
    assert len({place.variable for place in PLACES.values()}) == len(PLACES)
    assert all(key == place.key for key, place in PLACES.items())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('davis = "/data', "not valid TOML"),
        ('dvais = "/data"', r'unknown key in .*environment\.toml: "dvais"; known: .*did you mean "davis"'),
        ("davis = 3", r"davis is 3; write a path in quotes"),
        ('davis = ""', r"davis is ''; write a path in quotes"),
        ('[paths]\ndavis = "/data"', r'unknown key in .*environment\.toml: "paths"'),
        (b'davis = "\xff\xfe"', "cannot be read as UTF-8"),
    ],
)
def test_file_that_cannot_be_used_is_named_and_left_alone(
    file: Path, text: str | bytes, expected: str
) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    file.write_bytes(content)
    with pytest.raises(InputError, match=expected) as error:
        environment()
    assert str(file) in str(error.value)
    assert file.read_bytes() == content


def test_named_file_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTR_ENVIRONMENT", str(tmp_path / "absent.toml"))
    with pytest.raises(InputError, match=r"LTR_ENVIRONMENT names .*absent\.toml"):
        environment()


@pytest.mark.parametrize("call", [lambda: environment({"dvais": "/"}), lambda: environment().has("dvais")])
def test_unknown_key_in_code_is_an_error(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=r'unknown environment key "dvais"; known: .*did you mean "davis"\?'):
        call()
