"""How the script reads, as far as a program can tell: laid out by ruff, ordinary Python, ideas before plumbing.

The source is parsed, so that packing it (fewer line breaks, shorter names) improves none of these figures."""
import ast
import io
import re
import subprocess
import sys
import tokenize

from conftest import ROOT, SCRIPT

MAX_LINES = 2500
MAX_FUNCTION_LINES, MAX_PARAMETERS, MAX_NESTING = 50, 8, 4
MAX_NODES, MAX_MEAN_NODES = 45, 11.5  # syntax nodes of a statement, without the statements in it
PROSE = (0.20, 0.34)  # comments and docstrings, as a part of all lines

SOURCE = SCRIPT.read_text(encoding="utf-8")
LINES = SOURCE.splitlines()
TREE = ast.parse(SOURCE)
NODES = list(ast.walk(TREE))
FUNCTIONS = [node for node in NODES if isinstance(node, ast.FunctionDef)]
STATEMENTS = [node for node in NODES if isinstance(node, ast.stmt)]
NAMED_PARTS = {
    "download_and_load_file", "format_input", "InstructionDataset", "custom_collate_fn", "CausalAttention",
    "MultiHeadAttention", "LayerNorm", "GELU", "FeedForward", "TransformerBlock", "GPTModel", "load_weights_into_gpt",
    "generate_text_simple", "generate", "text_to_token_ids", "token_ids_to_text", "evaluate_model",
    "generate_and_print_sample", "train_model_simple", "plot_losses"}



def own_nodes(statement):
    """Return the number of syntax nodes of a statement, without those of the statements inside it."""
    inner = [own_nodes(node) for node in ast.iter_child_nodes(statement) if not isinstance(node, ast.stmt)]
    return 1 + sum(inner)


def nesting(node, depth=0):
    """Return how deep loops, conditions, with and try stand inside each other."""
    depth += isinstance(node, (ast.If, ast.For, ast.While, ast.With, ast.Try))
    return max([depth, *(nesting(child, depth) for child in ast.iter_child_nodes(node))])


def place(node):
    return f"line {node.lineno}: {ast.unparse(node).splitlines()[0][:80]}"


def line_of(start):
    """Return the number of the first line that begins so."""
    return next(number for number, line in enumerate(LINES, start=1) if line.startswith(start))


def ruff(*arguments):
    config = ROOT / ".ci" / "ruff.toml"
    command = [sys.executable, "-m", "ruff", *arguments, "--no-cache", "--config", str(config), str(SCRIPT)]
    return subprocess.run(command, capture_output=True, encoding="utf-8")


def test_it_is_what_ruff_format_leaves():
    done = ruff("format", "--diff")
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing():
    done = ruff("check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_exempt():
    assert not re.search(r"fmt: *(off|skip)|ruff: *noqa|type: *ignore", SOURCE)
    for line in LINES:  # a reason stands beside each
        assert "noqa" not in line or re.search(r"# noqa: [A-Z0-9]+, \w+", line), line


def test_length_and_prose():
    assert len(LINES) <= MAX_LINES
    prose = set()
    for token in tokenize.generate_tokens(io.StringIO(SOURCE).readline):
        if token.type == tokenize.COMMENT:
            prose.add(token.start[0])
    for node in NODES:
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            prose |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    assert PROSE[0] <= len(prose) / len(LINES) <= PROSE[1]


def test_functions_are_short_and_flat():
    for function in FUNCTIONS:
        parameters = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
        assert function.end_lineno - function.lineno < MAX_FUNCTION_LINES, place(function)
        assert len(parameters) <= MAX_PARAMETERS, place(function)
        assert max(nesting(node) for node in function.body) <= MAX_NESTING, place(function)


def test_statements_are_small():
    """A literal table is data and may be long."""
    sizes = []
    for statement in STATEMENTS:
        sizes.append(own_nodes(statement))
        is_table = isinstance(statement, ast.Assign) and isinstance(statement.value, (ast.List, ast.Dict))
        assert sizes[-1] <= MAX_NODES or is_table, place(statement)
    assert sum(sizes) / len(sizes) <= MAX_MEAN_NODES


def test_nothing_is_packed():
    for node in NODES:
        assert not isinstance(node, ast.NamedExpr), place(node)
        if isinstance(node, ast.Lambda):
            assert not isinstance(node.body, ast.Tuple), place(node)
        if isinstance(node, ast.IfExp):
            inner = (node.body, node.test, node.orelse)
            assert not any(isinstance(part, ast.IfExp) for part in inner), place(node)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            assert not isinstance(node.value, ast.Tuple), place(node)
        if isinstance(node, ast.Starred):
            assert not (isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "map"), place(node)


def test_ideas_come_before_plumbing():
    assert line_of("def format_input") <= 0.10 * len(LINES)
    assert line_of("class LayerNorm") <= 0.25 * len(LINES)
    sections = [line for line in LINES if line.startswith("# ---- ")]
    assert [re.sub(r"[^\w.]+", " ", line).split()[0] for line in sections] == [
        *(f"{n}." for n in range(1, 11)), "Appendix", "Appendix", "Appendix", "Appendix", "main"]
    start, end = line_of("# ---- 1. "), line_of("# ---- Appendix A. ")
    chapter = [node for node in NODES if start < getattr(node, "lineno", 0) < end]
    names = {node.id for node in chapter if isinstance(node, ast.Name)}
    attributes = {ast.unparse(node) for node in chapter if isinstance(node, ast.Attribute)}
    assert not names & {"requests", "signal", "dist", "zipfile", "threading"}
    assert not attributes & {"os.environ"}


def test_the_table_of_contents_is_that_of_the_file():
    contents = ast.get_docstring(TREE)
    titles = [re.match(r"# ---- (?:Appendix )?(\w+)\. (.*?) -*$", line) for line in LINES]
    titles = [match.groups() for match in titles if match]
    assert len(titles) == 14
    for number, title in titles:
        assert re.search(rf"\b{number}\. {re.escape(title)}(\s|$)", contents), title


def test_named_parts_are_there_and_used():
    definitions = {node.name for node in TREE.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    used = {node.id for node in NODES if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert not NAMED_PARTS - definitions and not NAMED_PARTS - used
    assert not definitions - used, "defined and never used"


def test_functions_say_what_they_do():
    exempt = {"__init__", "__len__", "__getitem__", "forward", "device"}
    for node in NODES:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name not in exempt:
            is_inner = isinstance(node, ast.FunctionDef) and node.name in ("note", "number", "save", "split_heads")
            assert is_inner or ast.get_docstring(node), place(node)
