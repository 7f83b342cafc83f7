"""The documented policy, as sets of actions."""

import json
from pathlib import Path

POLICY = json.loads((Path(__file__).parents[2] / "docs" / "iam-policy.json").read_text())
SWITCHOVER = "OnlyForTriggerSwitchover"  # what needs a region of its own to be seen
# What no call of ours shows: the right to log in, to decrypt a secret's own key, and to let FIS make
# its role.
UNSEEN = {"rds-db:connect", "kms:Decrypt", "iam:CreateServiceLinkedRole"}


def allowed(*, without=None, only=None):
    """Return the actions of all statements, of all but one, or of one only."""
    found = set()
    for statement in POLICY["Statement"]:
        if statement["Sid"] != without and only in (None, statement["Sid"]):
            action = statement["Action"]
            found.update([action] if isinstance(action, str) else action)
    return found
