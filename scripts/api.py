#!/usr/bin/env python3
"""Writes docs/api.md, the page of all public names, from their signatures and docstrings.

usage: scripts/api.py
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
ROOT = Path(__file__).parents[1]
PACKAGE = "pytest_rdsfailover"
PAGE = ROOT / "docs" / "api.md"

HEAD = """# Names

<!-- Written by scripts/api.py from docstrings and signatures: change those, and run it. -->

What a test, a `conftest.py` or an annotation may name, all of it `from pytest_rdsfailover import
...`. Everything else in the package is private: it may change or move in any release.

```python
from pytest_rdsfailover import Cluster, RunTrial


def test_orders_survive_failover(rds_trial: RunTrial, rds_cluster: Cluster) -> None:
    trial = rds_trial(rds_cluster.writer_endpoint, writers=16, rate=500)
    assert trial.downtime < 2.0
```

With such annotations an editor completes arguments and fields, and mypy and pyright refuse
`writer=16`. Options, fixtures and markers are in the [reference](reference.md).
"""
GROUPS = {
    "What the fixtures give": (
        "RunTrial RunTrials StartLoad LoadBlock Load AwaitedLoad FailOver Cluster BlueGreen StartCluster Proxy AwsApi Faults DatabaseFaults"
    ),
    "Options": (
        "LoadOptions TrialOptions HttpWorkload LambdaWorkload ProcessWorkload ReconnectPolicy Bounds BeginAttempt Attempt Expectations Claims"
    ),
    "A trial": (
        "Trial Figure Window Incident Phase Latency Percentiles Quantiles Milestone Pulse Reliability"
        " Attempts Reads Finding Complaint"
    ),
    "Repeats": "Trials Sample Population",
    "Endpoints": "Endpoint Tls",
    "RDS Proxy": "ProxyStats ProxySettings ProxyChanges Pin",
    "Hooks": "Failover OwnFault Outcome Fault",
    "Toxiproxy": "ToxiproxyClient ToxiproxyProxy Toxic ToxicOptions ToxicDescription",
    "Errors": (
        "RdsFailoverError UndecidedError InvalidTrialError InvalidTrialsError ResumedVerdictError SettingError UnfitLoadError"
        " UnsafeError FailoverInProgressError NotHereError NotReadyError DiedError StoppedError AuditError LoadError"
        " CancelledWorkError ExitedWorkError ServerError CommandError GatewayError ToldError ToxiproxyError AwsError"
        " RefusedError LedgerError PreflightError LostWatchError TouchError LeftBehindWarning UnaskedFindingWarning UnreliableTrialsWarning NotResumedWarning"
    ),
}
# Methods and fields without an underscore that only the package itself calls.
INNER = {
    "Figure.between", "Figure.decide", "Figure.deciding_rate", "Figure.doubted", "Figure.exact",
    "Figure.unproven", "Figure.what_would_tell", "Figure.reciprocal",
    "Figure.words", "Endpoint.moves", "ProxySettings.but", "ProxySettings.of",
    "ProxySettings.most", "ProxySettings.most_idle", "ProxySettings.excludes_variable_sets",
    "HttpWorkload.open", "HttpWorkload.write", "HttpWorkload.close", "LambdaWorkload.open", "LambdaWorkload.write", "LambdaWorkload.close", "ProcessWorkload.open", "ProcessWorkload.write", "ProcessWorkload.close",
    "ReconnectPolicy.leaves", "ReconnectPolicy.wait", "Sample.of_plain", "Sample.plain", "Trial.of",
}  # fmt: skip
MADE = {
    "HttpWorkload",
    "LambdaWorkload",
    "ProcessWorkload",
    "ReconnectPolicy",
    "Bounds",
    "OwnFault",
    "Milestone",
    "Fault",
}  # by users
PLACED = set(" ".join(GROUPS.values()).split())
CHOICE = re.compile(r"^(\w+) = (Literal\[[^]]+\])$", re.MULTILINE)
NAME = re.compile(r"\b[A-Z]\w+\b")
SECTION = re.compile(r"^(Args|Attributes|Raises):\n((?:(?: {4}.*)?\n?)+)", re.MULTILINE)
ENTRY = re.compile(r"^ {4}(\w+): ((?:.*\n?)(?: {8}.*\n?)*)", re.MULTILINE)


def choices() -> dict[str, str]:
    """Return what the package's names for a choice of texts stand for."""
    modules = sorted((ROOT / PACKAGE).rglob("*.py"))
    named = [CHOICE.findall(path.read_text()) for path in modules]
    return {name: ast.unparse(ast.parse(texts)) for pairs in named for name, texts in pairs}


