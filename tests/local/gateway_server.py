"""A throw-away MariaDB or MySQL for the gateway's tests, on a unix socket."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest
from servers import SERVERS

PASSWORD = "s3cret"


@dataclass(frozen=True)
class RealServer:
    flavour: str
    socket: str

    def connect(self, **options):
        defaults = {"user": "app", "password": PASSWORD, "database": "app", "autocommit": True}
        return pymysql.connect(unix_socket=self.socket, **{**defaults, **options})

    def run(self, *statements):
        with self.connect(user="root_") as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()


def program(flavour: str) -> str:
    wanted = next(each for each in SERVERS if each.name.lower() == flavour)
    found = wanted.find()
    return str(found.path) if found else pytest.skip(f"no {wanted.name} here: {wanted.remedy}")


@contextmanager
def running(flavour: str) -> Iterator[RealServer]:
    binary = program(flavour)
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    home = Path(tempfile.mkdtemp(prefix="rdsgw-", dir=place))
    data, path = home / "data", str(home / "s.sock")
    common = ["--no-defaults", f"--datadir={data}", "--user=root"]
    with (home / "log").open("wb") as log:
        if flavour == "mariadb":
            subprocess.run(
                ["mariadb-install-db", *common, "--auth-root-authentication-method=normal",
                 "--skip-test-db", "--innodb-log-file-size=8M"],
                stdout=log, stderr=log, check=True,
            )  # fmt: skip
        else:
            subprocess.run(
                [binary, *common, "--initialize-insecure", "--innodb-redo-log-capacity=8M"],
                stdout=log, stderr=log, check=True,
            )  # fmt: skip
        extra = [] if flavour == "mariadb" else ["--mysqlx=OFF", "--innodb-redo-log-capacity=8M"]
        process = subprocess.Popen(
            [binary, *common, f"--socket={path}", "--skip-networking", "--local-infile=1",
             f"--pid-file={home}/pid", "--max-allowed-packet=128M", "--max-connections=500",
             "--skip-log-bin", "--performance-schema=OFF", *extra],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            server = RealServer(flavour, path)
            prepare(server)
            yield server
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(home, ignore_errors=True)


def listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


def prepare(server: RealServer) -> None:
    deadline = time.monotonic() + 60
    while not listens(server.socket):
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.05)
    root = server.connect(user="root", password="", database=None)
    with root, root.cursor() as cursor:
        for user in ("root_", "app"):
            cursor.execute(f"CREATE USER {user}@'%' IDENTIFIED BY '{PASSWORD}'")
            cursor.execute(f"GRANT ALL ON *.* TO {user}@'%' WITH GRANT OPTION")
        cursor.execute("REVOKE SHUTDOWN ON *.* FROM app@'%'")  # nobody has it on RDS
        cursor.execute("CREATE DATABASE app")
    for user in ("root_", "app"):
        server.connect(user=user).close()  # fills the cache of caching_sha2_password
