"""What one does with a fine-tuned model: ask it, export it for other programs, and go on from such a folder."""
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from conftest import PATIENCE, SCRIPT, run_here, run_script, slow
from safetensors.numpy import load_file

import finetune_gpt2 as ft

QUICK = ["--limit", 40, "--epochs", 1, "--max-new-tokens", 8, "--device", "cpu", "--dtype", "float32"]
INSTRUCTION = "Rewrite in passive voice: The chef cooks the meal."


@pytest.fixture(scope="module")
def folder(toy_run, tmp_path_factory):
    """A folder in which the tiny model has been fine-tuned, and exported to hub/. What is to be changed, copy first."""
    folder = Path(shutil.copytree(toy_run.folder, tmp_path_factory.mktemp("use") / "toy"))
    out, _ = run_here("--export", "hub", cwd=folder)
    assert "gpt2-tiny-sft.pth" in out and "hub" in out
    return folder


@pytest.fixture(scope="module")
def tuned(folder):
    return ft.load_model("tiny", ft.HERE / "gpt2", tuned=folder / "outputs" / "gpt2-tiny-sft.pth")


def prompt_of(instruction, text=""):
    return ft.format_input({"instruction": instruction, "input": text}) + ft.RESPONSE_HEADER


# ---- Asking ----

def test_one_question_gets_the_answer_of_the_saved_weights(folder, tuned):
    out, err = run_script("--ask", INSTRUCTION, "--dtype", "float32", cwd=folder)
    model, tokenizer, _ = tuned
    assert out == ft.respond(model, tokenizer, prompt_of(INSTRUCTION)) + "\n" and out.strip() and err == ""


def test_input_becomes_part_of_the_prompt(folder, tuned):
    out, _ = run_here("--ask", "Name the first word.", "--input", "Milk is white.", "--dtype", "float32", cwd=folder)
    model, tokenizer, _ = tuned
    assert out.strip() == ft.respond(model, tokenizer, prompt_of("Name the first word.", "Milk is white."))


def test_conversation_takes_one_instruction_a_line(folder, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"Name a fruit.\n  {INSTRUCTION}"))
    out, err = run_here("--ask", "--dtype", "float32", cwd=folder)
    alone = [run_here("--ask", text, "--dtype", "float32", cwd=folder)[0] for text in ("Name a fruit.", INSTRUCTION)]
    assert out == "".join(alone) and len(err.splitlines()) == 1 and "Ctrl-D" in err


@pytest.mark.slow
def test_conversation_answers_each_line_at_once(folder):
    """As on a terminal: the answer is there before the next line is."""
    command = [sys.executable, str(SCRIPT), "--ask", "--dtype", "float32"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding="utf-8", bufsize=1) as process:
        alarm = threading.Timer(PATIENCE, process.kill)
        alarm.daemon = True
        alarm.start()
        for text in ("Name a fruit.", INSTRUCTION):
            process.stdin.write(text + "\n")
            alone, _ = run_here("--ask", text, "--dtype", "float32", cwd=folder)
            assert "".join(process.stdout.readline() for _ in alone.splitlines()) == alone
        process.stdin.close()  # Ctrl-D
        assert process.stdout.read() == "" and process.wait() == 0
        alarm.cancel()
        assert len(process.stderr.read().splitlines()) == 1


@pytest.mark.parametrize("text", ["", "Name a fruit.\n"])
def test_an_instruction_that_is_too_long_is_named(folder, monkeypatch, text):
    """Alone, and in a conversation."""
    long = "word " * 300
    monkeypatch.setattr(sys, "stdin", io.StringIO(text + long))
    _, err = run_here("--ask", *([] if text else [long]), "--dtype", "float32", cwd=folder, status=1)
    assert re.match(r"error: .* \d{3} tokens.* 255 ", err.splitlines()[-1])
    assert len(err.splitlines()) == (2 if text else 1)


def test_the_longest_prompt_has_room_for_one_token(tuned):
    model, tokenizer, _ = tuned
    prompt = prompt_of(INSTRUCTION)
    prompt = " word" * (255 - len(tokenizer.encode_ordinary(prompt))) + prompt
    assert len(tokenizer.encode_ordinary(prompt)) == 255
    assert len(tokenizer.encode_ordinary(ft.respond(model, tokenizer, prompt))) <= 1
    with pytest.raises(ft.UserError, match="256 tokens: make it 255"):
        ft.respond(model, tokenizer, " word" + prompt)


