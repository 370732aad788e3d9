"""The whole script, as a user starts it, on the tiny model and on weights that a local server hands out."""
import io
import json
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from conftest import PATIENCE, QUICK, SCRIPT, Handler, run_here, run_script, slow

import finetune_gpt2 as ft


def without_times(text):
    return [line for line in text.splitlines() if not line.startswith("Done in")]


def test_stages_are_printed_in_order(toy_run):
    out = toy_run.out
    places = [out.index(f"\n{heading}") for heading in (
        "Model\n-----", "Data\n", "Baseline: ", "Fine-tuning\n", "Evaluation: ", "Files\n")]
    assert places == sorted(places)
    assert "60 entries: 51 to train on, 6 to test, 3 to validate" in out
    assert "parameters: 1,088,256" in out and "device: cpu" in out and "dtype: float32" in out
    assert out.count("sample answer:") == 2  # one an epoch
    assert 8 <= out.count("val loss") <= 12
    assert out.count("base model: ") == 6 and out.count("fine-tuned: ") == 3  # three entries, before and after
    assert toy_run.err == ""  # no progress bars and no warnings where there is no terminal
    assert "\x1b" not in out  # nor colors


def letters(text):
    """A text as it can be compared when it may have been broken into lines."""
    return "".join(text.split())


def first_item(tokenizer):
    """The first entry: (tokens not scored, scored tokens, what is not scored and what is, as they are to be shown)."""
    entry = json.loads((ft.HERE / "gpt2" / "tiny" / "instruction-data.json").read_text(encoding="utf-8"))[0]
    tokens, length = item = ft.InstructionDataset([entry], tokenizer)[0]
    pieces = [tokenizer.decode([token]).replace("\n", r"\n") for token in tokens]
    assert "".join(pieces[length:]) == entry["output"] + "<|endoftext|>"
    return item, letters("|".join(pieces[:length])), letters("|".join(pieces[length:]))


def test_the_first_entry_is_shown_token_by_token(toy_run, tiny_tokenizer):
    (tokens, length), prompt, answer = first_item(tiny_tokenizer)
    shown = toy_run.out.split("as the model sees it")[1].split("\nBaseline")[0]
    _, not_scored, rest = shown.split("scored:")  # of "not scored:" and of "scored:"
    scored, numbers = rest.split("<|endoftext|>")
    assert letters(not_scored) == prompt and letters(scored) + "<|endoftext|>" == answer
    assert numbers.strip() == f"{len(tokens)} tokens in all, {len(tokens) - length} of them scored"


