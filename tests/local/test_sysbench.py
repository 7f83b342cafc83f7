"""sysbench runs against every endpoint, with prepared statements and without."""

import shutil
import subprocess

import pytest

pytestmark = [
    pytest.mark.local,
    pytest.mark.skipif(
        shutil.which("sysbench") is None, reason="no sysbench on PATH: apt-get install sysbench"
    ),
]

SIZE = ("--tables=2", "--table-size=500")


@pytest.fixture
def sysbench(tmp_path):
    """Return a function that runs one of sysbench's scripts and returns what it printed."""

    def run(endpoint, script, command, *options):
        config = tmp_path / "sysbench.conf"  # a password must not stand among the arguments
        config.touch(mode=0o600)
        config.write_text(
            f"mysql-host={endpoint.host}\nmysql-port={endpoint.port}\nmysql-db={endpoint.database}\n"
            f"mysql-user={endpoint.user}\nmysql-password={endpoint.password}\n"
        )
        argv = ["sysbench", f"--config-file={config}", "--db-driver=mysql", *SIZE, *options]
        done = subprocess.run(
            [*argv, script, command], capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture
def tables(resting, sysbench):
    writer = resting.writer_endpoint
    status, printed = sysbench(writer, "oltp_read_write", "prepare")
    assert status == 0, printed
    yield
    status, printed = sysbench(writer, "oltp_read_write", "cleanup")
    assert status == 0, printed


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("prepared", ["auto", "disable"])
def test_it_writes_through_the_writer_and_reads_through_readers(resting, sysbench, prepared):
    load = ("--threads=4", "--events=60", "--time=30", f"--db-ps-mode={prepared}")
    instance = resting.instance_endpoint(resting.readers[0])
    for endpoint, script in (
        (resting.writer_endpoint, "oltp_read_write"),
        (resting.reader_endpoint, "oltp_read_only"),
        (instance, "oltp_read_only"),
        (resting.proxy_endpoint, "oltp_read_write"),
        (resting.proxy_reader_endpoint, "oltp_read_only"),
    ):
        status, printed = sysbench(endpoint, script, "run", *load)
        assert status == 0, printed
        assert "total number of events:              60" in printed


@pytest.mark.usefixtures("tables")
def test_a_reader_refuses_its_writes(resting, sysbench):
    for endpoint in (resting.reader_endpoint, resting.proxy_reader_endpoint):
        status, printed = sysbench(endpoint, "oltp_insert", "run", "--events=1")

        assert status != 0
        assert "1290" in printed or "1836" in printed
