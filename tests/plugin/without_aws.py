"""A plugin of runs that find no boto3, as where the extra is not installed: its API starts slowly."""

import sys

sys.modules["boto3"] = None  # type: ignore[assignment] # an import of it fails
