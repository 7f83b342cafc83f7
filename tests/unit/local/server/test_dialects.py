"""Servers are told apart by what they say of themselves."""

import pytest

from pytest_rdsfailover.local.server.dialects import MARIADB, MYSQL, recognise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)",
         (MARIADB, "10.11.6")),
        ("mariadbd  Ver 11.8.9-MariaDB-4 from Debian for debian-linux-gnu on x86_64 (stars)",
         (MARIADB, "11.8.9")),
        ("mariadbd from 11.8.3-MariaDB, client 15.2 for osx10.20 (arm64) using EditLine wrapper",
         None),
        ("mysqld  Ver 10.6.1-MariaDB for Linux on aarch64", (MARIADB, "10.6.1")),
        ("mysqld  Ver 8.0.44-0ubuntu0.24.04.1 for Linux on x86_64 ((Ubuntu))", (MYSQL, "8.0.44")),
        ("mysqld.bin  Ver 8.4.6-6 (Percona Server)", (MYSQL, "8.4.6")),
        ("/usr/sbin/mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)",
         (MYSQL, "8.0.36")),
        ("/x/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", (MYSQL, "9.7.4")),
        ("mysqld  Ver 5.7.44-log for Linux on x86_64 (Source distribution)", (MYSQL, "5.7.44")),
        ("mysql  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)", None),
        ("mysql  Ver 15.1 Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)", None),
        ("mysqld", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_server_is_recognised_by_its_version_text(text, expected):
    assert recognise(text) == expected


def test_every_account_that_needs_no_password_is_removed_before_ours_is_made():
    for dialect in (MARIADB, MYSQL):
        assert any("root" in statement for statement in dialect.lock_out)
