"""Names and passwords of our own."""

import re

from pytest_rdsfailover.local.server.accounts import Account, Address, new_account


def test_every_account_has_a_name_of_its_own_and_a_password_nobody_guesses():
    found = [new_account() for _ in range(100)]

    assert len({account.user for account in found}) == 100
    assert all(re.fullmatch(r"rdsfo_[0-9a-f]{8}_[0-9a-f]{8}", account.user) for account in found)
    assert len({account.password for account in found}) == 100


def test_names_and_passwords_need_no_quoting_in_statements():
    assert all(re.fullmatch(r"[\w-]{20,}", new_account().password) for _ in range(200))


def test_a_password_is_in_no_repr():
    assert "Hush" not in repr(Account(user="a", password="Hush"))


def test_an_address_reads_as_its_socket_or_its_host_and_port():
    assert str(Address(socket="/run/s")) == "/run/s"
    assert str(Address(host="db", port=3307)) == "db:3307"
    assert str(Address(host="db")) == "db:3306"  # as MySQL's clients have it
