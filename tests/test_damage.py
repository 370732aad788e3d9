"""Damaged weights and data: one line that names the file, or a correct load; never anything else."""
import copy
import hashlib
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
from conftest import SMALL, run_here, run_script, serve
from make_checkpoint import FOLDER, HPARAMS
from test_model import hub_name, torch_arrays, write_hub_folder

import finetune_gpt2 as ft

DATA = ft.OPENAI_FILES[-1]
TOKENIZER = ("encoder.json", "vocab.bpe", "vocab.json", "merges.txt")
SIZES = {"124M": 124_439_808, "355M": 354_823_168, "774M": 774_030_080, "1558M": 1_557_611_200}
ENTRIES = [{"instruction": f"Add {n} and 1. ½ “日本” 🙂", "input": "" if n % 3 else f"{n}\n\t1", "output": str(n + 1)}
           for n in range(14)]


def hparams(size):
    return {theirs: ft.MODELS[size][ours] for theirs, ours in ft.SIZE_NAMES.items()}


def attempt(call, *names):
    """Return what call() returns, or, if it says in one line what is wrong with which file, that line."""
    start = time.process_time()
    try:
        return call()
    except (ft.UserError, OSError) as problem:
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
    def download(url, path, check=None):
        raise ft.requests.ConnectionError(f"{url}: no network")

    monkeypatch.setattr(ft, "download", download)
    monkeypatch.setattr(ft, "PAUSES", (0, 0, 0))


# ---- Weights on disk, sentence by sentence ----


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("change", [-4, -1, 1, 4, 1 << 20])
def test_truncated_or_padded_weights_are_refused_before_memory_is_taken(tmp_path, size, change):
    folder = tmp_path / size
    file = sparse(folder / DATA, 4 * SIZES[size] + change)
    (folder / "hparams.json").write_text(json.dumps(hparams(size)))
    for call in (lambda: ft.check_file(file, size, DATA), lambda: ft.read_checkpoint(folder)):
        line, peak = peak_of(lambda call=call: attempt(call, str(file)))
        assert f"{4 * SIZES[size] + change:,}" in line and f"{4 * SIZES[size]:,}" in line and peak < 10 << 20


@pytest.mark.parametrize("named", SIZES)
@pytest.mark.parametrize("actual", SIZES)
def test_weights_of_another_size_are_refused(tmp_path, named, actual):
    """A folder called 355M with the files of the 124M, and so on."""
    folder = tmp_path / named
    file = sparse(folder / DATA, 4 * SIZES[actual])
    (folder / "hparams.json").write_text(json.dumps(hparams(actual)))
    lines = [attempt(lambda: ft.check_file(file, named, DATA), str(file)),
             attempt(lambda: ft.check_file(folder / "hparams.json", named, "hparams.json"), "hparams.json")]
    if actual == named:
        assert lines == [None, None]
    else:
        assert f"{4 * SIZES[actual]:,}" in lines[0] and f"{4 * SIZES[named]:,}" in lines[0] and named in lines[1]


@pytest.mark.parametrize("actual", SIZES)
def test_hparams_that_contradict_the_weights_are_refused(tmp_path, actual):
    file = sparse(tmp_path / DATA, 4 * SIZES[actual])
    for size in SIZES:
        if size != actual:
            (tmp_path / "hparams.json").write_text(json.dumps(hparams(size)))
            line, peak = peak_of(lambda: attempt(lambda: ft.read_checkpoint(tmp_path), str(file)))
            assert f"{4 * SIZES[size]:,}" in line and peak < 10 << 20


@pytest.mark.parametrize("missing", ["hparams.json", DATA])
def test_missing_files_are_named(tmp_path, missing):
    shutil.copytree(FOLDER, tmp_path / "model")
    (tmp_path / "model" / missing).unlink()
    assert "missing" in attempt(lambda: ft.read_checkpoint(tmp_path / "model"), missing)


