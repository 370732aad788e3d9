"""Damaged weights and data: one line that names the file, or a correct load; never anything else."""
import copy
import json
import math
import random
import re
import shutil
import struct
import time
import tracemalloc
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from conftest import SMALL, TINY, run_here, run_script
from make_checkpoint import FOLDER, HPARAMS
from test_model import hub_name, torch_arrays, write_hub_folder

import finetune_gpt2 as ft

DATA = ft.OPENAI_FILES[-1]
SIZES = {"124M": 124_439_808, "355M": 354_823_168, "774M": 774_030_080, "1558M": 1_557_611_200}
ENTRIES = [{"instruction": f"Add {n} and 1. ½ “日本” 🙂", "input": "" if n % 3 else f"{n}\n\t1", "output": str(n + 1)}
           for n in range(14)]


def hparams(size):
    return {theirs: ft.MODELS[size][ours] for theirs, ours in ft.SIZE_NAMES.items()}


def attempt(call, *names):
    """Return what call() returns, or, if it says in one line what is wrong, and where (one of the names), that line."""
    start = time.process_time()
    try:
        return call()
    except ft.UserError as problem:
        line = str(problem)
        assert line.isprintable() and len(line) < 2000, line[:2000]
        assert any(name in line for name in names), line
        return line
    finally:
        assert time.process_time() - start < 60  # whatever is in a file, it is not computed for ever


def peak_memory():
    """Return the most memory that this process has had, in bytes; None where that is not known."""
    status = Path("/proc/self/status")
    return 1024 * int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1]) if status.exists() else None