@pytest.mark.slow
def test_temperature_and_top_k_draw_answers(folder):
    def ask(*arguments):
        return run_here("--ask", INSTRUCTION, "--dtype", "float32", "--max-new-tokens", 12, *arguments, cwd=folder)[0]

    drawn = {ask("--temperature", 3, "--seed", seed) for seed in (1, 2)}
    assert len(drawn) == 2 and ask("--temperature", 3, "--seed", 1) in drawn
    assert ask("--temperature", 3, "--top-k", 1) == ask()  # of one, the likeliest is drawn


def test_the_newest_weights_answer_or_those_of_the_size(folder, tmp_path):
    shutil.copytree(folder / "outputs", tmp_path / "outputs")
    older = tmp_path / "outputs" / "gpt2-124M-sft.pth"
    older.write_bytes(b"nothing")
    os.utime(older, (1, 1))
    newest, _ = run_here("--ask", INSTRUCTION, "--dtype", "float32", cwd=tmp_path)
    named, _ = run_here("--ask", INSTRUCTION, "--model", "tiny", "--dtype", "float32", cwd=tmp_path)
    assert newest == named


@pytest.mark.parametrize("run, arguments, words", [
    (run_here, ["--ask", "Hi"], "fine-tune first"), slow(run_script, ["--ask", "Hi"], "fine-tune first"),
    (run_here, ["--export", "hub"], "fine-tune first"),
    (run_here, ["--ask", "Hi", "--model", "355M"], "gpt2-355M-sft.pth")])
def test_without_weights_one_line_says_so(run, arguments, words, tmp_path):
    _, err = run(*arguments, cwd=tmp_path, status=1)
    assert err.startswith("error: ") and words in err and len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_damaged_weights_are_named(folder, tmp_path):
    (tmp_path / "outputs").mkdir()
    content = (folder / "outputs" / "gpt2-tiny-sft.pth").read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"<html>Sign in</html>"):
        (tmp_path / "outputs" / "gpt2-tiny-sft.pth").write_bytes(damaged)
        _, err = run_here("--ask", "Hi", cwd=tmp_path, status=1)
        assert re.search(r"gpt2-tiny-sft.pth .*cannot be read \(", err) and len(err.splitlines()) == 1


def test_a_state_dict_of_another_size_is_named(folder, tmp_path):
    (tmp_path / "outputs").mkdir()
    model = ft.GPTModel({**ft.MODELS["tiny"], "emb_dim": 64, "n_heads": 1})
    torch.save(model.state_dict(), tmp_path / "outputs" / "gpt2-tiny-sft.pth")
    _, err = run_here("--ask", "Hi", cwd=tmp_path, status=1)
    assert re.search("gpt2-tiny-sft.pth .*of the model in .*tiny.* cannot be read .*size mismatch", err)
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_three_lines_from_a_script(folder):
    code = (f"import sys; sys.path.insert(0, {str(ft.HERE)!r})\n"
            "import finetune_gpt2 as ft\n"
            'model, tokenizer, _ = ft.load_model("tiny", ft.HERE / "gpt2", tuned="outputs/gpt2-tiny-sft.pth")\n'
            'prompt = ft.format_input({"instruction": "Name a fruit.", "input": ""}) + ft.RESPONSE_HEADER\n'
            "print(ft.respond(model, tokenizer, prompt))\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, encoding="utf-8",
                          timeout=PATIENCE)
    asked, _ = run_here("--ask", "Name a fruit.", "--dtype", "float32", cwd=folder)
    assert done.stdout == asked, done.stderr


# ---- Exporting ----

def test_transformers_loads_the_folder_without_a_word(folder, tuned):
    from transformers import AutoModelForCausalLM
    theirs, report = AutoModelForCausalLM.from_pretrained(folder / "hub", output_loading_info=True)
    assert not any(report[key] for key in report), report
    model, tokenizer, _ = tuned
    idx = torch.tensor([tokenizer.encode_ordinary(prompt_of(INSTRUCTION))])
    with torch.no_grad():
        assert torch.allclose(model.eval()(idx), theirs.eval()(idx).logits, atol=1e-4)


