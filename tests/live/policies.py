"""The documented policy, as sets of actions."""

import json
from pathlib import Path

POLICY = json.loads((Path(__file__).parents[2] / "docs" / "iam-policy.json").read_text())
SWITCHOVER = "OnlyForTriggerSwitchover"  # what needs a region of its own to be seen
BLUE_GREEN = "OnlyForTriggerBlueGreen"  # what test_live_blue_green.py holds to its calls
FUNCTIONS = "OnlyForFunctions"  # what test_live_functions.py holds to its calls
# What no call of ours shows: the right to log in, to decrypt a secret's own key, and to let FIS make
# its role. What RDS does for a switchover it does with the caller's rights.
UNSEEN = {
    "rds-db:connect", "kms:Decrypt", "iam:CreateServiceLinkedRole", "rds:ModifyDBCluster",
    "rds:PromoteReadReplicaDBCluster",
}  # fmt: skip


def allowed(*, without=(), only=""):
    """Return the actions of all statements whose names begin so, or not so."""
    found = set()
    for statement in POLICY["Statement"]:
        if statement["Sid"].startswith(only) and not statement["Sid"].startswith(tuple(without)):
            action = statement["Action"]
            found.update([action] if isinstance(action, str) else action)
    return found