@contextmanager
def little_memory(limit=300 << 20):
    """Fail if the process uses much more memory for a moment, where that can be seen."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # "the most so far" starts anew
    before = peak_memory()
    yield
    assert before is None or peak_memory() - before < limit


def peak_of(call):
    """Return (result of the call, most memory that Python and NumPy took for it)."""
    tracemalloc.start()
    try:
        return call(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def sparse(file, size):
    """Make a file of that size that takes no room on the disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "wb") as opened:
        try:
            opened.truncate(size)
        except OSError:
            pytest.skip("there is no room here for a file with nothing in it")
    return file


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Nothing can be downloaded."""
    def download(url, path, check):
        raise ft.DownloadError(f"{url}: no network")

    monkeypatch.setattr(ft, "download", download)
    monkeypatch.setattr(ft, "PAUSES", (0, 0, 0))


@pytest.fixture(scope="module")
def models_without_numbers():
    """{settings: (model, its arrays_of)}."""
    return {}


@pytest.fixture
def shapes_made_once(models_without_numbers, monkeypatch):
    """To make a model without numbers takes a moment, and the first one imports half of PyTorch. For tests that only
    read its shapes, again and again, it is made once for all settings that are the same."""
    make, list_arrays, made = ft.empty_model, ft.arrays_of, models_without_numbers
    make({**HPARAMS, "n_layer": 1})

    def empty_model(settings):
        key = tuple(settings.items())
        if key not in made:
            model = make(settings)
            made[key] = model, list(list_arrays(model))
        return made[key][0]

    def arrays_of(model):
        known = [arrays for other, arrays in made.values() if other is model]
        return known[0] if known else list_arrays(model)

    monkeypatch.setattr(ft, "empty_model", empty_model)
    monkeypatch.setattr(ft, "arrays_of", arrays_of)


# ---- Weights on disk, sentence by sentence ----


@pytest.mark.parametrize("size", SIZES)
def test_truncated_or_padded_weights_are_refused_before_memory_is_taken(shapes_made_once, tmp_path, size):
    folder = tmp_path / size
    folder.mkdir()
    (folder / "hparams.json").write_text(json.dumps(hparams(size)))
    for change in (-4, -1, 1, 4, 1 << 20):
        file = sparse(folder / DATA, 4 * SIZES[size] + change)
        for call in (lambda file=file: ft.check_file(file, DATA, size), lambda: ft.read_checkpoint(folder)):
            with little_memory():
                line, peak = peak_of(lambda file=file, call=call: attempt(call, str(file)))
            assert f"{4 * SIZES[size] + change:,}" in line and f"{4 * SIZES[size]:,}" in line and peak < 10 << 20


@pytest.mark.parametrize("named", SIZES)
def test_weights_of_another_size_are_refused(shapes_made_once, tmp_path, named):
    """A folder called 355M with the files of the 124M, and so on."""
    folder = tmp_path / named
    for actual in SIZES:
        file = sparse(folder / DATA, 4 * SIZES[actual])
        (folder / "hparams.json").write_text(json.dumps(hparams(actual)))
        lines = [attempt(lambda file=file: ft.check_file(file, DATA, named), str(file)),
                 attempt(lambda: ft.check_file(folder / "hparams.json", "hparams.json", named), "hparams.json")]
        if actual == named:
            assert lines == [None, None]
        else:
            assert f"{4 * SIZES[actual]:,}" in lines[0] and f"{4 * SIZES[named]:,}" in lines[0]
            assert str(hparams(named)) in lines[1]


@pytest.mark.parametrize("actual", SIZES)
def test_hparams_that_contradict_the_weights_are_refused(shapes_made_once, tmp_path, actual):
    file = sparse(tmp_path / DATA, 4 * SIZES[actual])
    for size in SIZES:
        if size != actual:
            (tmp_path / "hparams.json").write_text(json.dumps(hparams(size)))
            with little_memory():
                line, peak = peak_of(lambda: attempt(lambda: ft.read_checkpoint(tmp_path), str(file)))
            assert f"{4 * SIZES[size]:,}" in line and peak < 10 << 20


@pytest.mark.parametrize("key", HPARAMS)
@pytest.mark.parametrize("value", [0, -1, 1.5, "as float", True, "as text", None, [1], 10**6, 2**31, 10**30])
def test_settings_that_are_no_sizes_are_refused_at_once(tmp_path, key, value):
    """Also large ones: no model that would fill the memory is made to find that the weights do not fit."""
    shutil.copytree(FOLDER, tmp_path / "model")
    file = tmp_path / "model" / "hparams.json"
    value = {"as float": float(HPARAMS[key]), "as text": str(HPARAMS[key])}.get(str(value), value)
    file.write_text(json.dumps({**HPARAMS, key: value}))
    with little_memory():
        line, peak = peak_of(lambda: attempt(lambda: ft.read_checkpoint(tmp_path / "model"), str(file), DATA))
    assert isinstance(line, str) and peak < 10 << 20


def test_sizes_that_heads_do_not_divide_are_refused(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "model")
    file = tmp_path / "model" / "hparams.json"
    file.write_text(json.dumps({**HPARAMS, "n_head": 3}))
    assert "'n_head': 3" in attempt(lambda: ft.read_checkpoint(tmp_path / "model"), str(file))


@pytest.mark.parametrize("missing", ["hparams.json", DATA])
def test_missing_files_are_named(tmp_path, missing):
    shutil.copytree(FOLDER, tmp_path / "model")
    (tmp_path / "model" / missing).unlink()
    line = attempt(lambda: ft.read_checkpoint(tmp_path / "model"), str(tmp_path / "model" / missing))
    assert "No such file" in line


def test_a_missing_tokenizer_is_named(tmp_path, tiny_tokenizer):
    """The merges are needed, the table of numbers is not: it follows from them."""
    for name in ("encoder.json", "vocab.bpe"):
        shutil.copy(TINY / name, tmp_path)
    (tmp_path / "encoder.json").unlink()
    assert ft.load_tokenizer(tmp_path)._mergeable_ranks == tiny_tokenizer._mergeable_ranks
    (tmp_path / "vocab.bpe").unlink()
    assert "No such file" in attempt(lambda: ft.load_tokenizer(tmp_path), f"the tokenizer in {tmp_path}")


@pytest.mark.parametrize("change", [
    lambda lines: lines[:50] + lines[10:11] + lines[51:], lambda lines: [*lines[:-2], lines[10], ""],
    lambda lines: [*lines[:-1], lines[10], ""], lambda lines: [*lines[:50], "a b c", *lines[51:]],
    lambda lines: [*lines[:50], "ab", *lines[51:]], lambda lines: [*lines[:50], " ", *lines[51:]],
    lambda lines: [*lines[:50], "日 b", *lines[51:]]])
def test_merges_that_are_none_or_there_twice_are_refused(tmp_path, change):
    lines = (TINY / "vocab.bpe").read_text(encoding="utf-8").split("\n")
    (tmp_path / "vocab.bpe").write_text("\n".join(change(lines)), encoding="utf-8")
    assert isinstance(attempt(lambda: ft.load_tokenizer(tmp_path), f"the tokenizer in {tmp_path}"), str)


@pytest.mark.parametrize("content", [
    "", "[", "[]", "{}", '{"model": []}', '{"model": {"merges": 3}}', '{"model": {"merges": ["a b", "a b"]}}',
    '{"model": {"merges": [["a", "b", "c"]]}}', '{"model": {"merges": [["a", 1]]}}', '{"model": {"merges": [null]}}'])
def test_a_damaged_tokenizer_json_is_refused(tmp_path, content):
    (tmp_path / "tokenizer.json").write_text(content)
    assert isinstance(attempt(lambda: ft.load_tokenizer(tmp_path), f"the tokenizer in {tmp_path}"), str)


@pytest.mark.parametrize("size", SIZES)
def test_missing_folders_are_named_with_what_to_do(tmp_path, size):
    with pytest.raises(ft.DownloadError) as problem:
        ft.load_model(size, tmp_path / "none")
    line = str(problem.value)
    assert str(tmp_path / "none" / size) in line and all(name in line for name in ft.OPENAI_FILES)
    assert "--model tiny" in line and not (tmp_path / "none" / size).exists()


def test_a_header_that_lies_about_its_length_takes_no_memory(tmp_path):
    write_hub_folder(tmp_path)
    content = (tmp_path / "model.safetensors").read_bytes()
    file = sparse(tmp_path / "model.safetensors", 1 << 31)
    for length in (0, 1, 2, 10**7, 10**8, 2**31 - 8, 2**31, 2**63 - 1, 2**63, 2**64 - 1):
        with open(file, "r+b") as opened:
            opened.write(struct.pack("<Q", length) + content[8:])
        _, peak = peak_of(lambda: attempt(lambda: ft.read_checkpoint(tmp_path), str(file)))
        assert peak < 50 << 20


@pytest.mark.parametrize("name", ["hparams.json", "config.json"])
def test_weights_in_the_place_of_settings_take_no_memory(tmp_path, name):
    """A large file, such as weights under the wrong name, is not read into memory to find that it is no JSON."""
    files = ft.OPENAI_FILES if name == "hparams.json" else ft.HUB_FILES
    for other in files[1:]:
        (tmp_path / other).write_bytes(b"")
    file = sparse(tmp_path / name, 1 << 28)
    _, peak = peak_of(lambda: attempt(lambda: ft.read_checkpoint(tmp_path), str(file)))
    assert peak < 10 << 20


def moved_in_the_header(file, array, start, stop, size):
    """Move begin and end of the "first" or "last" array in a header by so many bytes, and the end of the file."""
    content = file.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header, arrays = json.loads(content[8 : 8 + length]), content[8 + length :]
    names = sorted((name for name in header if name != "__metadata__"), key=lambda name: header[name]["data_offsets"])
    place = header[names[0 if array == "first" else -1]]
    place["data_offsets"] = [place["data_offsets"][0] + start, place["data_offsets"][1] + stop]
    file.write_bytes(packed(header, (arrays + bytes(16))[: len(arrays) + size]))
    return header


@pytest.mark.parametrize("move", [
    ("last", 0, 0, 16), ("last", 16, 16, 16), ("last", 4, 4, 4), ("last", -4, -4, -4), ("last", -64, -64, -64),
    ("last", -64, -64, 0), ("first", 4, 4, 0), ("first", 0, 0, 0)])
def test_arrays_lie_where_the_header_says(tmp_path, move):
    """Also if that leaves a gap or makes two overlap."""
    file = write_hub_folder(tmp_path) / "model.safetensors"
    header = moved_in_the_header(file, *move)
    _, params = ft.read_checkpoint(tmp_path)
    arrays = file.read_bytes()[8 + len(json.dumps(header)) :]
    assert set(params) == set(torch_arrays())
    for name, array in params.items():
        start, stop = header[hub_name(name)]["data_offsets"]
        assert array.tobytes() == arrays[start:stop] and len(array.tobytes()) == stop - start


@pytest.mark.parametrize("move", [
    ("last", 0, 16, 16), ("last", -16, 0, 0), ("last", 0, 0, -4), ("last", 4, 4, 0), ("last", 16, 16, 0),
    ("first", -4, -4, 0), ("first", 10**9, 10**9, 0), ("first", 2**64, 2**64, 0), ("first", 4, 0, 0)])
def test_arrays_that_are_not_whole_are_refused(tmp_path, move):
    """Too long, too short, or not within the file."""
    file = write_hub_folder(tmp_path) / "model.safetensors"
    moved_in_the_header(file, *move)
    assert isinstance(attempt(lambda: ft.read_checkpoint(tmp_path), str(file)), str)


@pytest.mark.parametrize("name", (*ft.OPENAI_FILES, *ft.HUB_FILES))
def test_a_folder_in_the_place_of_a_file_is_named(tmp_path, name):
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    for ours, theirs in (("encoder.json", "vocab.json"), ("vocab.bpe", "merges.txt")):
        shutil.copy(TINY / ours, tmp_path / (ours if name in ft.OPENAI_FILES else theirs))
    if name in ft.HUB_FILES:
        write_hub_folder(tmp_path)
        (tmp_path / "hparams.json").unlink()
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    result = attempt(lambda: (ft.read_checkpoint(tmp_path), ft.load_tokenizer(tmp_path)), name)
    assert isinstance(result, str) == (name not in ("encoder.json", "vocab.json"))  # which are not read


# ---- Ways to damage a file ----

# written as they are into JSON
NASTY = ["null", "true", "false", "-1", "0", "1", "1.5", "2.0", "1e999", "-1e999", "NaN", "Infinity", "9" * 30,
         "9" * 5000, "-" + "9" * 4301, '""', '"1"', '"' + "x" * 1_000_000 + '"', "[]", "{}", "[[[[0]]]]", "[0, 0]",
         '{"a": 1}', "[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 100_000, r'"\ud800"', r'"\u0000"',
         r'"a\nb\u2028c\u001b[31m"', "nan", "'x'", "01", "0x10", "1,", "# x", "", '"../../elsewhere"', '"/dev/zero"',
         '"__import__(\'os\')"']


def damaged_bytes(rng, content):
    """Return the content with some random damage, not always visible."""
    def cut():
        return sorted(rng.randrange(len(content) + 1) for _ in range(2))

    def truncated():
        return content[: rng.choice([0, 1, 7, 8, len(content) // 2, len(content) - 1, rng.randrange(len(content) + 1)])]

    def padded():
        return content + rng.choice([b"\0", b"\n", b" " * 9, b"}", content, rng.randbytes(4), bytes(5000)])

    def flipped():
        flips = bytearray(content)
        for _ in range(rng.choice([1, 1, 1, 5, 200]) if content else 0):
            flips[rng.choice([rng.randrange(len(flips)), rng.randrange(min(len(flips), 64))])] ^= 1 << rng.randrange(8)
        return bytes(flips)

    def without_a_piece():
        start, stop = cut()
        return content[:start] + content[stop:]

    def with_a_piece_twice():
        start, stop = cut()
        return content[:stop] + content[start:]

    def with_zeros():
        start, stop = cut()
        return content[:start] + bytes(stop - start) + content[stop:]

    def with_noise():
        start, _ = cut()
        return content[:start] + rng.randbytes(rng.choice([1, 4, 100])) + content[start:]

    def moved():
        start, stop = cut()
        return content[start:stop] + content[:start] + content[stop:]

    def in_another_encoding():
        encoding = rng.choice(["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "cp037"])
        return content.decode("utf-8", errors="replace").encode(encoding, errors="replace")

    def other():
        return rng.choice([
            b"", b"\0" * len(content), b"<!DOCTYPE html>\n<html>", b"{}", b"[]", b"null", b"\xff\xfe", b"\n",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", rng.randbytes(999),
            content.replace(b"\n", b"\r\n"), content.replace(b"\n", b"\r"), content.lower(), b"[" * 200_000,
            b'{"a":' * 200_000, b"PK\x03\x04" + content, b"\x1f\x8b\x08" + content])

    return rng.choice([truncated, padded, flipped, flipped, flipped, without_a_piece, with_a_piece_twice, with_zeros,
                       with_noise, moved, in_another_encoding, other])()


def places_in(value, place=()):
    """Return the places of all values in a JSON value, as tuples of keys and indices."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place] + [found for key, item in inner for found in places_in(item, (*place, key))]