def test_transformers_gives_the_same_tokens_and_greedy_answers(folder, tuned):
    from transformers import AutoModelForCausalLM, AutoTokenizer
    theirs, their_tokenizer = (auto.from_pretrained(folder / "hub") for auto in (AutoModelForCausalLM, AutoTokenizer))
    model, tokenizer, _ = tuned
    for instruction, text in ((INSTRUCTION, ""), ("Name a fruit.", ""), ("Sort.", "pear, fig, 12 apples"),
                              ("Écris: naïve  café\n\ttwo", "“quoted” 1,234 …")):
        prompt = prompt_of(instruction, text)
        ids = their_tokenizer(prompt, return_tensors="pt").input_ids
        assert ids[0].tolist() == tokenizer.encode_ordinary(prompt)
        answer = their_tokenizer.decode(theirs.generate(ids, max_new_tokens=20)[0, ids.shape[1]:],
                                        skip_special_tokens=True)
        assert answer.strip() == ft.respond(model, tokenizer, prompt, 20)
    assert their_tokenizer.eos_token_id == tokenizer.eot_token == theirs.generation_config.eos_token_id
    assert their_tokenizer.model_max_length == 256


def test_safetensors_reads_the_file(folder, tuned):
    arrays = load_file(folder / "hub" / "model.safetensors")
    expected = {hub: array for _, hub, _, array in ft.arrays_of(tuned[0])}
    assert expected.keys() == arrays.keys()
    assert all((arrays[name] == array.numpy()).all() for name, array in expected.items())


def test_weights_of_a_model_are_those_that_went_in(tuned):
    other = ft.GPTModel(ft.MODELS["tiny"])
    ft.load_weights_into_gpt(other, {openai: array for openai, _, _, array in ft.arrays_of(tuned[0])})
    ours, theirs = tuned[0].state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_transformers_can_pad(folder, tuned):
    """Both of its halves know the pad token; and what it writes behind padding is what it writes without."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    theirs = AutoModelForCausalLM.from_pretrained(folder / "hub")
    their_tokenizer = AutoTokenizer.from_pretrained(folder / "hub", padding_side="left")
    model, tokenizer, _ = tuned
    assert their_tokenizer.pad_token_id == tokenizer.eot_token
    assert theirs.config.pad_token_id == theirs.generation_config.pad_token_id == tokenizer.eot_token
    prompts = [prompt_of(INSTRUCTION), prompt_of("Name a fruit.")]
    batch = their_tokenizer(prompts, padding=True, return_tensors="pt")
    assert (batch.attention_mask == 0).any()
    output = theirs.generate(**batch, max_new_tokens=20)[:, batch.input_ids.shape[1]:]
    answers = their_tokenizer.batch_decode(output, skip_special_tokens=True)
    assert [answer.strip() for answer in answers] == [ft.respond(model, tokenizer, prompt, 20) for prompt in prompts]


def test_folder_is_complete(folder):
    names = {"config.json", "generation_config.json", "model.safetensors", "vocab.json", "merges.txt",
             "tokenizer_config.json", "Modelfile"}
    assert {path.name for path in (folder / "hub").iterdir()} == names
    config = json.loads((folder / "hub" / "config.json").read_text())
    assert config["model_type"] == "gpt2" and config["architectures"] == ["GPT2LMHeadModel"]


def test_export_over_an_older_export_replaces_it(folder, tmp_path):
    shutil.copytree(folder / "hub", tmp_path / "hub")
    (tmp_path / "hub" / "model.safetensors").write_bytes(b"old")
    (tmp_path / "hub" / "README.md").write_text("mine")
    run_here("--export", tmp_path / "hub", cwd=folder)
    assert (tmp_path / "hub" / "model.safetensors").read_bytes() == (folder / "hub" / "model.safetensors").read_bytes()
    assert (tmp_path / "hub" / "README.md").read_text() == "mine"


def test_an_export_that_cannot_be_written_leaves_no_half_file(folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    _, err = run_here("--export", tmp_path / "file", cwd=folder, status=1)
    assert len(err.splitlines()) == 1 and (tmp_path / "file").read_text() == "in the way"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# ---- Going on from such a folder ----

def test_weights_accept_the_folder_and_it_is_the_same_model(folder, tuned):
    model, tokenizer, source = ft.load_model("hub", folder / "hub")
    assert source == folder / "hub" and tokenizer.n_vocab == 2048
    ours, theirs = tuned[0].state_dict(), model.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.slow
def test_fine_tuning_goes_on_from_what_transformers_saved(folder, tmp_path):
    """Today's transformers saves one tokenizer.json in place of the two files."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    for auto in (AutoModelForCausalLM, AutoTokenizer):
        auto.from_pretrained(folder / "hub").save_pretrained(tmp_path / "mine")
    assert (tmp_path / "mine" / "tokenizer.json").exists()
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / "mine" / name).unlink(missing_ok=True)
    out, _ = run_here("--weights", "mine", *QUICK, cwd=tmp_path)
    assert re.search("weights: .*mine", out) and "model: mine" in out
    metrics = json.loads((tmp_path / "outputs" / "metrics.json").read_text())
    assert metrics["scores"]["base"]["loss"] < 5 and metrics["settings"]["lr"] == 1e-4  # it is as small as tiny
    answer, _ = run_here("--ask", INSTRUCTION, "--weights", "mine", cwd=tmp_path)
    assert answer.strip()
    _, err = run_here("--ask", INSTRUCTION, cwd=tmp_path, status=1)  # where its tokenizer is, has to be said
    assert "--weights" in err and len(err.splitlines()) == 1
    run_here("--export", "again", "--weights", "mine", cwd=tmp_path)
    tokenizers = [AutoTokenizer.from_pretrained(tmp_path / name)("a tokenizer, 12")["input_ids"]
                  for name in ("mine", "again")]
    assert tokenizers[0] == tokenizers[1]