def test_scored_tokens_are_green_on_a_terminal(tiny_tokenizer, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    item, prompt, answer = first_item(tiny_tokenizer)
    ft.show_scored_tokens(item, tiny_tokenizer)
    before, green, after = capsys.readouterr().out.replace("\x1b[0m", "\x1b[32m").split("\x1b[32m")
    assert letters(before).endswith(f"notscored:{prompt}") and letters(green) == f"scored:{answer}"
    assert after.count("\n") == 1 and "\x1b" not in after


def test_files_are_complete(toy_run):
    out = toy_run.folder / "outputs"
    assert sorted(path.name for path in out.iterdir()) == [
        "gpt2-tiny-sft.pth", "instruction-data-with-response.json", "loss-plot.png", "metrics.json", "report.html"]

    png = (out / "loss-plot.png").read_bytes()
    width, height = struct.unpack(">II", png[16:24])
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and 600 < width < 2000 and 400 < height < 1500 and len(png) > 10_000

    answers = json.loads((out / "instruction-data-with-response.json").read_text(encoding="utf-8"))
    data = json.loads((ft.HERE / "gpt2" / "tiny" / "instruction-data.json").read_text(encoding="utf-8"))[:60]
    assert [{key: entry[key] for key in ("instruction", "input", "output")} for entry in answers] == data[51:57]
    for entry in answers:
        assert isinstance(entry["base_response"], str) and isinstance(entry["model_response"], str)

    state = torch.load(out / "gpt2-tiny-sft.pth", weights_only=True)
    ft.GPTModel(ft.MODELS["tiny"]).load_state_dict(state)
    torch.manual_seed(123)
    assert not torch.equal(state["pos_emb.weight"], ft.GPTModel(ft.MODELS["tiny"]).pos_emb.weight)  # it was trained

    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["model"] == "tiny" and metrics["device"] == "cpu" and metrics["dtype"] == "float32"
    assert metrics["steps"] == 14 and metrics["settings"]["epochs"] == 2 and metrics["settings"]["lr"] == 3e-4
    assert set(metrics["seconds"]) == {"load", "baseline", "train", "evaluate", "total"}
    assert all(seconds > 0 for seconds in metrics["seconds"].values())
    assert metrics["train_tokens_per_second"] > 0
    lengths = {len(values) for values in metrics["losses"].values()}
    assert len(lengths) == 1 and metrics["losses"]["epochs"][-1] == 2
    for scores in (metrics["scores"]["base"], metrics["scores"]["tuned"]):
        assert set(scores) == {"loss", "perplexity", "exact_match", "token_f1"}
    assert metrics["scores"]["tuned"]["loss"] < metrics["scores"]["base"]["loss"]


def test_saved_weights_give_the_saved_answers(toy_run):
    out, model = toy_run.folder / "outputs", ft.GPTModel(ft.MODELS["tiny"])
    model.load_state_dict(torch.load(out / "gpt2-tiny-sft.pth", weights_only=True))
    tokenizer = ft.load_tokenizer(ft.HERE / "gpt2" / "tiny")
    answers = json.loads((out / "instruction-data-with-response.json").read_text(encoding="utf-8"))
    dataset = ft.InstructionDataset(answers, tokenizer)
    responses = ft.generate_responses(model, [tokens[:length] for tokens, length in dataset], tokenizer, 12)
    assert responses == [entry["model_response"] for entry in answers]


def test_same_seed_same_numbers(toy_run, tmp_path):
    """Also in another process, which has computed other things before: bit for bit."""
    again, _ = run_here(*QUICK, cwd=tmp_path)
    assert without_times(again) == without_times(toy_run.out)
    first, second = (json.loads((place / "outputs" / "metrics.json").read_text())
                     for place in (toy_run.folder, tmp_path))
    assert first["losses"] == second["losses"] and first["scores"] == second["scores"]
    states = [torch.load(place / "outputs" / "gpt2-tiny-sft.pth", weights_only=True)
              for place in (toy_run.folder, tmp_path)]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.slow
def test_same_seed_same_numbers_on_two_threads(tmp_path, monkeypatch):
    """However they share the work. A short run, as on a busy machine two threads are many times slower than one."""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    texts, runs = [], []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        texts.append(without_times(run_script(*QUICK, "--limit", 20, "--max-new-tokens", 4, cwd=tmp_path / name)[0]))
        runs.append(torch.load(tmp_path / name / "outputs" / "gpt2-tiny-sft.pth", weights_only=True))
    assert texts[0] == texts[1] and all(torch.equal(runs[0][name], runs[1][name]) for name in runs[0])


def test_another_seed_other_numbers(small_weights, tmp_path):
    settings = [*QUICK, "--weights", small_weights, "--limit", 20]
    one, again, other = (without_times(run_here(*settings, "--seed", seed, cwd=tmp_path)[0]) for seed in (4, 4, 5))
    assert one == again != other


def ends_in_one_line(run, folder, arguments, status, says):
    (folder / "file").write_text("in the way")
    _, err = run("--model", "tiny", *arguments, cwd=folder, status=status)
    assert says in err.splitlines()[-1]
    assert status == 2 or len(err.splitlines()) == 1
    assert sorted(path.name for path in folder.iterdir()) in (["file"], ["file", "outputs"])


@pytest.mark.parametrize("arguments, status, says", [
    (["--lr", "nan"], 2, "--lr: 'nan' is no number from 1e-12 on"),
    (["--batch-size", "-1"], 2, "--batch-size: '-1' is no whole number from 1 on"),
    (["--top-k", "0"], 2, "--top-k: '0' is no whole number from 1 on"),
    (["--temperature", "-0.1"], 2, "--temperature: '-0.1' is no number from 0 on"),
    (["--epochs", "1.5"], 2, "--epochs: '1.5' is no whole number from 1 on"),
    (["--model", "125M"], 2, "invalid choice"), (["--seed", "9" * 30], 2, "--seed: '999"),
    (["--device", "meta"], 1, "--device meta cannot be used here"),
    (["--device", "warp"], 1, "--device warp cannot be used here"),
    (["--data", "none.json"], 1, "(FileNotFoundError: [Errno 2] No such file or directory: 'none.json')"),
    (["--limit", "5"], 1, "5 entries are too few"), (["--out", "file"], 1, "file")])
def test_wrong_settings_end_in_one_line(tmp_path, arguments, status, says):
    ends_in_one_line(run_here, tmp_path, arguments, status, says)


@pytest.mark.parametrize("arguments, status, says", [
    (["--epochs", "0"], 2, "--epochs: '0' is no whole number from 1 on"),
    (["--data", "none.json"], 1, "(FileNotFoundError: [Errno 2] No such file or directory: 'none.json')")])
def test_wrong_settings_end_a_process_with_their_status(tmp_path, arguments, status, says):
    ends_in_one_line(run_script, tmp_path, arguments, status, says)


def test_help_names_every_option(tmp_path):
    out, _ = run_here("--help", cwd=tmp_path)
    assert set(re.findall(r"--([a-z-]+)", out)) == {
        "help", "model", "data", "shuffle", "weights", "out", "epochs", "batch-size", "accumulate", "lr", "patience",
        "max-new-tokens", "limit", "device", "dtype", "seed", "resume", "ask", "input", "temperature", "top-k",
        "export"}


# ---- Weights that a server on this machine hands out ----


def run_main(tmp_path, *arguments):
    """Run main() in this process, where the addresses point to the local server. Into a folder that is named for its
    size, a model is downloaded."""
    (tmp_path / "weights" / "124M").mkdir(parents=True, exist_ok=True)
    ft.main([*map(str, ("--weights", tmp_path / "weights", "--out", tmp_path / "out", "--limit", 20, "--epochs", 1,
                        "--max-new-tokens", 5, "--device", "cpu", "--dtype", "float32", *arguments))])
    return json.loads((tmp_path / "out" / "metrics.json").read_text())


def test_downloads_once_and_then_needs_no_server(served, tmp_path, monkeypatch, capsys):
    first = run_main(tmp_path)
    assert first["model"] == "124M"
    assert sorted(Path(path).name for path in Handler.requested) == sorted(ft.OPENAI_FILES)
    assert sorted(path.name for path in (tmp_path / "weights" / "124M").iterdir()) == sorted(ft.OPENAI_FILES)
    Handler.requested.clear()
    monkeypatch.setattr(ft, "OPENAI_URL", "http://127.0.0.1:9/{size}/{file}")
    monkeypatch.setattr(ft, "HUB_URL", "http://127.0.0.1:9/{name}/{file}")
    assert run_main(tmp_path)["losses"] == first["losses"]
    assert Handler.requested == []


def test_second_source_when_the_first_is_down(served, tmp_path, monkeypatch):
    both = run_main(tmp_path)
    shutil.rmtree(tmp_path / "weights")
    shutil.rmtree(served[1] / "openai")  # the first source now answers 404
    second = run_main(tmp_path, "--model", "124M")
    assert sorted(path.name for path in (tmp_path / "weights" / "124M").iterdir()) == sorted(ft.HUB_FILES)
    assert second["losses"] == both["losses"]  # the same weights, in another format


def test_no_source_auto_falls_back_and_says_so(served, tmp_path, capsys):
    for folder in ("openai", "hub"):
        shutil.rmtree(served[1] / folder)
    assert run_main(tmp_path)["model"] == "tiny"
    out = capsys.readouterr().out
    lines = out.split("GPT-2 is not on the disk")[1].split("\n\n")[0].splitlines()
    assert "this is the toy model" in lines[0] and len(lines) == 3 and all(len(line) < 80 for line in lines[:1])
    assert str(tmp_path / "weights" / "124M") in lines[1] and all(name in lines[1] for name in ft.OPENAI_FILES)
    assert lines[2].count("404") == 2  # for those who need it, in one line
    assert "This was the toy model, not GPT-2: see above, under Model." in out.split("\nDone in ")[1]
    assert not list((tmp_path / "weights").rglob("*.part"))


def test_no_source_named_size_fails_with_the_reason(served, tmp_path):
    for folder in ("openai", "hub"):
        shutil.rmtree(served[1] / folder)
    with pytest.raises(SystemExit) as stop:
        run_main(tmp_path, "--model", "124M")
    assert str(stop.value).startswith("error: the weights of 124M are not in") and "404" in str(stop.value)


def test_second_source_when_the_first_breaks_off(served, tmp_path):
    """The first source delivers its small files, but not the weights."""
    (served[1] / "openai" / "124M" / "model.ckpt.data-00000-of-00001").unlink()
    first = run_main(tmp_path, "--model", "124M")
    assert run_main(tmp_path, "--model", "124M")["losses"] == first["losses"]


def test_tokenizer_of_another_model_is_refused(served, tmp_path, gpt2_bpe):
    run_main(tmp_path, "--model", "124M")
    for name in ("encoder.json", "vocab.bpe"):
        shutil.copyfile(gpt2_bpe / name, tmp_path / "weights" / "124M" / name)
    with pytest.raises(SystemExit, match="the tokenizer and the model do not match"):
        run_main(tmp_path, "--model", "124M")


def test_odd_letters_in_the_data_lose_nothing(small_weights, tmp_path):
    """Half a surrogate pair cannot be written in UTF-8; control characters would upset a terminal."""
    data = json.loads((ft.HERE / "instruction-data.json").read_text(encoding="utf-8"))[:20]
    for entry in data:
        entry["output"] = "bad \ud800 letter \x1b[31m\x07"
    (tmp_path / "odd.json").write_text(json.dumps(data))
    out, _ = run_here(*QUICK, "--weights", small_weights, "--data", "odd.json", cwd=tmp_path)
    assert "\x1b" not in out and (tmp_path / "outputs" / "metrics.json").exists()
    json.loads((tmp_path / "outputs" / "instruction-data-with-response.json").read_text(encoding="utf-8"))


def test_cut_off_download_leaves_no_file(served, tmp_path, monkeypatch):
    def cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 10)

    monkeypatch.setattr(Handler, "do_GET", cut)
    with pytest.raises(ft.DownloadError, match="broke"):
        ft.download(served[0] + "/file", tmp_path / "file", check=lambda file: None)
    assert [path.name for path in tmp_path.glob("file*")] == ["file.part"]  # to go on with


