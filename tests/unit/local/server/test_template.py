"""Copies of data directories, and the names of templates."""

import os

import pytest

from pytest_rdsfailover.local.server.dialects import MARIADB, MYSQL
from pytest_rdsfailover.local.server.template import CHUNK, Source, copy_data


@pytest.mark.parametrize(
    "content",
    [b"", b"x", bytes(1), bytes(CHUNK), bytes(3 * CHUNK + 5), b"a" + bytes(2 * CHUNK) + b"b",
     bytes(CHUNK) + b"tail", os.urandom(CHUNK + 1)],
    ids=["empty", "byte", "zero", "chunk of zeros", "zeros", "zeros between", "zeros before", "random"],
)  # fmt: skip
def test_a_copy_has_the_same_bytes_and_mode(tmp_path, content):
    (tmp_path / "old" / "deep").mkdir(parents=True)
    (tmp_path / "old" / "deep" / "file").write_bytes(content)
    (tmp_path / "old" / "deep" / "file").chmod(0o600)

    copy_data(tmp_path / "old", tmp_path / "new")

    copied = tmp_path / "new" / "deep" / "file"
    assert copied.read_bytes() == content
    assert copied.stat().st_mode & 0o777 == 0o600


def test_empty_stretches_take_no_room(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").write_bytes(bytes(100 * CHUNK) + b"x")

    copy_data(tmp_path / "old", tmp_path / "new")

    assert (tmp_path / "new" / "file").stat().st_blocks * 512 <= 2 * CHUNK


def test_what_a_server_makes_anew_is_left_out(tmp_path):
    (tmp_path / "old" / "#innodb_temp").mkdir(parents=True)
    for name in ("auto.cnf", "ibdata1", "#innodb_temp/x"):
        (tmp_path / "old" / name).touch()

    copy_data(tmp_path / "old", tmp_path / "new", without=MYSQL.disposable)

    assert [path.name for path in (tmp_path / "new").iterdir()] == ["ibdata1"]


def test_a_template_is_named_by_all_that_it_depends_on(tmp_path):
    program = tmp_path / "mysqld"
    program.write_text("1")
    first = Source(program=program, dialect=MYSQL, version="8.0.36").key

    others = [
        Source(program=program, dialect=MARIADB, version="8.0.36").key,
        Source(program=program, dialect=MYSQL, version="8.0.37").key,
    ]
    os.utime(program, (1, 1))
    others.append(Source(program=program, dialect=MYSQL, version="8.0.36").key)

    assert len({first, *others}) == 4
    assert not any(set(name) & set("/ \\") for name in (first, *others))