def damaged_json(rng, value):
    """Return JSON text of the value with some of its parts replaced, renamed, removed, or there twice."""
    value, written = copy.deepcopy(value), {}
    for n in range(rng.choice([1, 1, 1, 2, 5])):
        places = places_in(value)
        place = rng.choice(places)
        if not place:
            place = rng.choice(places)
        if not place:
            continue
        *outer, last = place
        parent = value
        for key in outer:
            parent = parent[key]
        action = rng.choice(["replace", "replace", "replace", "replace", "remove", "rename", "twice", "copy", "near"])
        if action == "replace":
            parent[last] = f"@@{n}@@"
            written[f'"@@{n}@@"'] = rng.choice(NASTY)
        elif action == "near" and isinstance(parent[last], int):
            parent[last] += rng.choice([-4, -1, 1, 4, 64, 2**32, 2**64])
        elif action == "copy":
            parent[last] = copy.deepcopy(rng.choice(list(parent.values()) if isinstance(parent, dict) else parent))
        elif isinstance(parent, list):
            parent.insert(last, parent[last]) if action == "twice" else parent.pop(last)
        elif action == "twice":
            parent[f"@@{n}@@"] = copy.deepcopy(parent[last])
            written[f'"@@{n}@@"'] = json.dumps(last)
        else:
            item = parent.pop(last)
            if action == "rename":
                parent[rng.choice(["x", "", last.upper(), f"transformer.{last}", f"{last} ", "__metadata__"])] = item
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    for ours, theirs in written.items():
        text = text.replace(ours, theirs)
    return text.encode(errors="surrogatepass")


def blocks(n, n_slow):
    """Return the numbers of the blocks of cases for parametrize: the first n, and more that are only run as slow."""
    return [*range(n), *(pytest.param(block, marks=pytest.mark.slow) for block in range(n, n_slow))]


def check_all(cases, one):
    """Run one(number) for so many numbers; say which of them failed, and that is how to see one of them alone."""
    failures = []
    with little_memory():
        for number in cases:
            try:
                one(number)
            except Exception as problem:  # whatever it is, it should not have come out
                failures.append(f"{number}: {problem!r:.300}")
    assert not failures, f"{len(failures)} of {len(cases)}:\n" + "\n".join(failures[:20])


# ---- Fuzz: checkpoint folders ----


@pytest.fixture
def checkpoint(tmp_path):
    """A function that fills a folder with a whole checkpoint, and returns it."""
    def fill():
        folder = tmp_path / "model"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in ("hparams.json", DATA):
            shutil.copyfile(FOLDER / name, folder / name)
        for name in ("encoder.json", "vocab.bpe"):
            shutil.copyfile(TINY / name, folder / name)
        return folder

    return fill


