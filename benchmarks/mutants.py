"""Every single mutation of a file that a test of judgement should notice: boundaries, constants, conditions, signs."""

import ast
import gc
import re
import sys
from collections.abc import Callable, Iterator
from inspect import CO_OPTIMIZED
from itertools import pairwise
from types import CodeType, FunctionType

Replacement = tuple[int, str, str]
"""Where a text begins, the text, and what stands in its place."""

_OPERATORS: dict[type[ast.AST], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">=")),
    ast.LtE: ("<=", ("<", ">")),
    ast.Gt: (">", (">=", "<=")),
    ast.GtE: (">=", (">", "<")),
    ast.Eq: ("==", ("!=",)),
    ast.NotEq: ("!=", ("==",)),
    ast.Is: (r"is", ("is not",)),
    ast.IsNot: (r"is\s+not", ("is",)),
    ast.In: ("in", ("not in",)),
    ast.NotIn: (r"not\s+in", ("in",)),
    ast.And: ("and", ("or",)),
    ast.Or: ("or", ("and",)),
    ast.Add: (r"\+", ("-",)),
    ast.Sub: ("-", ("+",)),
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


def replacements(text: str) -> Iterator[Replacement]:
    """The mutations of a module, in the order of its syntax tree; formatted strings and annotations are left alone."""
    mutants = _Mutants(text)
    mutants.visit(ast.parse(text))
    seen = set()
    for found in mutants.found:
        if found not in seen:
            seen.add(found)
            yield found


