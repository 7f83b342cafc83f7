"""What the page shows of workloads with retries, transactions or reads."""

import pytest
from pages import HOSTILE, beside, count, entry, failover, text, written


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_attempts_reads_and_torn_writes_are_shown_where_there_are_any(browser, tmp_path, scheme):
    browser.prefer(scheme)
    browser.open(written(tmp_path / "index.html", [beside(), entry(failover())]))
    figures, tables = text(browser, "#trial-1 .figures"), text(browser, "#trial-1 .tables")

    for expected in ("database's downtime1.70 s ±0.05", "staleness0.651 s ±0.002",
                     "unseen4 of 41 reads", "torn2 stored in part"):  # fmt: skip
        assert expected in figures, expected
    for expected in ("made168", "operations that took several12 of ", "failed3",
                     "compared with a write29", "of these stale5", f"2003 {HOSTILE}",
                     f"run-0-7, {HOSTILE}"):  # fmt: skip
        assert expected in tables, expected
    assert browser.run("window.hacked === undefined")
    assert browser.complaints == []
    plain = text(browser, "#trial-2").partition("All figures")
    assert "downtime" in plain[0]
    assert not any(word in plain[0] for word in ("ttempts", "Reads", "staleness", "torn", "unseen"))
    assert "downtime549 ms or more" in plain[2]  # its own figures, with both ends
    assert "staleness" not in plain[2]


def test_attempts_and_reads_are_reached_by_the_keyboard_and_printed(browser, tmp_path):
    browser.open(written(tmp_path / "index.html", [beside()]))
    torn = "[...document.querySelectorAll('#trial-1 details:not(.all-figures *)')].at(-1)"
    plain = written(tmp_path / "plain.html", [entry(failover())])

    browser.run(f"{torn}.querySelector('summary').focus()")
    assert not browser.run(f"{torn}.open")
    browser.key(" ")
    assert browser.run(f"{torn}.open && {torn}.innerText.includes('run-0-7')")
    hidden = (
        "[...document.querySelectorAll('.attempts, .reads')].filter(e => !e.offsetHeight).length"
    )
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert browser.run(hidden) == 0
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
    browser.open(plain)
    assert count(browser, ".attempts, .reads") == 0


def test_what_attempts_and_reads_could_not_measure_is_no_figure(browser, tmp_path):
    made = beside()
    made["trial"]["clock"] = {"reliable": False, "problem": "it stood still"}
    made["trial"]["reads"] |= {"compared": 0}
    browser.open(written(tmp_path / "index.html", [made]))

    assert "the database'sunreliable" in text(browser, "#trial-1 .attempts")
    assert "staleness at mostnot measured" in text(browser, "#trial-1 .reads")
    assert "staleness" not in text(browser, "#trial-1 .figures")
