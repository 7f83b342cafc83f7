"""examples/aws-stack: its template is sound, and the nightly run may do what the docs say, and no more."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STACK = ROOT / "examples" / "aws-stack"
NEEDED = [
    "LookOnly", "FailOverTheOneCluster", "ReadItsSecret", "OnlyForFunctions",
    "OnlyForFunctionsWithoutTheirOwnConcurrency", "OnlyForFunctionsBucket",
]  # fmt: skip
# A Ref that CDK names as a dependency, too.
LINT = [
    Path(sys.executable).with_name("cfn-lint"),
    "--ignore-checks",
    "W3005",
    "--format",
    "json",
    "--",
    STACK / "template.json",
]


def listed(value):
    return [value] if isinstance(value, str) else value


def statements(document):
    return {each["Sid"]: each for each in document["Statement"] if "Sid" in each}


def test_cfn_lint_finds_nothing_in_the_template_but_a_planted_mistake(tmp_path):
    """In one run: it takes seconds to start."""
    template = json.loads((STACK / "template.json").read_text())
    cluster = next(
        each for each in template["Resources"].values() if each["Type"] == "AWS::RDS::DBCluster"
    )
    cluster["Properties"]["StorageEncripted"] = True
    planted = tmp_path / "planted.json"
    planted.write_text(json.dumps(template))
    done = subprocess.run(
        [*LINT, planted], capture_output=True, text=True, check=False, timeout=120
    )
    found = json.loads(done.stdout)
    assert {each["Filename"] for each in found} == {str(planted)}, done.stdout + done.stderr
    assert ["StorageEncripted" in each["Message"] for each in found] == [True]


def test_the_nightly_run_may_do_what_the_policy_says():
    template = json.loads((STACK / "template.json").read_text())
    policy = statements(json.loads((ROOT / "docs" / "iam-policy.json").read_text()))
    granted = {}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy":
            granted |= statements(resource["Properties"]["PolicyDocument"])
    assert sorted(granted) == sorted(NEEDED)
    for name in NEEDED:
        # Its secret has AWS's own key, which needs no grant.
        asked = [action for action in listed(policy[name]["Action"]) if "kms:" not in action]
        assert sorted(listed(granted[name]["Action"])) == sorted(asked)
        assert granted[name].get("Condition") == policy[name].get("Condition")


def test_the_stack_is_what_its_template_says():
    """Its own tests, where the CDK is installed."""
    pytest.importorskip("cdk_nag", reason="pip install -r examples/aws-stack/requirements.txt")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:rdsfailover", "-p", "no:cacheprovider", "test_stack.py"],
        cwd=STACK, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