def damage_folder(rng, folder, names):
    """Damage one of the files, sometimes two. Return the names of those that are different now."""
    before = {name: (folder / name).read_bytes() for name in names}
    for name in rng.sample(names, rng.choice([1, 1, 1, 1, 2])):
        file = folder / name
        ways = ["json", "json", "json", "json", "more"] if name.endswith("json") else ["lines"]
        how = rng.choice(["bytes", "bytes", "bytes", "bytes", "swap", "remove", *ways])
        if how == "bytes":
            file.write_bytes(damaged_bytes(rng, before[name]))
        elif how == "json":
            file.write_bytes(damaged_json(rng, json.loads(before[name])))
        elif how == "swap":
            file.write_bytes(before[rng.choice(names)])
        elif how == "remove":
            file.unlink(missing_ok=True)
        elif how == "lines":
            lines = [*before[name].split(b"\n"), b""]
            i, j = rng.sample(range(len(lines)), 2)
            lines[i], lines[j] = rng.choice([(lines[j], lines[i]), (lines[j], lines[j]), (b"", lines[i]), (b"a", b"")])
            file.write_bytes(b"\n".join(lines))
        else:
            file.write_text(json.dumps({"comment": "x" * 100_000, "path": "/etc/hostname", **json.loads(before[name])}))
    return {name for name in names if not (folder / name).exists() or (folder / name).read_bytes() != before[name]}


def arrays_in(content, settings):
    """Cut the bytes of a data file into arrays, by the definition: float32, sorted by name."""
    D = settings["n_embd"]
    shapes = {"wte": (settings["n_vocab"], D), "wpe": (settings["n_ctx"], D), "ln_f/g": (D,), "ln_f/b": (D,)}
    for n in range(settings["n_layer"]):
        for name, n_in, n_out in (("attn/c_attn", D, 3 * D), ("attn/c_proj", D, D), ("mlp/c_fc", D, 4 * D),
                                  ("mlp/c_proj", 4 * D, D)):
            shapes |= {f"h{n}/{name}/w": (n_in, n_out), f"h{n}/{name}/b": (n_out,)}
        shapes |= {f"h{n}/{name}": (D,) for name in ("ln_1/g", "ln_1/b", "ln_2/g", "ln_2/b")}
    arrays, place = {}, 0
    for name in sorted(shapes):
        stop = place + 4 * math.prod(shapes[name])
        arrays[name] = content[place:stop], shapes[name]
        place = stop
    assert place == len(content)
    return arrays


def assert_same_bytes(params, arrays):
    assert set(params) == set(arrays)
    for name, (content, shape) in arrays.items():
        assert params[name].dtype == np.float32 and params[name].shape == shape and params[name].tobytes() == content


@pytest.mark.parametrize("block", blocks(1, 30))
def test_damaged_checkpoint_folders(shapes_made_once, tmp_path, checkpoint, tiny_tokenizer, block):
    loaded = []

    def one(number):
        folder = checkpoint()
        changed = damage_folder(random.Random(number), folder, list(ft.OPENAI_FILES))
        here = sorted(folder.iterdir())
        result = attempt(lambda: ft.read_checkpoint(folder), *(str(folder / name) for name in ("hparams.json", DATA)))
        if not isinstance(result, str):
            settings, params = result
            assert settings == {name: json.loads((folder / "hparams.json").read_bytes())[name] for name in HPARAMS}
            assert_same_bytes(params, arrays_in((folder / DATA).read_bytes(), settings))
            loaded.append(number)
        else:
            assert changed & {"hparams.json", DATA}
        tokenizer = attempt(lambda: ft.load_tokenizer(folder), f"the tokenizer in {folder}")
        if not isinstance(tokenizer, str):
            assert tokenizer.decode(tokenizer.encode_ordinary("Hello, 日本!")) == "Hello, 日本!"
            assert "vocab.bpe" in changed or tokenizer._mergeable_ranks == tiny_tokenizer._mergeable_ranks
        else:
            assert "vocab.bpe" in changed
        assert sorted(folder.iterdir()) == here and list(tmp_path.iterdir()) == [folder]

    check_all(range(100 * block, 100 * block + 100), one)
    assert 20 < len(loaded) < 95  # both happen


def test_damaged_folders_through_the_loading_of_a_model(served, tmp_path, capsys, tiny_tokenizer):
    """As main() does it, without a network: what is on the disk stays as it is."""
    source = served[1] / "openai" / "124M"
    loaded, folder = [], tmp_path / "weights" / "124M"
    names = (*ft.OPENAI_FILES, f"the tokenizer in {folder}", f"{folder}: the tokenizer and the model do not match")

    def one(number):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        changed = damage_folder(random.Random(10_000 + number), folder, list(ft.OPENAI_FILES))
        before = {file.name: file.read_bytes() for file in folder.iterdir()}
        result = attempt(lambda: ft.load_model("124M", tmp_path / "weights"), *names)
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
        assert not capsys.readouterr().out
        if isinstance(result, str):
            assert changed - {"encoder.json"} and str(folder) in result
        else:
            model, tokenizer, place = result
            assert tokenizer.n_vocab == SMALL["n_vocab"] and place == folder
            assert "vocab.bpe" in changed or tokenizer._mergeable_ranks == tiny_tokenizer._mergeable_ranks
            settings = {theirs: model.cfg[ours] for theirs, ours in ft.SIZE_NAMES.items()}
            assert settings == {name: json.loads((folder / "hparams.json").read_bytes())[name] for name in SMALL}
            # the weights do not tell how many heads they are for
            assert {**settings, "n_head": 1} == SMALL and ("hparams.json" in changed or settings == SMALL)
            content, _ = arrays_in((folder / DATA).read_bytes(), SMALL)["wte"]
            assert model.tok_emb.weight.detach().numpy().tobytes() == content
            loaded.append(number)

    check_all(range(120), one)
    assert 5 < len(loaded) < 100


# ---- Fuzz: safetensors ----


@pytest.fixture
def hub(tmp_path):
    """(Folder in Hugging Face's layout, header of its safetensors file, bytes of its arrays)."""
    folder = write_hub_folder(tmp_path / "hub")
    content = (folder / "model.safetensors").read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    return folder, json.loads(content[8 : 8 + length]), content[8 + length :]


def packed(header, arrays, length=None):
    header = header if isinstance(header, bytes) else json.dumps(header).encode(errors="surrogatepass")
    return struct.pack("<Q", len(header) if length is None else length % 2**64) + header + arrays