CHOICES = choices()


def spelt(types: str) -> str:
    """Return types with each choice spelt out."""
    return NAME.sub(lambda name: CHOICES.get(name[0], name[0]), types)


class Source:
    """A class of the package as its source says it.

    Attributes:
        name: its name.
        text: its docstring without the sections.
        about: for each section of the docstring, what it says of each name.
        inherited: the classes of ours that it derives from, the nearest first.
    """

    def __init__(self, module: str, name: str) -> None:
        self.name = name
        path = ROOT / PACKAGE / f"{module.replace('.', '/')}.py"
        tree = ast.parse(path.read_text())
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        self.node = classes[name]
        docstring = ast.get_docstring(self.node) or ""
        self.text, self.about = parsed(docstring)
        homes = {
            alias.name: (node.module or "").removeprefix(f"{PACKAGE}.")
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}.")
            for alias in node.names
        } | dict.fromkeys(classes, module)
        self.bases = [ast.unparse(base) for base in self.node.bases]
        self.inherited = [Source(homes[base], base) for base in self.bases if base in homes]

    @property
    def family(self) -> "list[Source]":
        """Return it and what it derives from, the nearest last; without what has a place of its own."""
        inner = [base for base in self.inherited if base.name not in PLACED]
        return [ancestor for base in inner for ancestor in base.family] + [self]

    def fields(self) -> Iterator[tuple[str, str, str]]:
        """Yield name, type and meaning of each field; a record's inherited ones come first."""
        is_record = bool(self.node.decorator_list)
        for kind in self.family if is_record else reversed(self.family):
            types = {
                node.target.id: spelt(ast.unparse(node.annotation))
                for node in kind.node.body
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
            }
            for name, meaning in kind.about.get("Attributes", {}).items():
                yield name, types.get(name, ""), meaning

    def functions(self) -> Iterator[Function]:
        """Yield the public methods and properties, inherited ones first; no overload twice."""
        for kind in self.family:
            for node in kind.node.body:
                if not isinstance(node, Function) or f"{self.name}.{node.name}" in INNER:
                    continue
                if not node.name.startswith("_") or node.name == "__call__":
                    yield node

    def construction(self) -> str:
        """Return how a user makes it: its fields with their defaults; nothing for others."""
        made = [ast.unparse(decorator) for decorator in self.node.decorator_list]
        if self.name not in MADE:
            return ""
        fields = []
        for node in self.node.body:
            if isinstance(node, ast.AnnAssign):
                default = "" if node.value is None else f"={shortened(ast.unparse(node.value))}"
                fields.append(f"{ast.unparse(node.target)}{default}")
        star = "*, " if any("kw_only=True" in decorator for decorator in made) else ""
        return f"({star}{', '.join(fields)})"


def shortened(default: str) -> str:
    """Return a default as a reader wants it: what a factory makes, or `...` for a name of ours."""
    factory = re.search(r"default_factory=(\w+)", default)
    if factory:
        return f"{factory[1]}()"
    plain = re.search(r"default=(\w+)", default)
    return plain[1] if plain else default if not re.match(r"[A-Z]{2}", default) else "..."