@pytest.mark.parametrize("name", ["encoder.json", "vocab.bpe"])
def test_missing_tokenizer_files_are_named(tmp_path, name):
    shutil.copytree(ft.HERE / "gpt2" / "tiny", tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    assert "missing" in attempt(lambda: ft.load_tokenizer(tmp_path / "model"), *TOKENIZER)


@pytest.mark.parametrize("size", SIZES)
def test_missing_folders_are_named_with_what_to_do(tmp_path, size):
    with pytest.raises(ft.requests.RequestException) as problem:
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
        assert peak < 200 << 20 if length < 10**8 else peak < 10 << 20


@pytest.mark.parametrize("name", ["hparams.json", "config.json"])
def test_weights_in_the_place_of_settings_take_no_memory(tmp_path, name):
    """A large file, such as weights under the wrong name, is not read into memory to find that it is no JSON."""
    files = ft.OPENAI_FILES if name == "hparams.json" else ft.HUB_FILES
    for other in files[1:]:
        (tmp_path / other).write_bytes(b"")
    file = sparse(tmp_path / name, 1 << 28)
    _, peak = peak_of(lambda: attempt(lambda: ft.read_checkpoint(tmp_path), str(file)))
    assert peak < 10 << 20


@pytest.mark.parametrize("move", [(0, 0, 16), (16, 16, 16), (0, 16, 16), (4, 4, 4), (-4, -4, -4), (-64, -64, -64),
                                  (-64, -64, 0)])
def test_a_header_with_a_gap_or_an_overlap_is_refused(tmp_path, move):
    """Begin and end of the last array are moved by so many bytes, and that of the file."""
    write_hub_folder(tmp_path)
    file = tmp_path / "model.safetensors"
    content = file.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    header, arrays = json.loads(content[8 : 8 + length]), content[8 + length :]
    last = max((name for name in header if name != "__metadata__"), key=lambda name: header[name]["data_offsets"])
    start, stop = header[last]["data_offsets"]
    header[last]["data_offsets"] = [start + move[0], stop + move[1]]
    file.write_bytes(packed(header, (arrays + bytes(16))[: len(arrays) + move[2]]))
    assert isinstance(attempt(lambda: ft.read_checkpoint(tmp_path), str(file)), str)
    assert arrays_of_the_package(file.read_bytes()) is None


def test_arrays_under_two_names_are_not_taken_for_one(tmp_path):
    """wte.weight and transformer.wte.weight: which one would it be?"""
    write_hub_folder(tmp_path, **{"transformer.wte.weight": torch_arrays()["wte"] + 1})
    assert isinstance(attempt(lambda: ft.read_checkpoint(tmp_path), str(tmp_path / "model.safetensors")), str)


@pytest.mark.parametrize("name", (*ft.OPENAI_FILES, *ft.HUB_FILES))
def test_a_folder_in_the_place_of_a_file_is_named(tmp_path, name):
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    for ours, theirs in (("encoder.json", "vocab.json"), ("vocab.bpe", "merges.txt")):
        shutil.copy(ft.HERE / "gpt2" / "tiny" / ours, tmp_path / (ours if name in ft.OPENAI_FILES else theirs))
    if name in ft.HUB_FILES:
        write_hub_folder(tmp_path)
        (tmp_path / "hparams.json").unlink()
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    attempt(lambda: (ft.read_checkpoint(tmp_path), ft.load_tokenizer(tmp_path)), name)


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
            shutil.copyfile(ft.HERE / "gpt2" / "tiny" / name, folder / name)
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
def test_damaged_checkpoint_folders(tmp_path, checkpoint, block):
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
        tokenizer = attempt(lambda: ft.load_tokenizer(folder), *TOKENIZER)
        if not isinstance(tokenizer, str):
            assert tokenizer.decode(tokenizer.encode_ordinary("Hello, 日本!")) == "Hello, 日本!"
        else:
            assert changed & {"encoder.json", "vocab.bpe"} and str(folder) in tokenizer
        assert sorted(folder.iterdir()) == here and list(tmp_path.iterdir()) == [folder]

    check_all(range(100 * block, 100 * block + 100), one)
    assert 20 < len(loaded) < 95  # both happen


@pytest.mark.parametrize("sums_known", [True, False])
def test_damaged_folders_through_the_loading_of_a_model(served, tmp_path, monkeypatch, capsys, sums_known):
    """As main() does it. Where checksums are known, no altered tokenizer gets through."""
    source = served[1] / "openai" / "124M"
    known = {name: ((source / name).stat().st_size, hashlib.sha256((source / name).read_bytes()).hexdigest())
             for name in ("encoder.json", "vocab.bpe")}
    monkeypatch.setattr(ft, "KNOWN_FILES", known if sums_known else {})
    loaded, folder = [], tmp_path / "weights" / "124M"

    def one(number):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        changed = damage_folder(random.Random(10_000 + number), folder, list(ft.OPENAI_FILES))
        capsys.readouterr()
        result = attempt(lambda: ft.load_model("124M", tmp_path / "weights"), *ft.OPENAI_FILES)
        lines = capsys.readouterr().out.splitlines()
        for line in lines:
            assert any(f"{name}.old" in line for name in changed) and line.endswith("fetched again")
            assert str(folder) in line and len(line) < 2000
        kept = [name for name in changed if (folder / f"{name}.old").exists()]
        assert len(lines) == len(kept)
        if isinstance(result, str):
            assert changed and all(f"{name}.old" in result for name in kept)
        else:
            model, tokenizer, _ = result
            assert tokenizer.n_vocab == SMALL["n_vocab"] and not lines
            assert not sums_known or not changed & set(known)
            assert {name: json.loads((folder / "hparams.json").read_bytes())[name] for name in SMALL} == SMALL
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
def test_damaged_safetensors(hub, monkeypatch, block):
    folder, header, arrays = hub
    monkeypatch.setitem(ft.MODELS, "124M", {**ft.GPT2, **{ours: HPARAMS[name] for name, ours in ft.SIZE_NAMES.items()}})
    monkeypatch.setattr(ft, "KNOWN_FILES", {})
    names = {name: hub_name(name) for name in torch_arrays()}
    file, outcomes = folder / "model.safetensors", []

    def one(number):
        content = damaged_safetensors(random.Random(number), header, arrays)
        file.write_bytes(content)
        result = attempt(lambda: ft.read_checkpoint(folder), str(file))
        checked = attempt(lambda: ft.check_file(file, "124M", file.name), str(file))
        assert isinstance(checked, str) == isinstance(result, str)
        expected = arrays_of_the_package(content)
        if isinstance(result, str):
            outcomes.append("refused")
            if expected is not None:  # if the package reads it, it must hold something else than the model
                actual = {name: (array.dtype, array.shape) for name, array in expected.items()}
                wanted = {names[name]: (array.dtype, array.shape) for name, array in torch_arrays().items()}
                extra = [name for name in actual.keys() - wanted.keys() if not re.search("attn.*bias$|^lm_head", name)]
                assert extra or any(actual.get(name) != value for name, value in wanted.items()) or len(content) > 10**7
            return
        params = dict(result[1].items())
        assert result[0] == HPARAMS and set(params) == set(names)
        length = struct.unpack("<Q", content[:8])[0]
        places = json.loads(content[8 : 8 + length])
        assert all(re.search(r"^__metadata__$|attn\.(masked_)?bias$|^(transformer\.)?lm_head\.weight$", name)
                   or name.removeprefix("transformer.") in names.values() for name in places)
        spans = sorted(place["data_offsets"] for name, place in places.items() if name != "__metadata__")
        starts, stops = zip(*spans, strict=True)
        assert starts == (0, *stops[:-1]) and stops[-1] == len(content) - 8 - length  # no gap, no overlap
        for name, array in params.items():
            found = [place for place in (names[name], f"transformer.{names[name]}") if place in places]
            assert len(found) == 1, found
            start, stop = places[found[0]]["data_offsets"]
            assert array.tobytes() == content[8 + length :][int(start) : int(stop)]
            assert array.dtype == np.float32 and list(array.shape) == places[found[0]]["shape"]
            if expected is not None:
                np.testing.assert_array_equal(array.view("u4"), expected[found[0]].view("u4"))
        outcomes.append("loaded" if expected is not None else "loaded here only")

    check_all(range(100 * block, 100 * block + 100), one)
    assert outcomes.count("refused") > 40 and outcomes.count("loaded") > 1
    assert outcomes.count("loaded here only") < 10  # such as a second comma, or a header in UTF-16


@pytest.mark.parametrize("block", blocks(1, 15))
def test_damaged_folders_of_hugging_face(hub, block):
    folder, header, arrays = hub
    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    for ours, theirs in (("encoder.json", "vocab.json"), ("vocab.bpe", "merges.txt")):
        shutil.copy(ft.HERE / "gpt2" / "tiny" / ours, whole / theirs)
    loaded = []

    def one(number):
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
        changed = damage_folder(random.Random(20_000 + number), folder, list(ft.HUB_FILES))
        result = attempt(lambda: ft.read_checkpoint(folder), *(str(folder / name) for name in ("config.json",
                                                                                               "model.safetensors")))
        if isinstance(result, str):
            assert changed & {"config.json", "model.safetensors"}
        else:
            expected = arrays_of_the_package((folder / "model.safetensors").read_bytes())
            for name, array in result[1].items():
                assert expected is None or array.tobytes() == expected[hub_name(name)].tobytes()
            loaded.append(number)
        attempt(lambda: ft.load_tokenizer(folder), "vocab.json", "merges.txt")

    check_all(range(75 * block, 75 * block + 75), one)
    assert 15 < len(loaded) < 70


# ---- Data, sentence by sentence ----


def lines_of(entries, **settings):
    return "".join(json.dumps(entry, **settings) + "\n" for entry in entries)


@pytest.mark.parametrize("content", [
    json.dumps(ENTRIES), json.dumps(ENTRIES, ensure_ascii=False), json.dumps(ENTRIES, indent=4),
    json.dumps(ENTRIES, indent=1).replace("\n", "\r\n"), "\n\n " + json.dumps(ENTRIES) + "\n",
    lines_of(ENTRIES), lines_of(ENTRIES, ensure_ascii=False), lines_of(ENTRIES).rstrip(), f"\n{lines_of(ENTRIES)}\n\n",
    lines_of(ENTRIES).replace("\n", "\r\n"), lines_of(ENTRIES).replace("\n", "\n \t\n")])
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
    bad = [None, 1, 1.5, True, [], ["x"], {}, math.nan] + (["", " ", "\n\t\u00a0"] if key != "input" else [])
    for value in (*bad, "missing"):
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
        assert re.search(rf"entry {number}\b", line) and f'"{key}"' in line
        assert ("empty" in line) == (isinstance(value, str) and value != "missing")


@pytest.mark.parametrize("entry", [None, 1, "text", ["instruction", "input", "output"], [], True])
def test_an_entry_that_is_none_is_named(tmp_path, entry):
    (tmp_path / "data.json").write_text(json.dumps([*ENTRIES[:3], entry, *ENTRIES[3:]]))
    assert "entry 4 " in attempt(lambda: ft.download_and_load_file(tmp_path / "data.json"), "data.json")


@pytest.mark.parametrize("typo", [
    lambda line: line.replace('",', '"', 1), lambda line: line[:-1], lambda line: line.replace('"', "'"),
    lambda line: line[:-1] + ",}", lambda line: line + line, lambda line: "// " + line, lambda line: line + ",",
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


@pytest.mark.parametrize("content, says", [
    (b"", "JSON"), (b"\n\n", "JSON"), (b"\xef\xbb\xbf", "JSON"), (b"instruction,input,output\n", "JSON"),
    (b"<!DOCTYPE html>\n<html>", "JSON"), (b"[", "JSON"), (b"[" * 200_000, "JSON"), (b'{"a":' * 200_000, "JSON"),
    (b"[1" * 99 + b"9" * 5000, "JSON"), (b"\x80\x02]q\x00.", "UTF-8"), (b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0", "JSON"),
    (b'"text"', "list"), (b"null", "list"), (b"1", "list"), (b"true", "list"), (b"NaN", "list"),
    (json.dumps({"data": ENTRIES}).encode(), "entry 1 "), (json.dumps(ENTRIES[0], indent=2).encode(), "line 1"),
    (json.dumps(ENTRIES, ensure_ascii=False).encode("utf-16"), "UTF-8"),
    (json.dumps(ENTRIES, ensure_ascii=False).encode("utf-16-le"), "JSON"),
    (json.dumps([{**ENTRIES[0], "output": "café"}] * 20, ensure_ascii=False).encode("latin-1", "replace"), "UTF-8"),
    (lines_of([{**ENTRIES[0], "output": "café"}], ensure_ascii=False).encode("cp1252", "replace"), "UTF-8")])
def test_what_is_no_data_is_named(tmp_path, content, says):
    (tmp_path / "data.json").write_bytes(content)
    line = attempt(lambda: ft.download_and_load_file(tmp_path / "data.json"), str(tmp_path / "data.json"))
    assert says in line


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


def entries_by_definition(content):
    """Return the entries if the content is data: UTF-8, a list or lines of objects with three texts, two not empty."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        if text.strip().startswith("{"):
            data = [json.loads(line) for line in text.split("\n") if line.strip()]
        else:
            data = json.loads(text)
        assert isinstance(data, list)
        for entry in data:
            assert all(isinstance(entry[key], str) for key in ("instruction", "input", "output"))
            assert entry["instruction"].strip() and entry["output"].strip()
        return data
    except (ValueError, AssertionError, KeyError, TypeError, RecursionError):
        return None


@pytest.mark.parametrize("as_lines", [False, True])
@pytest.mark.parametrize("block", blocks(3, 20))
def test_damaged_data(tmp_path, as_lines, block):
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
            assert json.dumps(result) == json.dumps(expected)  # which also says that NaN is NaN
            loaded.append(number)
            tokenizer = ft.load_tokenizer(ft.HERE / "gpt2" / "tiny") if number % 10 == 0 else None
            if tokenizer and len(content) < 100_000:  # it can also be used
                assert len(ft.InstructionDataset(result, tokenizer)) == len(result)

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
    assert not list((tmp_path / "out").iterdir())


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


def test_bad_weights_end_main_in_one_line(this_machine, tmp_path):
    """The server has none, so they cannot be fetched again."""
    folder = tmp_path / "gpt2" / "124M"
    folder.mkdir(parents=True)
    (folder / "hparams.json").write_text("<html>")
    sparse(folder / DATA, 4 * SIZES["124M"] - 1)
    (tmp_path / "server").mkdir()
    with serve(tmp_path / "server") as url:
        out, err = run_here("--model", "124M", "--weights", "gpt2", "--weights-url", url, cwd=tmp_path, status=1)
    lines = [line for line in out.splitlines() if line.endswith("fetched again")]
    assert len(lines) == 2 and "hparams.json" in lines[0] and f"{4 * SIZES['124M']:,}" in lines[1]
    assert err.startswith("error: the weights of 124M are not in") and len(err.splitlines()) == 1
    assert "hparams.json.old" in err and (folder / f"{DATA}.old").stat().st_size == 4 * SIZES["124M"] - 1  # kept
