"""What one does with a fine-tuned model: ask it, export it for other programs, and go on from such a folder."""
import copy
import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from conftest import PATIENCE, SCRIPT, TINY, run_here, run_script, slow
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
    out, _ = run_here("--weights", "mine", "--data", TINY / "instruction-data.json", *QUICK, cwd=tmp_path)
    assert re.search("weights: .*mine", out) and "model: mine" in out
    metrics = json.loads((tmp_path / "outputs" / "metrics.json").read_text())
    assert metrics["scores"]["base"]["loss"] < 5 and metrics["settings"]["lr"] == 3e-4  # it is as small as tiny
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


def test_arrays_begin_at_a_multiple_of_8(folder):
    with open(folder / "hub" / "model.safetensors", "rb") as file:
        assert int.from_bytes(file.read(8), "little") % 8 == 0


# ---- Asking: what goes in and out ----


ASK = ["--dtype", "float32", "--device", "cpu"]


def test_a_temperature_gives_another_answer_each_time_unless_a_seed_is_given(folder):
    def ask(*more):
        return run_here("--ask", INSTRUCTION, *ASK, "--max-new-tokens", 12, *more, cwd=folder)[0]

    assert len({ask("--temperature", 2) for _ in range(4)}) > 2
    assert len({ask("--temperature", 2, "--seed", 123) for _ in range(3)}) == 1  # also if it is the usual one
    assert len({ask() for _ in range(2)}) == 1


@pytest.mark.parametrize("temperature", [5e-324, 1e-320, 1e-40, 1e-10, 1e-6])
@pytest.mark.parametrize("top_k", [None, 1, 3, 10**9])
def test_very_low_temperatures_are_the_limit_of_low_ones(temperature, top_k):
    logits = torch.tensor([[1.0, 4.0, 3.9, -100.0], [50.0, -50.0, 49.0, 0.0], [-3.0, -2.0, -9.0, -2.5]])
    for dtype in (torch.float32, torch.bfloat16):
        assert ft.choose_next(logits.to(dtype), temperature, top_k).tolist() == [1, 0, 1]


def test_a_very_low_temperature_can_be_asked_for(folder):
    alone, _ = run_here("--ask", INSTRUCTION, *ASK, "--max-new-tokens", 12, cwd=folder)
    cold, _ = run_here("--ask", INSTRUCTION, *ASK, "--max-new-tokens", 12, "--temperature", 1e-40, cwd=folder)
    assert cold == alone


@pytest.mark.parametrize("words", [["--ask", "word " * 300], ["--ask", "Say it.", "--input", "word " * 300]])
def test_a_question_that_does_not_fit_is_one_line(folder, words):
    out, err = run_here(*words, *ASK, cwd=folder, status=1)
    assert out == "" and re.fullmatch(r"error: the prompt has \d{3} tokens: make it 255 or fewer\n", err)


@pytest.fixture
def echo(monkeypatch):
    """A model in a moment, whose answer is the prompt from its instruction on."""
    def respond(model, tokenizer, prompt, *_, **__):
        return prompt.split(":\n", 1)[1].split("\n")[0]

    monkeypatch.setattr(ft, "respond", respond)


def piped(monkeypatch, content, encoding="utf-8"):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding=encoding))


@pytest.mark.parametrize("content, answers", [
    (b"one\ntwo\n", ["one", "two"]), (b"one\r\ntwo", ["one", "two"]),
    (b"\n\n  \none\n\t\n\n two  \n\n", ["one", "two"]),
    (b"", []), (b"\n \n", []), (b"\xef\xbb\xbfone\n", ["one"]), ("Écris 日本 🙂\n".encode(), ["Écris 日本 🙂"]),
    (b"one\x1b[31m\x07two\n", ["one [31m two"])])
def test_lines_are_instructions_whatever_the_terminal_speaks(folder, echo, monkeypatch, content, answers):
    """Empty ones are none, and neither a prompt sign nor an escape character is in the output."""
    for encoding in ("utf-8", "latin-1", "ascii", "cp1252"):
        piped(monkeypatch, content, encoding)
        lines = ft.wanted_instructions(ft.parse_args(["--ask"]))
        assert [ft.visible(line) for line in lines] == answers
    piped(monkeypatch, content, "ascii")
    out, err = run_here("--ask", *ASK, cwd=folder)
    assert out.splitlines() == answers and len(err.splitlines()) == 1