def test_data_from_an_address(served, tmp_path, monkeypatch):
    shutil.copy(ft.HERE / "instruction-data.json", served[1] / "data.json")
    run_main(tmp_path, "--model", "124M", "--data", f"{served[0]}/data.json")
    Handler.requested.clear()
    run_main(tmp_path, "--model", "124M", "--data", f"{served[0]}/data.json")
    assert Handler.requested == []  # kept from the first run


def test_a_source_with_another_model_is_refused(served, tmp_path, monkeypatch):
    monkeypatch.setitem(ft.MODELS, "124M", {**ft.MODELS["124M"], "n_heads": 2})
    with pytest.raises(SystemExit) as stop:
        run_main(tmp_path, "--model", "124M")
    [line] = stop.value.code.splitlines()
    assert line.startswith("error: the weights of 124M are not in") and "'n_head': 2" in line
    assert all(f"{name}.part is not of a model with" in line for name in (ft.OPENAI_FILES[0], ft.HUB_FILES[0]))
    assert not list((tmp_path / "weights" / "124M").iterdir())


# ---- What is found before anything is made ----


def one_error(*arguments, cwd):
    """Return the one line in which a run ends before it has printed or made anything."""
    before = sorted(cwd.rglob("*"))
    out, err = run_here("--device", "cpu", *arguments, cwd=cwd, status=1)
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1 and err.endswith("\n")
    assert sorted(cwd.rglob("*")) == before
    return err


