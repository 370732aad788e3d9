"""The whole script, as a user starts it, on the tiny model and on weights that a local server hands out."""
import json
import re
import shutil
import struct
import sys
from pathlib import Path

import pytest
import torch
from conftest import QUICK, Handler, run_here, run_script

import finetune_gpt2 as ft


def without_times(text):
    return [line for line in text.splitlines() if not line.startswith("Done in")]


def test_stages_are_printed_in_order(toy_run):
    out = toy_run.out
    places = [out.index(f"\n{heading}") for heading in (
        "Data\n----", "Model\n", "Baseline: ", "Fine-tuning\n", "Evaluation: ", "Files\n")]
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
    entry = json.loads((ft.HERE / "instruction-data.json").read_text(encoding="utf-8"))[0]
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
        "gpt2-tiny-sft.pth", "instruction-data-with-response.json", "loss-plot.png", "metrics.json"]

    png = (out / "loss-plot.png").read_bytes()
    width, height = struct.unpack(">II", png[16:24])
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and 600 < width < 2000 and 400 < height < 1500 and len(png) > 10_000

    answers = json.loads((out / "instruction-data-with-response.json").read_text(encoding="utf-8"))
    data = json.loads((ft.HERE / "instruction-data.json").read_text(encoding="utf-8"))[:60]
    assert [{key: entry[key] for key in ("instruction", "input", "output")} for entry in answers] == data[51:57]
    for entry in answers:
        assert isinstance(entry["base_response"], str) and isinstance(entry["model_response"], str)

    state = torch.load(out / "gpt2-tiny-sft.pth", weights_only=True)
    ft.GPTModel(ft.MODELS["tiny"]).load_state_dict(state)
    torch.manual_seed(123)
    assert not torch.equal(state["pos_emb.weight"], ft.GPTModel(ft.MODELS["tiny"]).pos_emb.weight)  # it was trained

    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["model"] == "tiny" and metrics["device"] == "cpu" and metrics["dtype"] == "float32"
    assert metrics["steps"] == 14 and metrics["settings"]["epochs"] == 2 and metrics["settings"]["lr"] == 1e-4
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
    (["--lr", "nan"], 2, "--lr: invalid number value: 'nan'"),
    (["--batch-size", "-1"], 2, "--batch-size: invalid number value: '-1'"),
    (["--model", "125M"], 2, "invalid choice"), (["--seed", "9" * 30], 2, "--seed: invalid number value"),
    (["--device", "meta"], 1, "--device meta cannot be used here"),
    (["--device", "warp"], 1, "--device warp cannot be used here"),
    (["--data", "none.json"], 1, "No such file or directory: 'none.json'"),
    (["--limit", "5"], 1, "5 entries are too few"), (["--out", "file"], 1, "file")])
def test_wrong_settings_end_in_one_line(tmp_path, arguments, status, says):
    ends_in_one_line(run_here, tmp_path, arguments, status, says)


@pytest.mark.parametrize("arguments, status, says", [
    (["--epochs", "0"], 2, "--epochs: invalid number value: '0'"),
    (["--data", "none.json"], 1, "(FileNotFoundError: [Errno 2] No such file or directory: 'none.json')")])
def test_wrong_settings_end_a_process_with_their_status(tmp_path, arguments, status, says):
    ends_in_one_line(run_script, tmp_path, arguments, status, says)


def test_help_names_every_option(tmp_path):
    out, _ = run_here("--help", cwd=tmp_path)
    assert set(re.findall(r"--([a-z-]+)", out)) == {
        "help", "model", "data", "weights", "out", "epochs", "batch-size", "accumulate", "lr", "patience",
        "max-new-tokens", "limit", "device", "dtype", "seed", "resume", "ask", "input", "temperature", "top-k",
        "export"}


# ---- Weights that a server on this machine hands out ----


def run_main(tmp_path, *arguments):
    """Run main() in this process, where the addresses point to the local server."""
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
    assert "This is the toy model, not GPT-2, because the weights of 124M are not in" in out
    assert out.rstrip().endswith("This was the toy model, not GPT-2: see above, under Model.")
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
    assert "\x1b" not in out.split("Model\n")[1] and (tmp_path / "outputs" / "metrics.json").exists()
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