@pytest.mark.parametrize("content, answers", [
    (b"\xff\xfeo\0n\0e\0", []), (b"caf\xe9\n", []), ("one\n".encode("utf-16"), []), (b"\x80", []),
    (bytes(range(256)), None)])
def test_lines_that_are_no_utf8_are_one_line(folder, echo, monkeypatch, content, answers):
    piped(monkeypatch, content)
    out, err = run_here("--ask", *ASK, cwd=folder, status=1)
    assert answers is None or out.splitlines() == answers
    assert err.splitlines()[-1].startswith("error: standard input") and "UTF-8" in err and len(err.splitlines()) == 2


def test_standard_input_that_is_closed_is_one_line(folder, echo, monkeypatch):
    stream = io.StringIO("one")
    stream.close()
    for closed in (None, stream):
        monkeypatch.setattr(sys, "stdin", closed)
        out, err = run_here("--ask", *ASK, cwd=folder, status=1)
        assert out == "" and err.startswith("error: standard input") and err.count("\n") == 1
        assert run_here("--ask", "one", *ASK, cwd=folder)[0] == "one\n"  # here, it is not needed


def test_an_instruction_may_have_any_letters(folder, echo):
    """Such as bytes of a command line that were no UTF-8."""
    assert run_here("--ask", " caf\udce9 \x1b[31m\u202e ", *ASK, cwd=folder)[0].startswith("caf")
    for text in ("caf\udce9", "\x00", "<|endoftext|>"):
        ft.load_tokenizer(ft.HERE / "gpt2" / "tiny").encode_ordinary(text)


@pytest.mark.parametrize("answer", ["\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x9b2J", "a\u202eb\u2066",
    "\x00\x08\r\x7f"])
def test_an_answer_has_no_escape_characters(folder, monkeypatch, answer):
    monkeypatch.setattr(ft, "respond", lambda *_, **__: f"one\n\ttwo {answer} three")
    out, _ = run_here("--ask", "Hi", *ASK, cwd=folder)
    assert out.startswith("one\n\ttwo ") and out.endswith(" three\n")
    assert all(sign.isprintable() or sign in "\n\t" for sign in out)


# ---- Exporting: what other programs find ----


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("weights, target", [
    ("base", "base"), ("base", "./there/../base/"), ("base", "link"), ("link", "base"), ("sizes", "sizes/tiny"),
    ("sizes", "sizes"), ("sizes", "link to size")])
def test_an_export_does_not_overwrite_the_base_model(folder, tmp_path, weights, target):
    shutil.copytree(folder / "hub", tmp_path / "base")
    shutil.copytree(folder / "hub", tmp_path / "sizes" / "tiny")
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("base")
    (tmp_path / "link to size").symlink_to("sizes/tiny")
    (tmp_path / "outputs").mkdir()
    tuned = "gpt2-tiny-sft.pth"
    shutil.copy(folder / "outputs" / tuned, tmp_path / "outputs" / tuned)
    before = contents(tmp_path)
    _, err = run_here("--export", target, "--weights", weights, cwd=tmp_path, status=1)
    assert err.startswith("error: ") and "base model" in err and err.count("\n") == 1
    assert contents(tmp_path) == before


