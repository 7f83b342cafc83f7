"""The blocks of code in the documents, and where each of them is run."""

import ast
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Python that is run elsewhere, by a piece of it: it takes many failovers, several clusters, many
# processes, another package, or the extra `aws` or `lambda`.
ELSEWHERE = {
    "AwsWrapperConnection.connect(": "tests/local/test_aws_wrapper.py",
    "claims=": "tests/plugin/test_rds_trials.py",
    "def orders(rds_aws, package)": "tests/local/test_lambda_workload.py",
    'engine="fast"': "tests/local/test_load_fast.py",
    "functions=50": "tests/local/test_function_trials.py",
    'HttpWorkload(url="http://127.0.0.1:8080': "examples/fastapi/test_service.py",
    "LambdaWorkload(": "tests/local/test_lambda_workload.py",
    'return {"tries": tries}': "tests/local/test_lambda_workload.py",
    'load="precise"': "examples/precise/test_precise.py",
    "processes=4": "tests/local/test_load_processes.py",
    "rds_aws.impaired(": "tests/local/test_aws_impaired.py",
    "rds_clusters()": "tests/plugin/test_project_fixtures.py",
    "rds_trials(15)": "examples/article/test_article.py",
}


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        page: the name of its page, without a suffix.
        number: which block of the page it is.
        kind: the language that its fence names.
        code: what stands in it.
    """

    page: str
    number: int
    kind: str
    code: str

    @property
    def is_signature(self):
        """Whether it is one of the signatures that `scripts/api.py` writes."""
        return self.page == "api" and self.code.startswith("(")

    @property
    def is_in_an_example(self):
        """Whether it stands in an example, to the letter; those are run by the suite."""
        return self.code in EXAMPLES

    @property
    def elsewhere(self):
        """Return the files that run it instead; empty for none."""
        return [path for piece, path in ELSEWHERE.items() if piece in self.code]

    @property
    def tree(self):
        return ast.parse(textwrap.dedent(self.code))


EXAMPLES = "\n".join(
    path.read_text("utf-8")
    for path in sorted((ROOT / "examples").rglob("*"))
    if path.suffix in {".py", ".ini", ".yml"}
)


def blocks(kind, text=None, page="page"):
    """Return the blocks of a kind: of a text, else of all pages."""
    if text is None:
        return [each for path in PAGES for each in blocks(kind, path.read_text("utf-8"), path.stem)]
    return [
        Block(page, number, found, code)
        for number, (found, code) in enumerate(BLOCK.findall(text))
        if found == kind
    ]
