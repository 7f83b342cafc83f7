"""The template without the CDK's command line: `python synthesis.py` renews template.json."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks
from stack import FailoverStack, Settings

HERE = Path(__file__).parent
KEPT = HERE / "template.json"
EMPTY = b"PK\5\6" + bytes(18)  # a zip: what is packed does not matter to the template


def synthesise(**context: str) -> dict[str, Any]:
    """Return the stack's template, with other settings than those of cdk.json.

    Raises:
        RuntimeError: if cdk-nag finds what exceptions.py does not name.
    """
    with tempfile.TemporaryDirectory(prefix="rdsfailover-stack-") as directory:
        packed = Path(directory) / "empty.zip"
        packed.write_bytes(EMPTY)
        usual = json.loads((HERE / "cdk.json").read_text())["context"]
        both = {"package": str(packed), "suite": str(packed)}
        app = cdk.App(context=usual | both | context, outdir=f"{directory}/out")
        stack = FailoverStack(app, "rdsfailover", Settings.of(app.node))
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        template: dict[str, Any] = app.synth().get_stack_artifact(stack.artifact_id).template
        return template


def text(template: dict[str, Any]) -> str:
    """Return a template as it is kept."""
    return json.dumps(template, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    KEPT.write_text(text(synthesise()))
    sys.stdout.write(f"{KEPT.name} is that of stack.py now\n")