def damaged_safetensors(rng, header, arrays):
    """Return a file with some damage to its header, or one that is only unusual."""
    header = copy.deepcopy(header)
    names = [name for name in header if name != "__metadata__"]
    name, other = rng.sample(names, 2)
    array = header[name]
    start, stop = array["data_offsets"]

    def length():
        n = len(json.dumps(header))
        return packed(header, arrays, rng.choice([0, 1, 7, n - 1, n + 1, n + 8, 2 * n, n + len(arrays), -1, -8, 2**63,
                                                  2**62, 10**7, 10**7 + 1, 2**32, n << 8]))

    def offsets():
        array["data_offsets"] = rng.choice([
            [start + 4, stop], [start, stop + 4], [start - 4, stop], [start, stop - 4], [start + 4, stop + 4],
            [stop, start], [start, start], [-start, stop], [start, 10**30], [2**64 + start, 2**64 + stop],
            [float(start), float(stop)], [str(start), str(stop)], [start], [start, stop, stop], [], None, start,
            {"start": start}, [None, None], [[start], [stop]], [True, stop], [math.nan, math.nan], "ab",
            [start + 0.5, stop + 0.5], [math.inf, -math.inf],
            header[other]["data_offsets"]])
        return packed(header, arrays)

    def all_offsets_as_floats():
        for name in names:
            header[name]["data_offsets"] = [float(place) for place in header[name]["data_offsets"]]
        return packed(header, arrays)

    def exchanged():
        array["data_offsets"], header[other]["data_offsets"] = header[other]["data_offsets"], array["data_offsets"]
        return packed(header, arrays)

    def dtype():
        array["dtype"] = rng.choice(["F16", "BF16", "F64", "I32", "U32", "I64", "BOOL", "F8_E4M3", "f32", "", None, 32,
                                     ["F32"], {}, "x" * 5000, "F32 "])
        return packed(header, arrays)

    def shape():
        shape = array["shape"]
        array["shape"] = rng.choice([
            shape[::-1], [*shape, 1], [1, *shape], shape[:-1], [-size for size in shape], [0], [], None, "16", 16, {},
            [float(size) for size in shape], [str(size) for size in shape], [shape], [math.prod(shape)], [2**32, 2**32],
            [2**63, 2], [10**30], [math.nan], [True] * len(shape), shape * 20_000, [size + 1 for size in shape]])
        return packed(header, arrays)

    def renamed():
        header[rng.choice(["x", "", f"transformer.{name}", name.upper(), f"{name}\n", "../../elsewhere", "x.attn.bias",
                           "h.99.ln_1.weight", "lm_head.weight", "y" * 500_000, "\ud800", name.replace(".", "/"),
                           f" {name}", f"transformer.transformer.{name}", other])] = header.pop(name)
        return packed(header, arrays)

    def removed():
        del header[name]
        return packed(header, arrays)

    def field_removed():
        del array[rng.choice(["dtype", "shape", "data_offsets"])]
        return packed(header, arrays)

    def twice():
        text = json.dumps(header)[:-1] + f', "{name}": {json.dumps(header[rng.choice([name, other])])}' + "}"
        return packed(text.encode(), arrays)

    def one_more():
        n = len(arrays)
        name = rng.choice(["x", "wte.bias", "h.0.attn.bias", "h.0.attn.masked_bias", "h.11.ln_1.weight",
                           "lm_head.weight", "transformer.wte.weight"])
        places = rng.choice([[n, n + 16], [n, n], [0, 16], [n + 4, n + 20], [n, n - 16]])
        header[name] = {"dtype": rng.choice(["F32", "I32"]), "shape": [4], "data_offsets": places}
        return packed(header, arrays + rng.choice([b"", bytes(16)]))

    def metadata():
        header["__metadata__"] = rng.choice([{}, None, [], "x", {"format": 1}, {"a": {"b": "c"}}, array,
                                             {"x": "y" * 1_000_000}, {str(n): "" for n in range(10_000)}])
        return packed(header, arrays)

    def huge_header():
        return packed(json.dumps(header).encode() + b" " * rng.choice([1, 7, 999_999, 10**7]), arrays)

    def not_an_object():
        text = json.dumps(header).encode()
        return packed(rng.choice([
            [], [header], list(header.items()), None, 1, "x", {}, {"__metadata__": {}}, dict.fromkeys(header, 1),
            {name: [array] for name in header}, b"[" * 10**6, b'{"a":' * 10**6, b"\xff" * 99, b"", b" " + text,
            text.decode().encode("utf-16"), b"\xef\xbb\xbf" + text]), arrays)

    def other_order():
        """The arrays lie in the file in another order, as the header says: nothing is wrong."""
        order, content = rng.sample(names, len(names)), b""
        for name in order:
            start, stop = header[name]["data_offsets"]
            header[name]["data_offsets"] = [len(content), len(content) + stop - start]
            content += arrays[start:stop]
        return packed(header, content)

    def with_prefix_and_masks():
        """As some tools write it: nothing is wrong."""
        renamed = {f"transformer.{name}": header[name] for name in names}
        for n in range(3):
            place = len(arrays) + 16 * n
            mask = {"dtype": "U8", "shape": [1, 1, 4, 4], "data_offsets": [place, place + 16]}
            renamed[f"transformer.h.{n}.attn.bias"] = mask
        return packed(renamed, arrays + rng.randbytes(48))

    def data():
        return packed(header, rng.choice([arrays[:-1], arrays[:-4], arrays + b"\0", arrays + bytes(4), arrays * 2]))

    def any_bytes():
        content = packed(header, arrays)
        cut = rng.choice([8, len(content) - len(arrays), len(content)])
        return damaged_bytes(rng, content[:cut]) + content[cut:]

    def any_json():
        return packed(damaged_json(rng, header), arrays)

    return rng.choice([
        length, offsets, offsets, offsets, all_offsets_as_floats, exchanged, dtype, shape, shape, renamed, renamed,
        removed, field_removed, twice, one_more, one_more, metadata, huge_header, not_an_object, other_order,
        with_prefix_and_masks, data, any_bytes, any_bytes, any_json, any_json])()


def arrays_of_the_package(content):
    """Return what the safetensors package reads, or None if it does not take it for such a file."""
    try:
        return safetensors.numpy.load(content)
    except Exception:  # of many kinds
        return None