def test_an_export_does_not_overwrite_the_model_that_comes_with_the_script(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(ft, "HERE", tmp_path)
    shutil.copytree(SCRIPT.parent / "gpt2" / "tiny", tmp_path / "gpt2" / "tiny", ignore=shutil.ignore_patterns("*.py"))
    before = contents(tmp_path)
    _, err = run_here("--export", tmp_path / "gpt2" / "tiny", cwd=folder, status=1)
    assert "base model" in err and contents(tmp_path) == before


@pytest.mark.parametrize("instruction", ["Name a fruit.", "a\n\n b", "{{ x }} {% if %} {# #}", "<b>&amp; 'q' \"r\"",
    "Écris 日本 🙂",
                                         "### Response:\n"])
def test_the_chat_template_lays_out_the_prompt(folder, tiny_tokenizer, instruction):
    from transformers import AutoTokenizer
    their_tokenizer = AutoTokenizer.from_pretrained(folder / "hub")
    chat = [{"role": "user", "content": instruction}]
    prompt = prompt_of(instruction)
    for adds in (True, False):
        assert their_tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=adds) == prompt
    ids = their_tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True)["input_ids"]
    assert ids == tiny_tokenizer.encode_ordinary(prompt)
    entry = {"instruction": instruction, "input": "", "output": "An answer."}
    chat += [{"role": "assistant", "content": entry["output"]}]
    text = their_tokenizer.apply_chat_template(chat, tokenize=False)
    assert text == prompt + "An answer.<|endoftext|>"  # as it is trained
    ids = their_tokenizer.apply_chat_template(chat, return_dict=True)["input_ids"]
    assert ids == ft.InstructionDataset([entry], tiny_tokenizer)[0][0]


def test_the_modelfile_lays_out_the_prompt(folder):
    text = (folder / "hub" / "Modelfile").read_text()
    start, template, rest = text.split('"""')
    assert start == "FROM ./model.gguf\nTEMPLATE "
    assert template.replace("{{ .Prompt }}", INSTRUCTION) == prompt_of(INSTRUCTION) and template.count("{{") == 1
    assert rest.splitlines()[1:] == ["PARAMETER stop <|endoftext|>"]


def test_an_exported_config_says_each_size_once(folder):
    """Transformers does not keep n_vocab up to date."""
    config = json.loads((folder / "hub" / "config.json").read_text())
    assert "n_vocab" not in config and config["vocab_size"] == 2048 and config["n_positions"] == 256
    assert config["pad_token_id"] == config["eos_token_id"] == config["bos_token_id"] == 2047
    tokenizer_config = json.loads((folder / "hub" / "tokenizer_config.json").read_text())
    assert {tokenizer_config[f"{name}_token"] for name in ("pad", "bos", "eos", "unk")} == {"<|endoftext|>"}


# ---- Folders as transformers and people leave them ----


