"""examples/aws-stack: its nightly run, as its template has it, passes in a region like the template's."""

import json
import re
import shlex
import shutil
from pathlib import Path
from string import Template

import pytest
from fitness import fit, unfit_line
from regions import ACCOUNT

pytestmark = pytest.mark.local
STACK = Path(__file__).parents[2] / "examples" / "aws-stack"
TEMPLATE = json.loads((STACK / "template.json").read_text())
VARIABLE = re.compile(r"\$([A-Z_]+)")
OF_CODEBUILD = {"AWS_REGION"}


def properties(kind):
    """Return the properties of the only resource of a kind."""
    (found,) = (each for each in TEMPLATE["Resources"].values() if each["Type"] == kind)
    return found["Properties"]


def command():
    """Return the command of the nightly run."""
    build = json.loads(properties("AWS::CodeBuild::Project")["Source"]["BuildSpec"])
    (line,) = build["phases"]["build"]["commands"]
    return line


def test_the_nightly_run_is_given_every_variable_that_it_names():
    given = properties("AWS::CodeBuild::Project")["Environment"]["EnvironmentVariables"]
    assert set(VARIABLE.findall(command())) <= {each["Name"] for each in given} | OF_CODEBUILD


@pytest.fixture
def nightly(pytester, stand_in, monkeypatch):
    """Run what CodeBuild runs, where the template's tags are on the cluster, and its proxy is there."""
    cluster = stand_in.cluster
    tags = {tag["Key"]: tag["Value"] for tag in properties("AWS::RDS::DBCluster")["Tags"]}
    stand_in.tag(**{name.replace(":", "__"): value for name, value in tags.items()})
    shutil.copytree(STACK / "suite", pytester.path, dirs_exist_ok=True)
    shutil.copy(cluster.writer_endpoint.tls.ca, pytester.path / "rds-ca.pem")
    values = {
        "CLUSTER": cluster.aws.cluster, "ACCOUNT": ACCOUNT, "AWS_REGION": "us-east-2",
        "SECRET": stand_in.described["MasterUserSecret"]["SecretArn"], "PROXY": "rdsfailover-proxy",
    }  # fmt: skip
    asked = shlex.split(Template(command()).substitute(values))[1:]
    here = (
        f"--rds-endpoint-url={stand_in.url}", f"--rds-schema={cluster.writer_endpoint.database}",
        "--rds-min-interval=0s", "--rds-poll=200ms", "--rds-warmup=500ms", "--rds-cooldown=100ms",
    )  # fmt: skip

    def run(*more):
        cache = pytester.path / "cache"  # where it counts its failovers
        shutil.rmtree(cache, ignore_errors=True)
        monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
        return pytester.runpytest_subprocess(*asked, *here, *more)

    return run


def test_a_dry_run_of_the_nightly_run_says_what_it_would_do(nightly):
    done = nightly("--rds-dry-run")
    done.assert_outcomes(skipped=2)
    assert "tag rdsfailover:allowed=true" in done.stdout.str()


def test_the_nightly_run_passes_through_the_cluster_and_through_the_proxy(nightly, pytester):
    done = fit(nightly, unfit_line)
    done.assert_outcomes(passed=2)
    written = {path.name for path in (pytester.path / "result").iterdir()}
    assert written == {"result.json", "page", "audit.jsonl"}