@pytest.mark.parametrize("block", blocks(2, 60))
def test_damaged_safetensors(shapes_made_once, hub, monkeypatch, block):
    folder, header, arrays = hub
    monkeypatch.setitem(ft.MODELS, "124M", {**ft.GPT2, **{ours: HPARAMS[name] for name, ours in ft.SIZE_NAMES.items()}})
    monkeypatch.setattr(ft, "KNOWN_SUMS", {})
    names = {name: hub_name(name) for name in torch_arrays()}
    shapes = {name: array.shape for name, array in torch_arrays().items()}
    file, outcomes = folder / "model.safetensors", []

    def one(number):
        content = damaged_safetensors(random.Random(number), header, arrays)
        file.write_bytes(content)
        result = attempt(lambda: ft.read_checkpoint(folder), str(file))
        checked = attempt(lambda: ft.check_file(file, file.name, "124M"), str(file))
        assert isinstance(checked, str) == isinstance(result, str)
        expected = arrays_of_the_package(content)
        if isinstance(result, str):
            outcomes.append("refused")
            if expected is not None:  # if the package reads it, it must lack something of the model
                actual = {name.removeprefix("transformer."): (array.dtype, array.shape)
                          for name, array in expected.items()}
                wanted = {names[name]: (np.float32, shape) for name, shape in shapes.items()}
                twice = len(actual) < len(expected)  # with and without transformer. before the name
                twice |= any(name.startswith("h.11.") for name in actual)  # it has a layer more
                assert any(actual.get(name) != value for name, value in wanted.items()) or twice or len(content) > 10**7
            return
        params = dict(result[1].items())
        assert result[0] == HPARAMS and set(params) == set(names)
        length = struct.unpack("<Q", content[:8])[0]
        places, rest = json.loads(content[8 : 8 + length]), content[8 + length :]
        for name, array in params.items():
            found = [place for place in (names[name], f"transformer.{names[name]}") if place in places]
            assert array.dtype == np.float32 and array.shape == shapes[name]
            matches = []
            for place in found:
                start, stop = places[place]["data_offsets"]
                whole = 0 <= start < stop <= len(rest) and places[place]["dtype"] == "F32"
                matches.append(whole and array.tobytes() == rest[start:stop])
            assert any(matches), (name, found)
            if expected is not None:
                assert any(array.tobytes() == expected[place].tobytes() for place in found)
        gapless = False
        with suppress(KeyError, TypeError, ValueError):  # what is not needed may be anything
            spans = sorted(place["data_offsets"] for name, place in places.items() if name != "__metadata__")
            starts, stops = zip(*spans, strict=True)
            gapless = starts == (0, *stops[:-1]) and stops[-1] == len(rest)
        assert gapless or expected is None
        outcomes.append("loaded" if expected is not None else "loaded here only" if gapless else "not gapless")

    check_all(range(100 * block, 100 * block + 100), one)
    assert outcomes.count("refused") > 40 and outcomes.count("loaded") > 1
    assert outcomes.count("loaded here only") < 10  # such as a second comma, or a header in UTF-16


@pytest.mark.parametrize("block", blocks(1, 15))
def test_damaged_folders_of_hugging_face(shapes_made_once, hub, tiny_tokenizer, block):
    folder, header, arrays = hub
    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    for ours, theirs in (("encoder.json", "vocab.json"), ("vocab.bpe", "merges.txt")):
        shutil.copy(TINY / ours, whole / theirs)
    loaded = []

    def one(number):
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
        changed = damage_folder(random.Random(20_000 + number), folder, list(ft.HUB_FILES))
        # without its weights, it is taken for a folder of OpenAI's
        files = ("config.json", "model.safetensors") if (folder / "model.safetensors").exists() else ("hparams.json",)
        result = attempt(lambda: ft.read_checkpoint(folder), *(str(folder / name) for name in files))
        if isinstance(result, str):
            assert changed & {"config.json", "model.safetensors"}
        else:
            expected = arrays_of_the_package((folder / "model.safetensors").read_bytes())
            for name, array in result[1].items():
                assert expected is None or array.tobytes() == expected[hub_name(name)].tobytes()
            loaded.append(number)
        tokenizer = attempt(lambda: ft.load_tokenizer(folder), f"the tokenizer in {folder}")
        if isinstance(tokenizer, str):
            assert "merges.txt" in changed
        else:
            assert "merges.txt" in changed or tokenizer._mergeable_ranks == tiny_tokenizer._mergeable_ranks

    check_all(range(75 * block, 75 * block + 75), one)
    assert 15 < len(loaded) < 70


# ---- Data, sentence by sentence ----


def lines_of(entries, **settings):
    return "".join(json.dumps(entry, **settings) + "\n" for entry in entries)


@pytest.mark.parametrize("content", [
    json.dumps(ENTRIES), json.dumps(ENTRIES, ensure_ascii=False), json.dumps(ENTRIES, indent=4),
    json.dumps(ENTRIES, indent=1).replace("\n", "\r\n"), "\n\n " + json.dumps(ENTRIES) + "\n",
    lines_of(ENTRIES), lines_of(ENTRIES, ensure_ascii=False), lines_of(ENTRIES).rstrip(), f"\n{lines_of(ENTRIES)}\n\n",
    lines_of(ENTRIES).replace("\n", "\r\n"), lines_of(ENTRIES).replace("\n", "\n \t\n"),
    lines_of(ENTRIES).replace("\n", ""), lines_of(ENTRIES).replace("\n", " "), lines_of(ENTRIES, indent=2),
    json.dumps({"data": ENTRIES}), json.dumps({"version": 1, "train": ENTRIES, "license": {"is": "free"}}, indent=1)])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_json_and_json_lines_with_and_without_byte_order_mark(tmp_path, content, encoding):
    (tmp_path / "data.json").write_bytes(content.encode(encoding))
    assert ft.download_and_load_file(tmp_path / "data.json") == ENTRIES


def test_letters_that_look_like_the_end_of_a_line_are_letters(tmp_path):
    entries = [{**entry, "output": "one\u2028two\u2029three\x85four\x0bfive\x1esix"} for entry in ENTRIES]
    (tmp_path / "data.jsonl").write_text(lines_of(entries, ensure_ascii=False), encoding="utf-8")
    assert ft.download_and_load_file(tmp_path / "data.jsonl") == entries