@pytest.fixture
def unreachable(monkeypatch):
    """No run may ask for anything, nor has to."""
    def download(url, path, check):
        raise AssertionError(f"{url} is asked for")

    monkeypatch.setattr(ft, "download", download)


ADAPTER = {"adapter_config.json": "{}", "adapter_model.safetensors": "x", "tokenizer.json": "{}"}


@pytest.mark.parametrize("model", [[], ["--model", "124M"], ["--model", "tiny"]])
@pytest.mark.parametrize("ask", [[], ["--ask", "Hi"], ["--ask"], ["--export", "new"]])
@pytest.mark.parametrize("files, says", [
    (None, "no folder distilgpt2"), ({}, "only nothing"),
    (ADAPTER, "adapter_config.json, adapter_model.safetensors, token"),
    ({"config.json": "{}", "merges.txt": "a b"}, "only config.json, merges.txt"),
    ({"model.gguf": "GGUF"}, "only model.gguf"),
    ({"model.safetensors.index.json": "{}"}, "only model.safetensors.index.json"),
    ({"gpt2-tiny-sft.pth": "PK"}, "-sft.pth"),
    ({"355M/model.safetensors.part": "x"}, "355M"), ({"distilgpt2/model.safetensors": "x"}, "only distilgpt2")])
def test_a_named_folder_without_a_model_is_one_line(unreachable, tmp_path, model, ask, files, says):
    if files is not None:
        (tmp_path / "distilgpt2").mkdir()
    for name, text in (files or {}).items():
        (tmp_path / "distilgpt2" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "distilgpt2" / name).write_text(text)
    line = one_error("--weights", "distilgpt2", *model, *ask, cwd=tmp_path)
    if says == "355M" and ask and not model:  # which one is asked, what has been fine-tuned says, and here that is none
        assert "fine-tune first" in line
    else:
        assert says in line and "distilgpt2" in line


