"""Where things are kept between runs."""

from pathlib import Path

import pytest

from gatecert.cache import cache_folder


def test_the_cache_is_where_the_user_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GATECERT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert cache_folder() == tmp_path / ".cache" / "gatecert"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "gatecert"
    monkeypatch.setenv("GATECERT_CACHE", "~/own")
    assert cache_folder() == tmp_path / "own"