def taken_up(path: str, before: str, after: str) -> bool:
    """Put `after` into a module that is loaded as `before`; False where more than functions and constants differ."""
    module = sys.modules.get(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    old, new = ast.parse(before), ast.parse(after)
    changed = [(one, other) for one, other in zip(old.body, new.body, strict=False) if ast.dump(one) != ast.dump(other)]
    if module is None or len(old.body) != len(new.body):
        return False
    made = _called_when_loaded(new)
    if not all(_inside_functions(one, other, made) or _is_constant(other, new) for one, other in changed):
        return False
    codes = _codes(compile(new, path, "exec"))
    for _, statement in changed:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            exec(compile(ast.Module([statement], []), path, "exec"), vars(module))
    for function in gc.get_objects():
        if type(function) is FunctionType and function.__module__ == module.__name__:
            code = codes.get(_name(function.__code__), function.__code__)
            if code.co_freevars != function.__code__.co_freevars:
                return False
            function.__code__ = code
    return True


def _is_constant(statement: ast.stmt, module: ast.Module) -> bool:
    """Whether it gives a value to names of the module's own that are read inside functions alone."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return False
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else statement.targets
    names = {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    read = {
        node.id for node in _outside_functions(module) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return all(name.startswith("_") for name in names) and not names & read


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """All that is worked out when a module is loaded."""
    for child in ast.iter_child_nodes(node):
        yield child
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in (*child.decorator_list, child.args, *([child.returns] if child.returns else [])):
                yield from [part, *_outside_functions(part)]
        elif isinstance(child, ast.Assign):
            yield from [child.value, *_outside_functions(child.value)]
        elif not isinstance(child, ast.Lambda):
            yield from _outside_functions(child)


def _called_when_loaded(module: ast.Module) -> set[str]:
    """The functions and classes of a module that run while it is loaded: what they have made is there already."""
    defined = {
        node.name: node
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    waiting, found = list(_outside_functions(module)), set[str]()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in defined.keys() - found:
            found.add(node.func.id)
            waiting += ast.walk(defined[node.func.id])
    return found


def _inside_functions(one: ast.stmt, other: ast.stmt, made: set[str]) -> bool:
    """Whether both do the same when they are run, and differ in functions alone, of which none is in `made`."""
    if getattr(one, "name", "") in made:
        return False
    old, new = (_codes(compile(ast.Module([statement], []), "", "exec")) for statement in (one, other))
    return _loading(old) == _loading(new)


def _codes(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """A module's code, and that of all classes and functions in it."""
    found = {_name(code): code}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found |= _codes(inner)
    return found


def _name(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _loading(codes: dict[tuple[str, int], CodeType]) -> dict[tuple[str, int], object]:
    """What modules and classes do: all but functions, of which only the names count."""
    return {
        name: (code.co_code, code.co_names, [_name(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts])
        for name, code in codes.items()
        if not code.co_flags & CO_OPTIMIZED
    }


class _Mutants(ast.NodeVisitor):
    def __init__(self, text: str) -> None:
        self.found: list[Replacement] = []
        self._text = text
        starts = [0]
        for line in text.encode().splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        encoded = text.encode()
        self._place: Callable[[int, int], int] = lambda line, column: len(encoded[: starts[line - 1] + column].decode())

    def _span(self, node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno, node.end_col_offset)

    def _replaced(self, node: ast.expr, *others: str) -> None:
        start, end = self._span(node)
        self.found += [(start, self._text[start:end], other) for other in others]

    def _between(self, left: ast.expr, operator: ast.AST, right: ast.expr, all_of_them: bool = True) -> None:
        if type(operator) not in _OPERATORS:
            return
        pattern, others = _OPERATORS[type(operator)]
        start, end = self._span(left)[1], self._span(right)[0]
        here = re.search(pattern, self._text[start:end])
        assert here is not None
        chosen = others if all_of_them else others[:1]
        self.found += [(start + here.start(), here[0], other) for other in chosen]

    def _condition(self, test: ast.expr) -> None:
        self._replaced(test, "False", "True")
        if isinstance(test, ast.Compare) and len(test.ops) == 1:  # the opposite is killed with either of these
            if type(test.ops[0]) in (ast.Lt, ast.LtE, ast.Gt, ast.GtE):
                self._between(test.left, test.ops[0], test.comparators[0], all_of_them=False)
            self.visit(test.left)
            self.visit(test.comparators[0])
        elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            self.visit(test.operand)
        else:
            self.visit(test)

    def visit_If(self, node: ast.If) -> None:
        self._condition(node.test)
        for one in (*node.body, *node.orelse):
            self.visit(one)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._condition(node.test)
        self.visit(node.body)
        self.visit(node.orelse)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.visit(node.iter)
        for test in node.ifs:
            self._condition(test)

    def visit_Compare(self, node: ast.Compare) -> None:
        for (left, right), operator in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
            self._between(left, operator, right)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in pairwise(node.values):
            self._between(left, node.op, right)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if not any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in (node.left, node.right)):
            self._between(node.left, node.op, node.right)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.USub):
            self._replaced(node, self._text[slice(*self._span(node.operand))])
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        match node.value:
            case bool(value):
                self._replaced(node, str(not value))
            case int(value):
                self._replaced(node, str(value + 1), *([str(value - 1)] if value > 0 else []))
            case float(value):
                self._replaced(node, *([repr(2.0 * value), repr(0.5 * value)] if value else ["1.0"]))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in ("Field", "Query", "Path", "Header"):
            return  # its limits are in the document, too
        if isinstance(node.func, ast.Name) and node.func.id in _NAMES:
            self._replaced(node.func, _NAMES[node.func.id])
        for one in (node.func, *node.args, *(one.value for one in node.keywords if one.arg != "strict")):
            self.visit(one)

    def visit_Dict(self, node: ast.Dict) -> None:
        """Of a table with words as values each is exchanged for the next that is another."""
        words = [value for value in node.values if isinstance(value, ast.Attribute | ast.Constant)]
        said = [self._text[slice(*self._span(word))] for word in words]
        for place, word in enumerate(words):
            if isinstance(word, ast.Attribute) or isinstance(word.value, str):
                others = [one for one in said[place + 1 :] + said[:place] if one != said[place]]
                self._replaced(word, *others[:1])
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Left alone: before Python 3.12 its parts have no place in the file."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """A class's own constants; the defaults of a model's fields are in the OpenAPI document, which is pinned."""
        if node.value is not None and (node.col_offset == 0 or "ClassVar" in ast.unparse(node.annotation)):
            self.visit(node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for one in node.body:
            self.visit(one)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for one in (*node.args.defaults, *node.args.kw_defaults, *node.body):
            if one is not None:
                self.visit(one)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)  # type: ignore[arg-type]