def test_a_file_in_place_of_the_folder_is_one_line(unreachable, tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"x")
    assert "model.safetensors" in one_error("--weights", "model.safetensors", cwd=tmp_path)


@pytest.mark.parametrize("there, model", [("355M", "124M"), ("355M", "auto"), ("124M", "355M"), ("124M", "tiny"),
                                          ("tiny", "124M"), ("tiny", "auto")])
def test_a_folder_of_another_size_is_one_line(unreachable, small_weights, tmp_path, there, model):
    """Nothing is downloaded into it, and no toy is trained in its place."""
    shutil.copytree(small_weights / "tiny", tmp_path / "weights" / there)
    assert there in one_error("--weights", "weights", "--model", model, cwd=tmp_path)


def test_a_folder_that_is_named_for_its_size_may_be_empty(served, tmp_path):
    (tmp_path / "weights" / "124M").mkdir(parents=True)
    ft.check_folder(tmp_path / "weights", ["124M"])
    with pytest.raises(ft.UserError, match="only 124M"):
        ft.check_folder(tmp_path / "weights", ["355M"])


@pytest.mark.parametrize("arguments, says", [
    (["--input", "Milk"], "--input goes with --ask"), (["--input", "Milk", "--export", "x"], "--input goes with --ask"),
    (["--resume", "--ask", "Hi"], "--resume"), (["--resume", "--ask"], "--resume"),
    (["--resume", "--export", "x"], "--resume"),
    (["--top-k", "0", "--ask", "Hi"], "'0' is no whole number from 1 on"),
    (["--top-k", "-1"], "'-1' is no whole number from 1"),
    (["--temperature", "nan"], "'nan' is no number from 0 on"),
    (["--temperature", "hot"], "'hot' is no number from 0 on"),
    (["--batch-size", "2.5"], "'2.5' is no whole number from 1 on")])
def test_settings_that_do_not_go_together_are_usage_errors(unreachable, tmp_path, arguments, says):
    out, err = run_here(*arguments, cwd=tmp_path, status=2)
    assert out == "" and err.startswith("usage: ") and says in err.splitlines()[-1] and not list(tmp_path.iterdir())


@pytest.mark.parametrize("name, says", [
    *((name, "No such file") for name in ("none.json", "none/data.json", "htp://x/data.json", "www.example.com/data")),
    ("folder", "directory"), ("damaged.json", "line 1 column"), ("page.json", "web page"), ("odd.json", "entry 2 ")])
@pytest.mark.parametrize("more", [[], ["--model", "124M"], ["--weights", "nowhere"]])
def test_data_that_cannot_be_used_are_found_first(unreachable, tmp_path, name, says, more):
    """Before a model is looked for."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "damaged.json").write_text('[{"instruction": "Name a fruit."')
    (tmp_path / "page.json").write_text("<html>")
    (tmp_path / "odd.json").write_text('[{"instruction": "Name a fruit.", "output": "Fig"}, {"text": "Name one."}]')
    line = one_error("--data", name, *more, cwd=tmp_path)
    assert line.startswith(f"error: {name}") and says in line


@pytest.mark.parametrize("option", ["--data", "--weights", "--out", "--export"])
def test_an_empty_name_is_a_usage_error(unreachable, tmp_path, option):
    """As of a shell's variable that is not set."""
    out, err = run_here("--model", "tiny", option, "", cwd=tmp_path, status=2)
    assert out == "" and "empty" in err.splitlines()[-1] and not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="there is no /dev/fd here")