@pytest.mark.parametrize("as_lines", [False, True])
@pytest.mark.parametrize("key", ["instruction", "input", "output"])
@pytest.mark.parametrize("number", [1, 2, 9, 14])
def test_a_bad_entry_is_named_by_number_and_key(tmp_path, as_lines, key, number):
    bad = [0, 1, 1.5, False, True, [], ["x"], {}, math.nan]
    if key != "input":  # which may not be there
        bad += ["missing"]
    for value in bad:
        entries = copy.deepcopy(ENTRIES)
        if value == "missing":
            del entries[number - 1][key]
        else:
            entries[number - 1][key] = value
        if number < 14:
            entries[13] = {}  # the first that is wrong is named
        content = lines_of(entries) if as_lines else json.dumps(entries)
        (tmp_path / "data.json").write_text(content)
        line = attempt(lambda: ft.download_and_load_file(tmp_path / "data.json"), str(tmp_path / "data.json"))
        assert re.search(rf"entry {number}\b", line)
        found = "instruction, input, output".replace(f"{key}, ", "").removesuffix(f", {key}")
        assert line.endswith(f": it has {found}" if value == "missing" else f'has no text under "{key}"')


@pytest.mark.parametrize("as_lines", [False, True])
@pytest.mark.parametrize("value", [None, "", " ", "\n\t\u00a0"])
def test_entries_without_a_task_or_an_answer_are_left_out_and_counted(tmp_path, capsys, as_lines, value):
    entries = copy.deepcopy(ENTRIES)
    for n in (1, 4, 13):
        entries[n]["output"] = value
    for n in (2, 3):  # of which the second has an input
        entries[n]["instruction"] = value
    for n in (6, 7):  # as empty as can be: there is nothing to do without
        entries[n]["input"] = value
    (tmp_path / "data").write_text(lines_of(entries) if as_lines else json.dumps(entries))
    read = ft.download_and_load_file(tmp_path / "data")
    assert [entry["output"] for entry in read] == [ENTRIES[n]["output"] for n in (0, 3, 5, 6, 7, 8, 9, 10, 11, 12)]
    assert (read[1]["instruction"] or "").strip() == "" and read[1]["input"] == ENTRIES[3]["input"]
    [line] = capsys.readouterr().out.splitlines()
    assert "left out" in line and re.findall(r"\d+", line) == ["4"]


@pytest.mark.parametrize("entry", [None, 1, "text", ["instruction", "input", "output"], [], True])
def test_an_entry_that_is_none_is_named(tmp_path, entry):
    (tmp_path / "data.json").write_text(json.dumps([*ENTRIES[:3], entry, *ENTRIES[3:]]))
    assert "entry 4 " in attempt(lambda: ft.download_and_load_file(tmp_path / "data.json"), "data.json")


@pytest.mark.parametrize("typo", [
    lambda line: line.replace('",', '"', 1), lambda line: line[:-1], lambda line: line.replace('"', "'"),
    lambda line: line[:-1] + ",}", lambda line: line + "}", lambda line: "// " + line, lambda line: line + ",",
    lambda line: line.replace("{", "(", 1)])
def test_a_line_with_a_typo_is_named_by_number(tmp_path, typo):
    lines = lines_of(ENTRIES).splitlines()
    lines[6] = typo(lines[6])
    lines.insert(3, "")
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    line = attempt(lambda: ft.download_and_load_file(tmp_path / "data.jsonl"), str(tmp_path / "data.jsonl"))
    assert re.search(r"line [89]\b", line) and "JSON" in line  # what is missing at an end is seen in the next line


def test_a_typo_in_a_list_is_named_by_line(tmp_path):
    lines = json.dumps(ENTRIES, indent=2, ensure_ascii=False).splitlines()
    lines[20] = lines[20].rstrip(",")
    (tmp_path / "data.json").write_text("\n".join(lines), encoding="utf-8")
    line = attempt(lambda: ft.download_and_load_file(tmp_path / "data.json"), str(tmp_path / "data.json"))
    assert re.search(r"line 2[12]\b", line)  # the missing comma is seen where the next line begins


NO_JSON, NO_UTF8 = "JSONDecodeError", "UnicodeDecodeError: 'utf-8'"


