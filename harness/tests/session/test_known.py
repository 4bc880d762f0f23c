"""Files of known deviations: each mistake in one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatecert.errors import UsageError
from gatecert.requirements import load_catalogue
from gatecert.session.known import KnownDeviations, read_known
from gatecert.session.paths import fixtures_folder, suites_folder

PUBLISHED = sorted((fixtures_folder() / "known").glob("*.toml"))
IDENTIFIERS = ["AUTH-01", "AUTH-02", "URL-01"]


def read(tmp_path: Path, text: str | bytes) -> KnownDeviations:
    path = tmp_path / "known.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_known(path, IDENTIFIERS)


def test_entries_come_with_reason_and_link(tmp_path: Path) -> None:
    known = read(
        tmp_path,
        'gateway = "acme"\nversion = "2"\n[known.AUTH-01]\nreason = "r"\nlink = "https://l.test"\n',
    )
    assert known.entries == {"AUTH-01": {"reason": "r", "link": "https://l.test"}}
    assert known.to_json() == {
        "path": "known.toml", "gateway": "acme", "version": "2", "entries": 1
    }  # fmt: skip


def test_no_file_is_no_entry_in_the_record() -> None:
    assert KnownDeviations().to_json() is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[known.AUTH-1]\nreason='r'\nlink='l'", "[known.AUTH-1] is no requirement; did you mean"),
        ("[known.AUTH-01]\nreason='r'", "[known.AUTH-01] needs reason and link"),
        ("[known.AUTH-01]\nreason='r'\nlink='l'\nshow='o'", "did you mean 'shows'?"),
        ("[known.AUTH-01]\nreason=' '\nlink='l'", "reason must be a text, not empty"),
        ("[known.AUTH-01]\nreason=1\nlink='l'", "reason must be a text, not empty"),
        ("[known]\nAUTH-01 = 'r'", "[known.AUTH-01] needs reason and link"),
        ("[knwon.AUTH-01]\nreason='r'\nlink='l'", "did you mean 'known'?"),
        ("known = 'AUTH-01'", "known must be a table"),
        ("known = [1]", "known must be a table"),
        ("[known", "is not valid TOML"),
        (b"\xff\xfe", "is not valid TOML"),
    ],
)
def test_a_mistake_names_the_file_and_the_place(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "known.toml"))
    assert words in str(caught.value)


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_the_published_files_are_sound(path: Path) -> None:
    known = read_known(path, [r.id for r in load_catalogue(suites_folder())])
    assert known.entries
    assert all(entry["link"].startswith("https://") for entry in known.entries.values())