@pytest.fixture(scope="module")
def theirs(folder):
    """(transformers' model, its tokenizer) of the exported folder. What is to be changed, copy first."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    return AutoModelForCausalLM.from_pretrained(folder / "hub").eval(), AutoTokenizer.from_pretrained(folder / "hub")


def as_saved(model):
    """The weights of one of their models as their names are, in float32, for load_weights_into_gpt."""
    return {name.removeprefix("transformer."): weight.detach().float() for name, weight in model.named_parameters()}


def same_weights(place, expected):
    """Check that a folder is read as a model with exactly these weights, {their names: tensor}."""
    model, tokenizer, source = ft.load_model("x", place)
    assert source == place and tokenizer.n_vocab == 2048 == model.cfg["vocab_size"]
    arrays = {hub: array for _, hub, _, array in ft.arrays_of(model)}
    for name, array in arrays.items():
        assert array.dtype == torch.float32 and torch.equal(array, expected[name][: len(array)]), name
    return model


def remove_weights(place):
    for file in place.glob("*.safetensors*"):
        file.unlink()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.float32])
@pytest.mark.parametrize("size", ["50GB", "700KB"])
def test_models_of_transformers_in_any_precision_and_in_parts(theirs, tmp_path, dtype, size):
    model = copy.deepcopy(theirs[0]).to(dtype)
    for each in (model, theirs[1]):
        each.save_pretrained(tmp_path / "mine", **({"max_shard_size": size} if each is model else {}))
    assert (len(list((tmp_path / "mine").glob("*.safetensors"))) > 1) == (size == "700KB")
    read = same_weights(tmp_path / "mine", as_saved(model))
    idx = torch.arange(40)[None] * 50
    with torch.no_grad():
        assert torch.allclose(read.eval()(idx), model.float()(idx).logits, atol=1e-3)


@pytest.mark.parametrize("kind, dtype", [
    ("one", torch.float32), ("one", torch.bfloat16), ("old", torch.float16), ("without prefix", torch.float32),
    ("in parts", torch.float16), ("in parts", torch.float32), ("parameters", torch.bfloat16)])
def test_models_in_files_of_pytorch(theirs, tmp_path, dtype, kind):
    """Which hold the output layer as well, and in older versions masks."""
    model = copy.deepcopy(theirs[0]).to(dtype)
    for each in (model, theirs[1]):
        each.save_pretrained(tmp_path / "mine")
    remove_weights(tmp_path / "mine")
    state = {name.removeprefix("transformer." if kind == "without prefix" else "-"): array
             for name, array in model.state_dict().items()}
    state["transformer.h.0.attn.bias"] = torch.ones(1, 1, 256, 256, dtype=torch.uint8)
    state["transformer.h.0.attn.masked_bias"] = torch.tensor(-1e4)
    if kind == "parameters":
        state = dict(model.named_parameters())
    if kind == "in parts":
        names = sorted(state)
        for n in (1, 2, 3):
            part = {name: state[name] for name in names[n - 1 :: 3]}
            torch.save(part, tmp_path / "mine" / f"pytorch_model-{n:05}-of-00003.bin")
    else:
        torch.save(state, tmp_path / "mine" / "pytorch_model.bin", _use_new_zipfile_serialization=kind != "old")
    same_weights(tmp_path / "mine", as_saved(model))


@pytest.mark.parametrize("more, multiple, n", [
    ({"pad_token": "<|pad|>"}, None, 2049), ({"pad_token": "<|pad|>"}, 64, 2112),
    ({"pad_token": "<|pad|>", "eos_token": "<|im_end|>"}, None, 2050)])
def test_tokens_that_people_added_are_left_out(theirs, tmp_path, more, multiple, n):
    """Also where the settings still say the number without them, as under an old export's n_vocab."""
    model, their_tokenizer = copy.deepcopy(theirs)
    their_tokenizer.add_special_tokens(more)
    model.resize_token_embeddings(len(their_tokenizer), pad_to_multiple_of=multiple)
    model.config.pad_token_id = their_tokenizer.pad_token_id
    model.config.eos_token_id = their_tokenizer.eos_token_id
    for each in (model, their_tokenizer):
        each.save_pretrained(tmp_path / "mine")
    expected, idx = as_saved(model), torch.arange(40)[None] * 50
    assert len(expected["wte.weight"]) == n
    for stale in ({}, {"n_vocab": 2048, "n_ctx": 77}):
        config = json.loads((tmp_path / "mine" / "config.json").read_text())
        (tmp_path / "mine" / "config.json").write_text(json.dumps({**config, **stale}))
        read = same_weights(tmp_path / "mine", expected)
        assert read.cfg["context_length"] == 256
        with torch.no_grad():
            assert torch.allclose(read.eval()(idx), model.eval()(idx).logits[..., :2048], atol=1e-4)


def test_a_merge_that_is_lost_is_no_added_token(theirs, folder, tmp_path):
    """Neither of a model as it comes, nor of one that tokens have been added to."""
    shutil.copytree(folder / "hub", tmp_path / "hub")
    model, their_tokenizer = copy.deepcopy(theirs)
    model.resize_token_embeddings(2050)
    for each in (model, their_tokenizer):
        each.save_pretrained(tmp_path / "mine")
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(folder / "hub" / name, tmp_path / "mine" / name)
    for place in (tmp_path / "hub", tmp_path / "mine"):
        ft.load_model("x", place)
        merges = (place / "merges.txt").read_text().rstrip("\n").split("\n")
        (place / "merges.txt").write_text("\n".join(merges[:-1]) + "\n")
        with pytest.raises(ft.UserError, match="the tokenizer and the model do not match"):
            ft.load_model("x", place)


def test_added_tokens_do_not_hinder_what_people_do(theirs, tmp_path):
    """Fine-tune, ask, export, and load the export."""
    from transformers import AutoModelForCausalLM
    model, their_tokenizer = copy.deepcopy(theirs)
    their_tokenizer.add_special_tokens({"pad_token": "<|pad|>"})
    model.resize_token_embeddings(len(their_tokenizer))
    for each in (model.half(), their_tokenizer):
        each.save_pretrained(tmp_path / "mine", **({"max_shard_size": "700KB"} if each is model else {}))
    run_here("--weights", "mine", *QUICK, "--limit", 12, cwd=tmp_path)
    answer, _ = run_here("--weights", "mine", "--ask", INSTRUCTION, *ASK, "--max-new-tokens", 8, cwd=tmp_path)
    run_here("--weights", "mine", "--export", "hub", cwd=tmp_path)
    again, _, _ = ft.load_model("hub", tmp_path / "hub")
    assert again.cfg["vocab_size"] == 2048
    assert ft.respond(again, ft.load_tokenizer(tmp_path / "hub"), prompt_of(INSTRUCTION), 8) + "\n" == answer
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "hub").config.vocab_size == 2048


