"""The rooms of the house: who may import whom, what may stand where, and how large a file may be."""

import ast
from pathlib import Path

import pytest

SERVICE = Path(__file__).resolve().parent.parent / "service"

# Every room with the third parties it may import; its own rooms are all that stand above it.
ROOMS: dict[str, set[str]] = {
    "version": set(),
    "vocabulary": set(),
    "errors": set(),
    "strict_json": set(),
    "settings": {"pydantic", "pydantic_settings"},
    "kinds": {"pydantic", "typing_extensions"},
    "arrays": {"numpy"},
    "expressions": {"numpy", "scipy"},
    "enclosures": {"flint"},
    "nn": {"numpy", "scipy", "pydantic", "pydantic_core", "typing_extensions"},
    "policies": {"pydantic", "pydantic_core"},
    "spec": {"pydantic"},
    "results": set(),
    "tables": set(),
    "factors": {"numpy"},
    "diagnosis": {"numpy", "scipy"},
    "facts": set(),
    "theory": {"numpy", "flint"},
    "profile": {"flint", "pydantic", "pydantic_core"},
    "simulation": {"numpy"},
    "grading": {"flint", "pydantic", "pydantic_core", "typing_extensions"},
    "faults": {"pydantic"},
    "studies": {"pydantic", "pydantic_core"},
    "curves": {"numpy"},
    "charts": {"altair", "vl_convert"},
    "report_page": {"jinja2"},
    "worker": {"anyio", "platformdirs"},
    "store": {"alembic", "anyio", "platformdirs", "pydantic", "sqlalchemy"},
    "jobs": {"anyio", "dbos", "pydantic", "sqlalchemy"},
    "catalog": {"pydantic"},
    "http": {"anyio", "fastapi", "fastapi_offline", "prometheus_client", "pydantic", "starlette", "typing_extensions"},
    "terminal": {"anyio", "pydantic", "rich"},
    "main": {"uvicorn"},
    "main_worker": {"anyio"},
    "__main__": set(),
}
FORBIDDEN = {
    "diagnosis": {"nn", "spec", "worker"},
    "http": {"nn", "simulation", "diagnosis", "policies"},
    "simulation": {"settings"},
    "nn": {"settings"},
    "results": {"nn", "policies"},
    "theory": {"diagnosis", "spec", "settings"},
}
NUMPY_IN_DIAGNOSIS = {"measures.py", "recording.py", "spreads.py", "statistics.py", "tally.py"}
LARGEST_FILE, LARGEST_FUNCTION, MOST_ARGUMENTS, DEEPEST_NESTING = 300, 40, 5, 2
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.AsyncFor, ast.AsyncWith, ast.Match)
FILES = sorted(SERVICE.rglob("*.py"))


def room_of(file: Path) -> str:
    return file.relative_to(SERVICE).parts[0].removesuffix(".py")


def imports_of(file: Path) -> set[str]:
    tree = Running().visit(ast.parse(file.read_text(encoding="utf-8")))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


class Running(ast.NodeTransformer):
    """Drops what is imported for the type checker alone."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
        return self.generic_visit(node)


def functions_of(file: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def name_of(file: Path) -> str:
    return file.relative_to(SERVICE).as_posix()


def test_every_file_is_in_a_room() -> None:
    assert {room_of(file) for file in FILES} - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_room_imports_only_from_rooms_above_it(file: Path) -> None:
    rooms, room = list(ROOMS), room_of(file)
    if room == "__init__":
        assert not imports_of(file)
        return
    own = {module.split(".")[1] for module in imports_of(file) if module.startswith("service.")}
    above = set(rooms[: rooms.index(room) + 1]) - FORBIDDEN.get(room, set())
    if room != "__main__":
        above -= {"main", "main_worker"} - {room}  # nobody imports what puts all together
    assert own <= above


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_room_imports_only_its_third_parties(file: Path) -> None:
    standard = set(__import__("sys").stdlib_module_names)
    foreign = {module.split(".")[0] for module in imports_of(file)} - standard - {"service"}
    assert foreign <= ROOMS.get(room_of(file), set())


def test_only_the_measuring_files_of_the_diagnosis_know_numpy() -> None:
    with_numpy = {file.name for file in (SERVICE / "diagnosis").glob("*.py") if "numpy" in imports_of(file)}
    assert with_numpy == NUMPY_IN_DIAGNOSIS


def test_statuses_stand_in_one_file() -> None:
    files = [file for file in FILES if "HTTPStatus" in file.read_text(encoding="utf-8")]
    assert [name_of(file) for file in files] == ["http/problems.py"]


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_files_and_functions_are_small(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LARGEST_FILE
    for function in functions_of(file):
        assert (function.end_lineno or 0) - function.lineno < LARGEST_FUNCTION, function.name
        arguments = [*function.args.args, *function.args.kwonlyargs]
        assert len([one for one in arguments if one.arg not in ("self", "cls")]) <= MOST_ARGUMENTS, function.name
        assert nesting(function) <= DEEPEST_NESTING, function.name


def nesting(node: ast.AST) -> int:
    """How many blocks stand inside one another; an elif is beside its if, an inner function starts anew."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child) + (isinstance(child, BLOCKS) and not is_elif))
    return deepest


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_nothing_is_evaluated_and_no_exception_is_swallowed(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"eval", "exec", "compile"}
    handlers = [node.type for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    assert all(kind is not None and getattr(kind, "id", "") not in ("Exception", "BaseException") for kind in handlers)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]


def test_no_import_runs_in_a_circle() -> None:
    edges = {
        module_of(file): {one for one in imports_of(file) if one.startswith("service.")} - {module_of(file)}
        for file in FILES
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join([*trail, module])
        if module not in done:
            for imported in edges.get(module, set()):
                visit(imported, (*trail, module))
            done.add(module)

    for module in edges:
        visit(module, ())


def module_of(file: Path) -> str:
    parts = file.relative_to(SERVICE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