def parsed(docstring: str) -> tuple[str, dict[str, dict[str, str]]]:
    """Return a docstring's text, and what its sections say of each name."""
    about = {
        title: {name: joined(meaning) for name, meaning in ENTRY.findall(body)}
        for title, body in SECTION.findall(f"{docstring}\n")
    }
    return SECTION.sub("", f"{docstring}\n").strip(), about


def joined(text: str) -> str:
    """Return a text on one line, safe in a table."""
    return " ".join(text.split()).replace("|", "\\|")


def signature(node: Function) -> str:
    """Return a method as it is called, with types; a property by its name alone."""
    returns = "" if node.returns is None else spelt(ast.unparse(node.returns).strip("'"))
    if any(ast.unparse(decorator) == "property" for decorator in node.decorator_list):
        return f"{node.name}: {returns}"
    arguments = spelt(re.sub(r"^self(, /)?(, )?", "", ast.unparse(node.args)))
    # What is taken only to be refused is no argument.
    arguments = arguments.replace("*unnamed: Never, **", "**").replace("*unnamed: Never", "*")
    name = "" if node.name == "__call__" else node.name
    if any(ast.unparse(decorator) == "contextmanager" for decorator in node.decorator_list):
        returns = returns.replace("Iterator[", "AbstractContextManager[")
    arguments = re.sub(r"(?<![<>=!])=(?!=)", " = ", arguments)
    awaited = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    return f"{awaited}{name}({arguments}) -> {returns}"


def table(heading: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; none without rows."""
    if rows:
        yield from ("", heading, "|" + "---|" * heading.count("|", 1))
        yield from (f"| {' | '.join(row)} |" for row in rows)


def shown(kind: Source) -> Iterator[str]:
    """Yield the lines about a class."""
    yield f"### `{kind.name}{kind.construction()}`"
    yield ""
    yield kind.text
    for base in kind.bases:
        if base in PLACED:
            yield from ("", f"It has all that `{base}` has, and:")
    fields = [
        (f"`{name}: {of}`".replace("|", "\\|") if of else f"`{name}`", meaning)
        for name, of, meaning in kind.fields()
    ]
    yield from table("| field | meaning |", fields)
    methods = []
    for node in kind.functions():
        text, about = parsed(ast.get_docstring(node) or "")
        if node.name == "__call__":
            yield from called(node, text, about)
        else:
            methods.append((f"`{signature(node)}`".replace("|", "\\|"), meaning_of(text, about)))
    yield from table("| has | meaning |", methods)
    yield ""


def called(node: Function, text: str, about: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield the lines about what is called itself, as a fixture that gives a function."""
    yield from ("", "```python", signature(node).strip(), "```", "", text)
    given = about.get("Args", {}).items()
    yield from table("| argument | meaning |", [(f"`{name}`", what) for name, what in given])
    raised = about.get("Raises", {}).items()
    yield from table(
        "| raises | if |", [(f"`{name}`", what.removeprefix("if ")) for name, what in raised]
    )


def meaning_of(text: str, about: dict[str, dict[str, str]]) -> str:
    """Return what a method does, with what it raises."""
    raised = [f"`{name}` {what.rstrip('.')}" for name, what in about.get("Raises", {}).items()]
    return joined(text) + (f" Raises {'; '.join(raised)}." if raised else "")


def page(homes: dict[str, str]) -> str:
    """Return the page.

    Args:
        homes: the module of each public name, without the package's own name.
    """
    lines = [HEAD]
    for title, names in GROUPS.items():
        lines += [f"## {title}", ""]
        if title == "Errors":
            rows = []
            for name in names.split():
                kind = Source(homes[name], name)
                rows.append((f"`{name}`", f"`{kind.bases[0]}`", joined(kind.text)))
            lines += [*list(table("| error | is a | meaning |", rows))[1:], ""]
        else:
            for name in names.split():
                lines += shown(Source(homes[name], name))
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    import pytest_rdsfailover

    PAGE.write_text(page(pytest_rdsfailover._HOME))  # noqa: SLF001 - made for this page