def with_config(folder, place, **changes):
    shutil.copytree(folder / "hub", place)
    config = {**json.loads((place / "config.json").read_text()), **changes}
    (place / "config.json").write_text(json.dumps({key: value for key, value in config.items() if value != "gone"}))
    return place


@pytest.mark.parametrize("changes", [
    {"n_inner": 512}, {"n_inner": None}, {"n_inner": "gone"}, {"activation_function": "gelu_pytorch_tanh"},
    {"activation_function": "gelu_fast"}, {"n_ctx": 1024}, {"n_ctx": "gone"}, {"n_vocab": 50257}, {"n_vocab": None},
    {"layer_norm_epsilon": 0.00001}, {"reorder_and_upcast_attn": True, "resid_pdrop": 0.1, "use_cache": False},
    {"torch_dtype": "float16", "dtype": "float16", "architectures": ["GPT2Model"], "transformers_version": "9"}])
def test_settings_that_mean_the_same_are_read(folder, tuned, tmp_path, changes):
    model, _, _ = ft.load_model("x", with_config(folder, tmp_path / "mine", **changes))
    ours, read = tuned[0].state_dict(), model.state_dict()
    assert all(torch.equal(ours[name], read[name]) for name in ours) and model.cfg == {**ft.GPT2, **ft.MODELS["tiny"]}


@pytest.mark.parametrize("changes, says", [
    ({"n_inner": 513}, "n_inner"), ({"activation_function": "gelu"}, "activation_function"),
    ({"n_layer": 3}, "more layers"),
    ({"n_layer": 5}, r"no h\.4\."), ({"tie_word_embeddings": False}, "tie_word_embeddings"),
    ({"n_positions": 128}, "no wpe"),
    ({"vocab_size": 2049}, "no wte"), ({"model_type": "gpt_neo"}, "model_type"),
    ({"scale_attn_weights": False}, "scale_attn")])
def test_settings_that_mean_something_else_are_refused(folder, tmp_path, changes, says):
    with pytest.raises(ft.UserError, match=says) as problem:
        ft.load_model("x", with_config(folder, tmp_path / "mine", **changes))
    assert str(tmp_path / "mine") in str(problem.value)


@pytest.mark.parametrize("content, says", [
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "git lfs pull"),
    (b"<!DOCTYPE html>", "web page"),
    (b"  \n<html>", "web page"), (b"GGUF\3\0\0\0", "GGUF"), (b"\x1f\x8b\x08", "compressed"), (b"", ""),
    (b"\0" * 99, "")])
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin", "config.json", "merges.txt"])
def test_a_file_that_is_not_what_its_name_says_is_called_what_it_is(folder, tmp_path, content, says, name):
    shutil.copytree(folder / "hub", tmp_path / "mine")
    if name == "pytorch_model.bin":
        remove_weights(tmp_path / "mine")
    (tmp_path / "mine" / name).write_bytes(content)
    with pytest.raises(ft.UserError) as problem:
        ft.load_model("x", tmp_path / "mine")
    assert name == "merges.txt" or (name in str(problem.value) and says in str(problem.value))
    assert len(str(problem.value)) < 1000


def test_pytorch_and_safetensors_under_each_others_names(folder, theirs, tmp_path):
    shutil.copytree(folder / "hub", tmp_path / "mine")
    torch.save(theirs[0].state_dict(), tmp_path / "mine" / "model.safetensors")
    with pytest.raises(ft.UserError, match=r"model\.safetensors cannot be read \(it is a ZIP archive.*\.bin"):
        ft.load_model("x", tmp_path / "mine")
    (tmp_path / "mine" / "model.safetensors").unlink()
    shutil.copy(folder / "hub" / "model.safetensors", tmp_path / "mine" / "pytorch_model.bin")
    with pytest.raises(ft.UserError, match=r"pytorch_model\.bin cannot be read"):
        ft.load_model("x", tmp_path / "mine")


