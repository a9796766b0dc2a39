"""docs/faults.md keeps what was measured elsewhere and earlier."""

import pytest

from faults import report


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "PAGE", tmp_path / "faults.md")
    monkeypatch.setattr(report, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(report, "versions", list)
    return report.PAGE


def measure(key, form, text, passed=True):
    row = report.Row(key, "a fault | of two", "held", form, 1)
    row.measured(text)
    row.keep(passed)
    report.write()


def forget(tmp_path):
    """Another machine, which has the page alone."""
    (tmp_path / "results").rename(tmp_path / "elsewhere")


def test_a_row_that_was_measured_elsewhere_stays(page, tmp_path):
    measure("01", "full", "ten thousand")
    written = page.read_text()
    forget(tmp_path)
    measure("02", "full", "twenty")
    assert set(written.splitlines()) < set(page.read_text().splitlines())
    assert [row["key"] for row in report.rows()] == ["01", "02"]


def test_a_short_run_does_not_take_the_place_of_a_full_one(page, tmp_path):
    measure("01", "full", "ten thousand")
    forget(tmp_path)
    measure("01", "short", "ten")
    assert "ten thousand" in page.read_text()


def test_a_later_run_takes_the_place_of_an_earlier_one(page, tmp_path):
    measure("01", "full", "ten thousand")
    forget(tmp_path)
    measure("01", "full", "eleven thousand", passed=False)
    assert "ten thousand" not in page.read_text()
    assert report.rows()[0]["passed"] is False
