"""Changes of a module, one at a time, as cosmic-ray makes them, and a draw among them."""

from __future__ import annotations

import ast
import difflib
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import indent

# Replacements that still run: a shift of floats would be killed by any call.
KEPT = re.compile(
    r"ReplaceBinaryOperator_(Add|Sub|Mul|Div|FloorDiv|Mod|Pow)_(Add|Sub|Mul|Div)"
    r"|ReplaceBinaryOperator_Bit(Or_BitAnd|And_BitOr)"
    r"|ReplaceComparisonOperator_\w*(Eq|Lt|Gt|LtE|GtE)_(Eq|NotEq|Lt|LtE|Gt|GtE)"
    r"|ReplaceComparisonOperator_(Is_IsNot|IsNot_Is)"
    r"|ReplaceUnaryOperator_Delete_\w+"
    r"|AddNot|Replace(TrueWithFalse|FalseWithTrue|AndWithOr|OrWithAnd)"
    r"|Replace(BreakWithContinue|ContinueWithBreak)|NumberReplacer|ZeroIterationForLoop"
)


@dataclass(frozen=True)
class Mutant:
    """One change: where it is, its operator, and which of that operator's places it takes."""

    path: str
    line: int
    column: int
    operator: str
    occurrence: int
    index: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}:{self.operator}:{self.index}"

    def changed(self, source: str) -> str:
        """Text of the changed module."""
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        operator = get_operator(f"core/{self.operator}")()
        return str(mutate_code(source, operator, self.occurrence))


@dataclass(frozen=True)
class Change:
    """A mutant carried out: the text of its module, the lines that go and those that come."""

    mutant: Mutant
    code: str
    old: str
    new: str

    @classmethod
    def of(cls, mutant: Mutant, source: str) -> Change:
        """Carry it out."""
        code = mutant.changed(source)
        return cls(mutant, code, *difference(source, code))

    def shown(self) -> str:
        """Both lines, as a difference."""
        return indent(self.old, "    -") + "\n" + indent(self.new, "    +")


def mutants_of(path: str, source: str) -> Iterator[Mutant]:
    """Every change of one module."""
    import parso.python.tree  # noqa: F401  (cosmic-ray imports its modules in an order that fails)
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    tree, asleep = get_ast(source), _asleep(source)
    for name in operator_names():
        short = name.removeprefix("core/")
        if not KEPT.fullmatch(short):
            continue
        operator = get_operator(name)()
        seen: dict[tuple[int, int], int] = defaultdict(int)
        positions = (at for node in ast_nodes(tree) for at in operator.mutation_positions(node))
        for occurrence, (start, _) in enumerate(positions):
            index = seen[start]
            seen[start] += 1
            if not any(low <= start < high for low, high in asleep):
                yield Mutant(path, *start, short, occurrence, index)


def _asleep(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where annotations and imports for them stand, which nothing runs, and classes are frozen."""
    found: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(node.returns)
        elif isinstance(node, ast.ClassDef):
            found += node.decorator_list
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found.append(node.test)
    return [
        ((one.lineno, one.col_offset), (one.end_lineno or 0, one.end_col_offset or 0))
        for one in found
        if one is not None
    ]


def draw(
    mutants: Sequence[Mutant], sources: Mapping[str, str], count: int, seed: int
) -> list[Mutant]:
    """As many places as are wanted, in random order, and at each one of its changes."""
    places: dict[tuple[str, int, int], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        places[mutant.path, mutant.line, mutant.column].append(mutant)
    generator = random.Random(seed)
    drawn: list[Mutant] = []
    for place in generator.sample(sorted(places), len(places)):
        mutant = generator.choice(places[place])
        if len(drawn) < count and _is_python(mutant.changed(sources[mutant.path])):
            drawn.append(mutant)
    return drawn


def _is_python(code: str) -> bool:
    """Whether it parses: the star of a signature cannot be another operator."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def difference(source: str, changed: str) -> tuple[str, str]:
    """Lines that a change takes away, and those that it puts in their place."""
    lines = difflib.unified_diff(source.splitlines(), changed.splitlines(), lineterm="", n=0)
    said = list(lines)[2:]
    old, new = ("\n".join(one[1:] for one in said if one.startswith(sign)) for sign in "-+")
    return old, new