@pytest.mark.parametrize("content, says", [
    (b"", NO_JSON), (b"\n\n", NO_JSON), (b"\xef\xbb\xbf", NO_JSON), (b"instruction,input,output\n", NO_JSON),
    (b"<!DOCTYPE html>\n<html>", "is a web page"), (b"[", NO_JSON), (b"[" * 200_000, "RecursionError"),
    (b'{"a":' * 200_000, "RecursionError"), (b"[1" * 99 + b"9" * 5000, NO_JSON), (b"\x80\x02]q\x00.", NO_UTF8),
    (b"[" + b"9" * 5000 + b"]", "ValueError|entry 1 "),  # too many digits for newer Pythons
    (b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0", "is a ZIP archive"), (b'"text"', "entry 1 is no object"),
    (b"null", "entry 1 is no object"), (b"1", "entry 1 is no object"), (b"true", "entry 1 is no object"),
    (b"NaN", "entry 1 is no object"),
    (json.dumps({"data": ENTRIES, "more": []}).encode(), "entry 1 .* it has data, more"),
    (json.dumps({"data": {"train": ENTRIES}}).encode(), "entry 1 .* it has data"),
    (b"[" + json.dumps(ENTRIES).encode() + b"]", "entry 1 is no object"), (b"[1] [2]", "entry 1 is no object"),
    (json.dumps(ENTRIES, ensure_ascii=False).encode("utf-16"), NO_UTF8),
    (json.dumps(ENTRIES, ensure_ascii=False).encode("utf-16-le"), NO_UTF8),
    (json.dumps(ENTRIES).encode("utf-16-le"), NO_JSON),
    (json.dumps([{**ENTRIES[0], "output": "café"}] * 20, ensure_ascii=False).encode("latin-1", "replace"), NO_UTF8),
    (lines_of([{**ENTRIES[0], "output": "café"}], ensure_ascii=False).encode("cp1252", "replace"), NO_UTF8)])
def test_what_is_no_data_is_named(tmp_path, content, says):
    (tmp_path / "data.json").write_bytes(content)
    line = attempt(lambda: ft.download_and_load_file(tmp_path / "data.json"), str(tmp_path / "data.json"))
    assert re.search(says, line)


def test_missing_data_and_a_folder_are_named(tmp_path):
    assert "No such file" in attempt(lambda: ft.download_and_load_file(tmp_path / "none.json"), "none.json")
    assert attempt(lambda: ft.download_and_load_file(tmp_path), str(tmp_path))


@pytest.mark.parametrize("n", [0, 1, 9])
def test_too_few_entries_are_counted(tmp_path, n):
    (tmp_path / "data.json").write_text(json.dumps(ENTRIES[:n]))
    assert n == len(ft.download_and_load_file(tmp_path / "data.json"))
    with pytest.raises(ft.UserError, match=f"^{n} entries are too few.* 10"):
        ft.split_data(ft.download_and_load_file(tmp_path / "data.json"))


# ---- Fuzz: data ----


def values_by_definition(text):
    """Return the JSON values in a text, with nothing but white space between them."""
    if not text.strip(" \t\r\n"):
        return []
    value, end = json.JSONDecoder().raw_decode(text.lstrip(" \t\r\n"))
    return [value, *values_by_definition(text.lstrip(" \t\r\n")[end:])]


def entries_by_definition(content):
    """Return the entries if the content is data: UTF-8, a list, or values one after the other, or an object with one
    list in it; of objects with an instruction, an output and perhaps an input, which are texts or null. Without those
    that lack a task or an answer."""
    try:
        data = values_by_definition(content.decode("utf-8-sig"))
        if len(data) == 1 and isinstance(data[0], list):
            data = data[0]
        elif len(data) == 1 and isinstance(data[0], dict):
            lists = [value for value in data[0].values() if isinstance(value, list)]
            data = lists[0] if len(lists) == 1 else data
        assert content.strip() and data is not None
        for entry in data:
            assert {"instruction", "output"} <= entry.keys()
            assert all(isinstance(entry.get(key), (str, type(None))) for key in ("instruction", "input", "output"))
        data = [{**entry, **{key: entry.get(key) or "" for key in ("instruction", "input", "output")}}
                for entry in data]
        return [entry for entry in data
                if entry["output"].strip() and (entry["instruction"].strip() or entry["input"].strip())]
    except (ValueError, AssertionError, AttributeError, TypeError, RecursionError):
        return None


@pytest.mark.parametrize("as_lines", [False, True])
@pytest.mark.parametrize("block", blocks(3, 20))
def test_damaged_data(tmp_path, tiny_tokenizer, as_lines, block):
    """Each gives what is in the file, all of it, or one line."""
    file, loaded = tmp_path / "data.json", []

    def one(number):
        rng = random.Random(30_000 + number)
        if rng.random() < 0.4:
            settings = {"indent": None if as_lines else rng.choice([None, 2]), "ensure_ascii": False}
            text = lines_of(ENTRIES, **settings) if as_lines else json.dumps(ENTRIES, **settings)
            content = damaged_bytes(rng, text.encode())
        elif as_lines:
            lines = [json.dumps(entry).encode() for entry in ENTRIES]
            n = rng.randrange(len(lines))
            lines[n] = damaged_json(rng, ENTRIES[n])
            content = b"\n".join(lines)
        else:
            content = damaged_json(rng, ENTRIES)
        file.write_bytes(content)
        result, expected = attempt(lambda: ft.download_and_load_file(file), str(file)), entries_by_definition(content)
        assert isinstance(result, str) == (expected is None)
        if expected is not None:
            # which also says that NaN is NaN
            assert json.dumps(result, sort_keys=True) == json.dumps(expected, sort_keys=True)
            loaded.append(number)
            if number % 10 == 0 and len(content) < 100_000:  # it can also be used
                assert len(ft.InstructionDataset(result, tiny_tokenizer)) == len(result)

    check_all(range(100 * block, 100 * block + 100), one)
    assert 10 < len(loaded) < 80


# ---- All the way: exit status and what is printed ----


def main_fails(*arguments):
    """Return the one line with which main() ends."""
    with pytest.raises(SystemExit) as stop:
        ft.main([*map(str, arguments), "--device", "cpu"])
    assert stop.value.code.startswith("error: ") and len(stop.value.code.splitlines()) == 1
    return stop.value.code


@pytest.mark.parametrize("content, says", [
    (b"[]", "0 entries are too few"), (b"{}", "entry 1 "), (b"\xff", "data.json"), (b"[" * 200_000, "data.json"),
    (json.dumps([*ENTRIES, {}]).encode(), "entry 15 ")])
def test_bad_data_end_main_in_one_line(tmp_path, content, says):
    (tmp_path / "data.json").write_bytes(content)
    assert says in main_fails("--model", "tiny", "--data", tmp_path / "data.json", "--out", tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))


@pytest.fixture
def this_machine(monkeypatch):
    """The network is needed, as far as this machine."""
    monkeypatch.undo()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(ft, "PAUSES", (0, 0, 0))


def test_bad_data_from_an_address_end_main_in_one_line(served, this_machine, tmp_path):
    (served[1] / "data.json").write_text(json.dumps([*ENTRIES, {}]))
    line = main_fails("--model", "tiny", "--data", f"{served[0]}/data.json", "--out", tmp_path / "out")
    assert f"{served[0]}/data.json" in line and "entry 15 " in line and not list((tmp_path / "out").iterdir())


def test_bad_data_end_the_script_with_status_1(tmp_path):
    (tmp_path / "data.jsonl").write_text(lines_of(ENTRIES[:5]) + '{"instruction": "x"\n' + lines_of(ENTRIES))
    _, err = run_script("--model", "tiny", "--data", "data.jsonl", cwd=tmp_path, status=1)
    assert err.startswith("error: data.jsonl") and re.search("line [67]", err) and len(err.splitlines()) == 1


@pytest.mark.parametrize("settings, change, says", [
    ("<html>", 0, r"hparams\.json cannot be read"),
    (json.dumps(hparams("124M")), -1, rf"{re.escape(DATA)} has 497,759,231 bytes and should have 497,759,232"),
    (json.dumps(hparams("124M")), 0, "124M: the tokenizer and the model do not match")])
def test_bad_weights_end_main_in_one_line(tmp_path, settings, change, says):
    """They are there, so nothing is fetched or moved: whoever put them there is told."""
    folder = tmp_path / "gpt2" / "124M"
    sparse(folder / DATA, 4 * SIZES["124M"] + change)
    (folder / "hparams.json").write_text(settings)
    for name in ("encoder.json", "vocab.bpe"):  # of the toy
        shutil.copy(TINY / name, folder)
    here = {file.name: file.stat() for file in folder.iterdir()}
    out, err = run_here("--model", "124M", "--weights", "gpt2", "--device", "cpu", cwd=tmp_path, status=1)
    assert err.startswith("error: ") and len(err.splitlines()) == 1 and re.search(says, err)
    assert "gpt2/124M" in err.replace("\\", "/") and out.splitlines()[-1] == "-----"  # below "Model"
    after = {file.name: file.stat() for file in folder.iterdir()}
    assert here.keys() == after.keys()
    assert all(here[name].st_mtime_ns == after[name].st_mtime_ns for name in here)
