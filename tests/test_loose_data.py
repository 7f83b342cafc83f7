"""Between our own modules travel typed records: `dict[str, Any]` stands where data comes from outside."""

import re
from pathlib import Path

import pytest
from test_layers import PACKAGE, sources

ROOT = Path(__file__).parents[1] / PACKAGE
# How often a file says of a mapping that it may hold anything, and whose data that is.
ALLOWED = {
    "AWS's answers, by boto3": {
        "aws/client": 1, "live/deployments": 1, "live/event_texts": 3, "live/experiments": 2,
        "live/facts": 10,
        "live/region": 1,
    },
    "requests to AWS, and moto's own objects": {
        "local/aws_api/calls": 1, "local/aws_api/experiments": 2, "local/aws_api/fis": 4,
        "local/aws_api/identifiers": 2, "local/aws_api/lambda_messages": 2, "local/aws_api/limits": 1,
        "local/aws_api/pages": 1, "local/aws_api/proxy_calls": 1, "local/aws_api/rds": 1,
        "local/aws_api/rds_deployments": 1,
    },
    "a document of JSON or TOML, about to become a record": {
        "local/aws_api/shown": 1, "local/gateway/proxy/settings": 2, "local/profiles/profiles": 1, "local/profiles/tables": 1,
        "local/profiles/recorder": 1, "local/profiles/switchovers": 1, "local/toxiproxy/client": 2, "model/typed": 1,
    },
    "what a user typed, about to become a record that refuses what it cannot be": {
        "cli/cluster_options": 1, "plugin/option_values": 7, "trial/planning": 1,
    },
    "arguments of functions that are not ours": {
        "local/dns/names": 2, "mysql/driver": 2, "plugin/options": 1, "report/trial_schema": 1,
    },
    "the fields of one of our records, by their names": {"live/credentials": 2, "model/traffic": 2},
}  # fmt: skip
LOOSE = re.compile(r"\w\[\s*str,\s*Any,?\s*\]")


def loose(source):
    """Return how often a source says `[str, Any]`, in quotes as well."""
    return len(LOOSE.findall(source))


def test_mappings_of_anything_stand_where_data_comes_from_outside_and_nowhere_else():
    found = {module: loose(source) for module, source in sources(ROOT).items()}
    allowed = {file: count for files in ALLOWED.values() for file, count in files.items()}

    assert {module: count for module, count in found.items() if count} == allowed


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("def shown() -> dict[str, Any]: ...", 1),
        ("def show(options: Mapping[str, Any], more: 'Any'): ...", 1),
        ("Plain = dict[str, list['dict[\n    str, Any\n]']]", 1),
        ("def show(options: Mapping[str, object], more: Any): ...", 0),
    ],
)
def test_a_planted_mapping_of_anything_is_counted(line, count):
    assert loose(line) == count
