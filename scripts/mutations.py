"""Which changes a source may have: one rule at a time, as scripts/mutants plants them."""

import ast
import copy
import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import eq

OTHER = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div,
    ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr,
}  # fmt: skip
NAMESAKE = {"any": "all", "all": "any", "min": "max", "max": "min"}


@dataclass(frozen=True)
class Mutant:
    """One change: of which file, which one of its changes, what it reads like."""

    module: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.module}.py: {self.text}"


def changes(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901, PLR0912 - one case for each sort
    """Yield what may stand in a node's place."""

    def but(**fields: object) -> ast.AST:
        changed = copy.copy(node)
        for name, value in fields.items():
            setattr(changed, name, value)
        return changed

    def negated(test: ast.expr) -> ast.expr:
        return ast.UnaryOp(ast.Not(), test)

    match node:
        case ast.Compare(ops=[first, *rest]):
            yield but(ops=[OTHER[type(first)](), *rest])
            for at, last in enumerate(rest, 1):
                yield but(ops=[*node.ops[:at], OTHER[type(last)](), *node.ops[at + 1 :]])
        case ast.BoolOp(op=op) | ast.BinOp(op=op) if type(op) in OTHER:
            yield but(op=OTHER[type(op)]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield but(value=not value)
        case ast.Constant(value=int(value) | float(value)):
            yield but(value=value + 1)
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield but(test=negated(test))
        case ast.comprehension(ifs=[test, *rest]):
            yield but(ifs=[negated(test), *rest])
        case ast.Call(func=ast.Name(id=name)) if name in NAMESAKE:
            yield but(func=ast.Name(NAMESAKE[name], ast.Load()))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield but(value=ast.Constant(None))
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Raise():
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()


def is_no_rule(node: ast.AST) -> bool:
    """Tell what is left as it is: what is for people and type checkers, and settings.

    A setting is what a module gives a name to; a test could only repeat it.
    """
    match node:
        case ast.FunctionDef(name="__repr__") | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id="__tracebackhide__")]) | ast.keyword(arg="strict"):
            return True
        case ast.Assign(targets=[ast.Name(id=name) | ast.Tuple(elts=[ast.Name(id=name), *_])]):
            return name[0].isupper()
        case ast.AnnAssign(target=ast.Name(id=name)):
            return name[0].isupper()
    return False


class Planting(ast.NodeTransformer):
    """Makes the change of a number in a tree, and counts those that could be made."""

    def __init__(self, wanted: int = -1) -> None:
        self.wanted, self.count = wanted, 0

    def visit(self, node: ast.AST) -> ast.AST | None:
        """Visit a node: change it, or what is in it."""
        if is_no_rule(node):
            return node
        for changed in changes(node):
            self.count += 1
            if self.count - 1 == self.wanted:
                return changed
        names = (*SPARED, "keywords") if isinstance(node, ast.ClassDef) else SPARED
        spared = {name: getattr(node, name) for name in names if hasattr(node, name)}
        for name, value in spared.items():
            setattr(node, name, [] if isinstance(value, list) else None)
        self.generic_visit(node)
        for name, value in spared.items():
            setattr(node, name, value)
        return node


SPARED = ("annotation", "returns", "decorator_list")


def changed(source: str, number: int) -> str:
    """Return a source with the change of that number, as Python writes it."""
    planting = Planting(number)
    tree = planting.visit(ast.parse(source))
    if planting.count <= number:
        raise ValueError(f"there is no change {number}")
    return ast.unparse(ast.fix_missing_locations(tree))


def mutant(module: str, source: str, number: int) -> Mutant:
    """Return the change of that number of a module."""
    rest = number
    for statement, there in statements(source):
        if rest < there:
            return Mutant(module, number, difference(statement, rest))
        rest -= there
    raise ValueError(f"there is no change {number}")


def difference(source: str, number: int) -> str:
    """Return the lines that the change of that number replaces, and what replaces them."""
    before, after = source.splitlines(), changed(source, number).splitlines()
    first = alike(before, after)
    behind = alike(before[first:][::-1], after[first:][::-1])
    old, new = (
        " ".join(line.strip() for line in lines[first : len(lines) - behind])
        for lines in (before, after)
    )
    return f"{old} -> {new}"


def alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many parts two sequences begin with in common."""
    return sum(1 for _ in itertools.takewhile(bool, map(eq, one, other)))


@functools.cache
def statements(source: str) -> list[tuple[str, int]]:
    """Return a module's statements as Python writes them, each with how many changes it has.

    To write a whole module for each of its changes would take seconds.
    """
    return [(ast.unparse(node), count_in(node)) for node in ast.parse(source).body]


def count(source: str) -> int:
    """Return how many changes a module has."""
    return count_in(ast.parse(source))


def count_in(tree: ast.AST) -> int:
    """Return how many changes a tree has."""
    counting = Planting()
    counting.visit(tree)
    return counting.count
