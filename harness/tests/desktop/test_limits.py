"""The page on refusals says what the recovery model says."""

from __future__ import annotations

from pathlib import Path

from gatecert.desktop import limits

PAGE = Path(__file__).parents[3] / "docs" / "limits.md"

HOW = "python -m gatecert.desktop.limits > docs/limits.md"


def test_the_page_is_what_the_model_says() -> None:
    assert PAGE.read_text("utf-8") == limits.page(), (
        "python -m gatecert.desktop.limits > docs/limits.md"
    )


def test_final_refusals_cost_one_request() -> None:
    rows = [line.split(" | ") for line in limits.page().splitlines() if line.startswith("| 4")]
    asked = {(row[0].strip("| "), row[1]): int(row[3]) for row in rows}
    for status in ("400", "402", "403", "412", "446"):
        assert asked[status, ""] == 1
    assert asked["429", "`retry-after: 3600`"] == 1
    assert asked["429", "`x-should-retry: false`"] == 1
    assert asked["429", ""] > 5