def test_data_may_come_through_a_pipe(small_weights, tmp_path):
    """Which can be read only once, as of --data <(zcat data.json.gz)."""
    reader, writer = os.pipe()
    data = [{"instruction": f"Add 1 and {n}.", "input": "", "output": str(n + 1)} for n in range(20)]
    os.write(writer, json.dumps(data).encode())
    os.close(writer)
    try:
        out, _ = run_here(*SHORT, "--weights", small_weights, "--data", f"/dev/fd/{reader}", cwd=tmp_path)
    finally:
        os.close(reader)
    assert "12 entries: 10 to train on" in out and len(list((tmp_path / "outputs").iterdir())) == 5


@pytest.mark.parametrize("lacking", ["matplotlib", "matplotlib.figure"])
def test_without_matplotlib_a_training_does_not_begin(unreachable, tmp_path, monkeypatch, lacking):
    monkeypatch.setitem(sys.modules, lacking, None)
    line = one_error("--model", "tiny", cwd=tmp_path)
    assert "matplotlib cannot be imported" in line and "pip install" in line


def test_without_matplotlib_a_model_can_be_asked(toy_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    out, err = run_here("--ask", "Name a fruit.", "--device", "cpu", "--dtype", "float32", cwd=toy_run.folder)
    assert out.strip() and err == ""


def test_a_copy_of_an_address_is_named_with_its_day(served, tmp_path, capsys):
    """Also that of another day, and after the file at the address has changed."""
    shutil.copy(ft.HERE / "instruction-data.json", served[1] / "data.json")
    words = ["--data", f"{served[0]}/data.json", "--out", str(tmp_path / "out"), "--limit", "20"]
    (tmp_path / "out").mkdir()
    first = ft.prepare_data(ft.parse_args(words))
    assert "copy" not in capsys.readouterr().out
    [copy] = (tmp_path / "out").iterdir()
    for day in ("2021-02-03", "2024-11-30"):
        noon = time.mktime(time.strptime(f"{day} 12", "%Y-%m-%d %H"))
        os.utime(copy, (noon, noon))
        (served[1] / "data.json").write_text("something else")
        assert ft.prepare_data(ft.parse_args(words)) == first
        [line] = [line for line in capsys.readouterr().out.splitlines() if "copy" in line]
        assert str(copy) in line and day in line and "delete" in line
    copy.unlink()
    shutil.copy(ft.HERE / "instruction-data.json", served[1] / "data.json")
    assert ft.prepare_data(ft.parse_args(words)) == first and "copy" not in capsys.readouterr().out


# ---- Streams ----


SHORT = ["--model", "tiny", "--limit", 12, "--epochs", 1, "--max-new-tokens", 2, "--device", "cpu",
         "--dtype", "float32"]


class Tee:
    """What people put in the place of a stream: no more than print needs."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


def run_with(monkeypatch, streams, arguments, folder):
    """Run main() with these in place of streams; return the text of its exit."""
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    monkeypatch.chdir(folder)
    try:
        ft.main([*map(str, arguments)])
    except SystemExit as stop:
        return stop.code
    finally:
        monkeypatch.undo()


@pytest.mark.parametrize("names", [["stdin", "stdout", "stderr"], slow(["stdout"]), slow(["stderr"]),
                                   slow(["stdout", "stderr"])])
@pytest.mark.parametrize("make", [lambda: None, closed, Tee, io.StringIO])
def test_a_training_needs_no_streams(small_weights, tmp_path, monkeypatch, names, make):
    streams = {name: make() for name in names}
    assert run_with(monkeypatch, streams, [*SHORT, "--weights", small_weights], tmp_path) is None
    assert len(list((tmp_path / "outputs").iterdir())) == 5
    if make is Tee and "stdout" in names:
        assert "12 entries: 10 to train on" in streams["stdout"].text and "Done in" in streams["stdout"].text


@pytest.mark.parametrize("make", [Tee, io.StringIO])
def test_an_answer_goes_where_people_want_it(toy_run, monkeypatch, make):
    stream = make()
    words = ["--ask", "Name a fruit.", "--device", "cpu", "--dtype", "float32"]
    assert run_with(monkeypatch, {"stdout": stream}, words, toy_run.folder) is None
    alone, _ = run_here(*words, cwd=toy_run.folder)
    assert (stream.text if make is Tee else stream.getvalue()) == alone


@pytest.mark.parametrize("make", [lambda: None, closed])
def test_an_answer_that_would_be_lost_is_an_error(toy_run, monkeypatch, make):
    stop = run_with(monkeypatch, {"stdout": make()}, ["--ask", "Hi", "--device", "cpu"], toy_run.folder)
    assert stop.startswith("error: ") and "output" in stop and "closed" in stop


def from_shell(redirect, *arguments, cwd, **environment):
    """Run the script in a process with streams as a shell can leave them."""
    command = f"{shlex.join([sys.executable, str(SCRIPT), *map(str, arguments)])} {redirect}"
    return subprocess.run(["sh", "-c", command], cwd=cwd, env={**os.environ, **environment}, capture_output=True,
                          encoding="utf-8", timeout=PATIENCE)


ON_UNIX = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")


@ON_UNIX
@pytest.mark.parametrize("redirect", [
    "<&- >&- 2>&-", slow("<&-"), slow(">&-"), slow("2>&-"), slow(">&- 2>&-"), slow("2>/dev/full"), slow("</dev/full"),
    slow("</dev/null")])
def test_a_training_in_a_process_needs_no_streams(small_weights, tmp_path, redirect):
    """Nor a notebook's way to draw, which it may have inherited."""
    done = from_shell(redirect, *SHORT, "--weights", small_weights, cwd=tmp_path, MPLBACKEND="of a notebook")
    assert done.returncode == 0 and done.stderr == ""
    assert ("Done in" in done.stdout) == (">&-" not in redirect.split())
    out = tmp_path / "outputs"
    assert (out / "loss-plot.png").read_bytes()[:4] == b"\x89PNG" and len(list(out.iterdir())) == 5
    torch.load(out / "gpt2-tiny-sft.pth", weights_only=True)
    json.loads((out / "metrics.json").read_text())


@ON_UNIX
@pytest.mark.parametrize("arguments", [SHORT, slow(["--ask", "Name a fruit.", "--device", "cpu", "--dtype",
    "float32"])])
def test_an_output_that_is_full_is_said(toy_run, small_weights, tmp_path, arguments):
    weights = ["--weights", small_weights] if arguments is SHORT else []
    folder = tmp_path if arguments is SHORT else toy_run.folder
    done = from_shell(">/dev/full", *arguments, *weights, cwd=folder)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ") and "No space left on device" in done.stderr.splitlines()[0]


@ON_UNIX
@pytest.mark.slow
@pytest.mark.parametrize("arguments", [SHORT, ["--ask", "--device", "cpu", "--dtype", "float32"]])
def test_an_output_that_nobody_reads_on_is_one_line(toy_run, small_weights, tmp_path, arguments):
    """As with | head: one line, of which the first program that has ended is not to blame."""
    weights = ["--weights", small_weights] if arguments is SHORT else []
    (tmp_path / "lines").write_text("Name a fruit.\n" * 20)
    if arguments is not SHORT:
        shutil.copytree(toy_run.folder / "outputs", tmp_path / "outputs")
    done = from_shell("<lines | head -n 1", *arguments, *weights, cwd=tmp_path)
    errors = [line for line in done.stderr.splitlines() if "Ctrl-D" not in line]
    assert len(done.stdout.splitlines()) == 1 and len(errors) == 1 and errors[0].startswith("error: ")


@ON_UNIX
@pytest.mark.parametrize("redirect, words, status, says", [
    (">&-", ["Name a fruit."], 1, "output"), ("<&-", [], 1, "input"), slow("2>&-", ["Name a fruit."], 0, ""),
    slow("<&-", ["Name a fruit."], 0, ""), slow("<&- 2>&-", ["Name a fruit."], 0, ""),
    slow("</dev/null", [], 0, "Ctrl-D"),
    slow("0>/dev/null", [], 1, "input"), slow(">&- 2>&-", ["Name a fruit."], 1, ""), slow("<&- >&- 2>&-", [], 1, "")])
def test_asking_in_a_process_says_what_is_closed(toy_run, redirect, words, status, says):
    done = from_shell(redirect, "--device", "cpu", "--dtype", "float32", "--ask", *words, cwd=toy_run.folder)
    assert done.returncode == status and says in done.stderr and "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if "Ctrl-D" not in line]
    assert len(lines) == (status == 1 and "2>&-" not in redirect)
    assert bool(done.stdout.strip()) == (status == 0 and bool(words))
