"""A folder's files are found by a pattern, beneath its root and nowhere else."""

import os
from pathlib import Path
from typing import Any

import pytest

from filemill.files import folders
from filemill.files.errors import FileRefused
from filemill.files.folders import list_folder

TREE = (
    *("a.jpg", "b.JPG", "c.png", ".hidden.jpg", "with space.jpg", "[x].jpg"),
    *("deep/d.jpg", "deep/deeper/e.jpg", "deep/deeper/f.png", ".closed/g.jpg", "other/h.jpg"),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in TREE:
        path = tmp_path / "root" / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "root" / "photos" / "empty").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.jpg").write_text("secret")
    return tmp_path / "root"


def find(root: Path, folder: str = "photos", **how: Any) -> list[str]:
    return list_folder(folder, roots=[root], home=root.parent / "home", **{"most": 100, **how})


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.jpg", ["[x].jpg", "a.jpg", "with space.jpg"]),
        ("*.png", ["c.png"]),
        ("?.*", ["a.jpg", "b.JPG", "c.png"]),
        ("[ab].*", ["a.jpg", "b.JPG"]),
        ("[[]x].jpg", ["[x].jpg"]),
        ("deep/*.jpg", ["deep/d.jpg"]),
        ("*/*.jpg", ["deep/d.jpg", "other/h.jpg"]),
        ("**/*.png", ["c.png", "deep/deeper/f.png"]),
        ("deep/**/*.jpg", ["deep/d.jpg", "deep/deeper/e.jpg"]),
        ("**/deeper/*", ["deep/deeper/e.jpg", "deep/deeper/f.png"]),
        ("deep/**", ["deep/d.jpg", "deep/deeper/e.jpg", "deep/deeper/f.png"]),
        ("**/**/e.jpg", ["deep/deeper/e.jpg"]),
        ("**/d*/**/e.jpg", ["deep/deeper/e.jpg"]),
        (".*.jpg", [".hidden.jpg"]),
        (".closed/*", [".closed/g.jpg"]),
        ("./deep//d.jpg", ["deep/d.jpg"]),
    ],
)
def test_a_pattern_finds_files(root: Path, pattern: str, found: list[str]) -> None:
    assert find(root, pattern=pattern) == [f"photos/{path}" for path in found]


def test_a_pattern_finds_what_the_standard_library_finds(root: Path) -> None:
    for pattern in ("*", "**/*", "**/*.jpg", "*/*", "deep/**/*", "*/deeper/*", "**/d*/*"):
        expected = sorted(
            str(path.relative_to(root))
            for path in (root / "photos").glob(pattern)
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
        )
        assert find(root, pattern=pattern) == expected


def test_everything_beneath_is_meant_if_no_pattern_is_given(root: Path) -> None:
    assert find(root) == sorted(f"photos/{name}" for name in TREE if not name.startswith("."))


@pytest.mark.parametrize("spelling", ["photos/", "./photos", "photos"])
def test_each_path_begins_as_the_folder_was_called(root: Path, spelling: str) -> None:
    assert find(root, spelling, pattern="a.jpg") == [f"{spelling.rstrip('/')}/a.jpg"]


def test_a_root_itself_may_be_named(root: Path) -> None:
    assert find(root, str(root), pattern="photos/a.jpg") == [f"{root}/photos/a.jpg"]
    assert find(root, ".", pattern="photos/a.jpg") == ["photos/a.jpg"]


def test_no_link_is_followed(root: Path) -> None:
    (root / "photos" / "way-out").symlink_to(root.parent / "outside")
    (root / "photos" / "link.jpg").symlink_to(root.parent / "outside" / "secret.jpg")
    assert find(root, pattern="*.jpg") == [
        "photos/[x].jpg",
        "photos/a.jpg",
        "photos/with space.jpg",
    ]
    with pytest.raises(FileRefused) as refused:
        find(root, pattern="way-out/*")
    assert refused.value.code == "no_files"
    with pytest.raises(FileRefused) as refused:
        find(root, "photos/way-out")
    assert refused.value.code == "file_not_found"


@pytest.mark.parametrize(
    "folder", ["nowhere", "photos/a.jpg", "/etc", "../outside", "photos/../../outside", "", "a\0b"]
)
def test_a_folder_that_can_not_be_opened_is_refused(root: Path, folder: str) -> None:
    with pytest.raises(FileRefused) as refused:
        find(root, folder)
    assert refused.value.code in {"file_not_found", "path_outside_roots", "invalid_path"}


def test_the_services_own_home_stays_closed(root: Path) -> None:
    home = root / "photos" / "home"
    (home / "uploads").mkdir(parents=True)
    (home / "uploads" / "of-others.jpg").write_text("private")
    found = list_folder("photos", pattern="**/*.jpg", roots=[root], home=home, most=100)
    assert not any("of-others" in path for path in found)
    with pytest.raises(FileRefused):
        list_folder("photos/home/uploads", roots=[root], home=home, most=100)


def test_pipes_and_sockets_are_no_files(root: Path) -> None:
    os.mkfifo(root / "photos" / "pipe.png")
    assert find(root, pattern="*.png") == ["photos/c.png"]


def test_a_folder_without_a_match_says_so(root: Path) -> None:
    with pytest.raises(FileRefused) as refused:
        find(root, pattern="*.webp")
    assert (refused.value.code, "*.webp" in refused.value.message) == ("no_files", True)


def test_more_files_than_allowed_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(find(root, pattern="*.jpg", most=3)) == 3
    with pytest.raises(FileRefused) as refused:
        find(root, pattern="*.jpg", most=2)
    assert refused.value.code == "folder_too_large"
    monkeypatch.setattr(folders, "MOST_ENTRIES", 5)
    with pytest.raises(FileRefused) as refused:
        find(root)
    assert refused.value.code == "folder_too_large"


def test_no_descriptor_stays_open(root: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    find(root)
    with pytest.raises(FileRefused):
        find(root, most=1)
    assert len(os.listdir("/proc/self/fd")) == before
