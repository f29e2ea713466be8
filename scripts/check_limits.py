"""Holds the package to its house style: lengths of files and functions, documented names, plain __init__ files."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 40
Function = ast.FunctionDef | ast.AsyncFunctionDef


def faults(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    lines = source.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{path}: {lines} lines, at most {MAX_FILE_LINES}"
    for node in ast.walk(tree):
        if isinstance(node, Function):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, at most {MAX_FUNCTION_LINES}"
    yield from undocumented(path, tree)
    if path.name == "__init__.py":
        yield from init_faults(path, tree)


def undocumented(path: Path, tree: ast.Module) -> Iterator[str]:
    if not ast.get_docstring(tree):
        yield f"{path}: no module docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for member in (node, *node.body):
                named = isinstance(member, ast.ClassDef | Function) and not member.name.startswith("_")
                if named and not ast.get_docstring(member) and not is_overload(member):
                    yield f"{path}:{member.lineno}: {member.name} has no docstring"
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{path}:{node.lineno}: {node.name} has no docstring"


def is_overload(node: ast.ClassDef | Function) -> bool:
    names = {decorator.id for decorator in node.decorator_list if isinstance(decorator, ast.Name)}
    return "overload" in names


def init_faults(path: Path, tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            names = [element.value for element in node.value.elts if isinstance(element, ast.Constant)]
            if names != sorted(names):
                yield f"{path}: __all__ is not sorted"
        elif not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr):
            yield f"{path}:{node.lineno}: only imports and __all__ belong here"


def main() -> None:
    found = [fault for path in sorted(Path("uow_events").rglob("*.py")) for fault in faults(path)]
    print("\n".join(found) or "House style: within limits.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