def test_tokenizer_json_gives_the_same_tokenizer(folder, tmp_path, tiny_tokenizer):
    from transformers import AutoTokenizer
    AutoTokenizer.from_pretrained(folder / "hub").save_pretrained(tmp_path)
    text = "Tiny tokenizers tell 1,234 tales — naïvely."
    assert ft.load_tokenizer(tmp_path).encode_ordinary(text) == tiny_tokenizer.encode_ordinary(text)
    for damaged in ('{"model": {"merges": [["a"', '{"model": {"vocab": {}}}', '{"model": {"merges": [["a"]]}}', "[]",
                    '{"model": {"merges": [["a", "\u65e5"]]}}', '{"model": {"merges": [["a", 1]]}}'):
        (tmp_path / "tokenizer.json").write_text(damaged)
        with pytest.raises(ft.UserError, match="the tokenizer in .* cannot be read"):
            ft.load_tokenizer(tmp_path)


def test_a_tokenizer_of_another_model_is_named(folder, tmp_path):
    shutil.copytree(folder / "hub", tmp_path / "hub")
    (tmp_path / "hub" / "merges.txt").write_text("#version: 0.2\na b\n")
    with pytest.raises(ft.UserError, match="the tokenizer and the model do not match"):
        ft.load_model("hub", tmp_path / "hub")


@pytest.mark.parametrize("key, value", [("activation_function", "relu"), ("model_type", "llama"), ("n_inner", 100),
                                        ("layer_norm_epsilon", 1e-6), ("scale_attn_by_inverse_layer_idx", True)])
def test_another_architecture_is_refused(folder, tmp_path, key, value):
    shutil.copytree(folder / "hub", tmp_path / "odd")
    config = json.loads((tmp_path / "odd" / "config.json").read_text())
    (tmp_path / "odd" / "config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(ft.UserError, match=f"not of GPT-2's architecture.*{key}"):
        ft.load_model("odd", tmp_path / "odd")


def test_a_size_beside_a_folder_that_has_one_is_refused(folder, tmp_path):
    _, err = run_here("--weights", folder / "hub", "--model", "tiny", *QUICK, cwd=tmp_path, status=1)
    assert "leave --model out" in err and len(err.splitlines()) == 1


def test_half_precision_is_named(folder, tmp_path):
    from transformers import AutoModelForCausalLM
    shutil.copytree(folder / "hub", tmp_path / "half")
    AutoModelForCausalLM.from_pretrained(folder / "hub", dtype=torch.float16).save_pretrained(tmp_path / "half")
    with pytest.raises(ft.UserError, match="F16"):
        ft.load_model("half", tmp_path / "half")


def test_arrays_begin_at_a_multiple_of_8(folder):
    with open(folder / "hub" / "model.safetensors", "rb") as file:
        assert int.from_bytes(file.read(8), "little") % 8 == 0
