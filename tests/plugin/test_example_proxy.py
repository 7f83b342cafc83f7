"""The proxy's example runs as its page says, and a pinned session is named where a test fails."""

import shutil
from pathlib import Path

from fitness import fit, unfit_line

EXAMPLE = Path(__file__).parents[2] / "examples" / "proxy"


def test_the_proxy_s_example_passes(project):
    shutil.copytree(EXAMPLE, project.path / "proxy")

    arguments = ("proxy", "--rds-toxiproxy=builtin")
    result = fit(lambda: project.runpytest_subprocess(*arguments), unfit_line)

    result.assert_outcomes(passed=4)


def test_a_pin_is_told_with_session_reason_and_statement(project):
    project.makepyfile(
        """
        def test_pins(rds_cluster):
            with rds_cluster.proxy_endpoint.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SET @row = 0")
                assert rds_cluster.proxy.pins == []
        """
    )

    result = project.runpytest_subprocess("-vv", "--rds-toxiproxy=builtin")

    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "reason='user variable'" in text
    assert "statement='SET @row = 0'" in text
