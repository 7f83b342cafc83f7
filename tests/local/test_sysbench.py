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


LOAD = ("--threads=4", "--events=12", "--time=30")
WRITERS, READERS = ("cluster", "writer instance", "proxy"), ("reader", "instance", "proxy-reader")


def endpoint_of(cluster, name):
    return {
        "cluster": lambda: cluster.writer_endpoint,
        "writer instance": lambda: cluster.instance_endpoint(cluster.writer),
        "reader": lambda: cluster.reader_endpoint,
        "instance": lambda: cluster.instance_endpoint(cluster.readers[0]),
        "proxy": lambda: cluster.proxy_endpoint,
        "proxy-reader": lambda: cluster.proxy_reader_endpoint,
    }[name]()


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("prepared", ["auto", "disable"])
def test_it_reads_through_all_endpoints_and_writes_through_the_writers(resting, sysbench, prepared):
    scripts = [("oltp_read_only", name) for name in (*WRITERS, *READERS)]
    scripts += [(script, name) for name in WRITERS for script in ("oltp_read_write", "oltp_insert")]
    for script, name in scripts:
        options = (*LOAD, f"--db-ps-mode={prepared}")
        status, printed = sysbench(endpoint_of(resting, name), script, "run", *options)

        assert status == 0, (script, name, printed)
        assert "total number of events:              12" in printed


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("prepared", ["auto", "disable"])
@pytest.mark.parametrize("name", READERS)
def test_a_reader_refuses_its_writes(resting, sysbench, name, prepared):
    options = ("--events=1", f"--db-ps-mode={prepared}")
    status, printed = sysbench(endpoint_of(resting, name), "oltp_insert", "run", *options)

    assert status != 0
    assert "1290" in printed or "1836" in printed