def test_a_damaged_file_of_pytorch_is_called_damaged(folder, theirs, tmp_path):
    """It begins as a whole one does; and what is no table of weights is not executed."""
    shutil.copytree(folder / "hub", tmp_path / "mine")
    remove_weights(tmp_path / "mine")
    file = tmp_path / "mine" / "pytorch_model.bin"
    torch.save(theirs[0].state_dict(), file)
    content = file.read_bytes()
    for change in (lambda: file.write_bytes(content[:-1000]), lambda: torch.save(theirs[0], file),
                   lambda: torch.save([1, 2], file), lambda: torch.save({"model": theirs[0].state_dict()}, file)):
        change()
        with pytest.raises(ft.UserError, match=r"pytorch_model\.bin") as problem:
            ft.load_model("x", tmp_path / "mine")
        assert "ZIP" not in str(problem.value) and len(str(problem.value)) < 1000


class Trap:
    """To unpickle it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("trap",)


def test_a_file_of_pytorch_is_not_executed(folder, theirs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder / "hub", tmp_path / "mine")
    remove_weights(tmp_path / "mine")
    for old in (False, True):
        content = {**theirs[0].state_dict(), "trap": Trap()}
        torch.save(content, tmp_path / "mine" / "pytorch_model.bin", _use_new_zipfile_serialization=not old)
        with pytest.raises(ft.UserError, match=r"pytorch_model\.bin cannot be read"):
            ft.load_model("x", tmp_path / "mine")
    assert not (tmp_path / "trap").exists()


@pytest.mark.parametrize("last", ["", "model.safetensors.index.json"])
def test_a_part_that_is_missing_is_named(theirs, tmp_path, last):
    for each in theirs:
        each.save_pretrained(tmp_path / "mine", **({"max_shard_size": "700KB"} if each is theirs[0] else {}))
    parts = sorted((tmp_path / "mine").glob("model-*.safetensors"))
    assert len(parts) > 2
    for n, part in enumerate(parts):
        part.rename(tmp_path / "away")
        if n == 0 and last:
            (tmp_path / "mine" / last).unlink()  # it is not needed
        with pytest.raises(ft.UserError, match=r"model-.*\.safetensors: no .* of shape"):
            ft.load_model("x", tmp_path / "mine")
        (tmp_path / "away").rename(part)
    ft.load_model("x", tmp_path / "mine")


@pytest.mark.parametrize("name, place, value", [
    ("wte", (7, 3), math.nan), ("wte", (2047, 0), math.inf), ("wpe", (0, 0), -math.inf), ("wpe", (255, 127), math.nan),
    ("wpe", (255, 0), math.inf), ("h.2.ln_1", (5,), math.inf), ("h.3.mlp.c_fc", (1, 2), math.nan),
    ("ln_f", (0,), -math.inf)])
def test_weights_that_are_no_numbers_are_named_as_such(folder, theirs, tmp_path, name, place, value):
    """Wherever they are: neither the device is blamed nor the learning rate."""
    from safetensors.torch import save_file
    shutil.copytree(folder / "hub", tmp_path / "mine")
    state = {each: weight.detach().clone() for each, weight in theirs[0].transformer.named_parameters()}
    state[f"{name}.weight"][place] = value
    save_file(state, tmp_path / "mine" / "model.safetensors", metadata={"format": "pt"})
    _, err = run_here("--weights", "mine", *QUICK, cwd=tmp_path, status=1)
    assert err.startswith("error: the weights of the model are damaged") and "numbers" in err and err.count("\n") == 1


def test_safetensors_are_taken_before_files_of_pytorch(folder, tuned, tmp_path):
    shutil.copytree(folder / "hub", tmp_path / "mine")
    (tmp_path / "mine" / "pytorch_model.bin").write_bytes(b"older")
    model, _, _ = ft.load_model("x", tmp_path / "mine")
    assert torch.equal(model.pos_emb.weight, tuned[0].pos_emb.weight)
