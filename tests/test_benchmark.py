"""The benchmark compares like with like: every way that it measures computes the same losses and the same answers."""
import json
import re
import subprocess
import sys
from types import SimpleNamespace

import benchmark
import pytest
import torch
from conftest import PATIENCE, SMALL

import finetune_gpt2 as ft

CPU = torch.device("cpu")


def random_items(rows=6, seed=0):
    """Items of a data set over 97 tokens, of different lengths."""
    random = torch.Generator().manual_seed(seed)
    return [(torch.randint(1, 97, (6 + 5 * row,), generator=random).tolist(), 3 + 2 * row) for row in range(rows)]


@pytest.fixture
def twins(small_cfg):
    """The script's model and transformers' with the same random weights."""
    settings = {theirs: small_cfg[ours] for theirs, ours in ft.SIZE_NAMES.items()}
    params = {name: array * 5 if array.ndim == 2 else array for name, array in benchmark.random_arrays(settings)}
    model = ft.GPTModel(small_cfg)
    ft.load_weights_into_gpt(model, params)
    return model, benchmark.peer_model(settings, params, eos_id=96)


def gradients(model, loss):
    model.zero_grad()
    loss.backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters()}


@pytest.mark.parametrize("seed", [0, 1])
def test_plain_way_has_the_loss_and_the_gradients_of_the_script(small_model, seed):
    inputs, targets = ft.custom_collate_fn(random_items(seed=seed), pad_token_id=96)
    plain = benchmark.plain_loss(small_model, inputs, targets)
    loss_sum, n_scored = ft.calc_loss_batch(inputs, targets, small_model, CPU)
    script = loss_sum / n_scored
    assert script.item() == pytest.approx(plain.item(), abs=1e-5)
    assert n_scored == sum(len(tokens) - prompt for tokens, prompt in random_items(seed=seed))
    expected = gradients(small_model, plain)
    for name, gradient in gradients(small_model, script).items():
        assert torch.allclose(gradient, expected[name], rtol=1e-4, atol=1e-6), name


def test_transformers_batches_have_the_loss_and_the_gradients_of_the_script(twins):
    model, peer = twins
    batch = benchmark.peer_batch(random_items(), 96, 40, CPU)
    lengths = [len(tokens) for tokens, _ in random_items()]
    assert batch["attention_mask"].sum(dim=1).tolist() == lengths
    assert (batch["labels"] != -100).sum() == sum(len(tokens) - prompt for tokens, prompt in random_items())
    theirs = peer(**batch).loss
    loss_sum, n_scored = ft.calc_loss_batch(*ft.custom_collate_fn(random_items(), 96), model, CPU)
    ours = loss_sum / n_scored
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)
    ours, theirs = gradients(model, ours), gradients(peer, theirs)
    for mine, other in (("tok_emb.weight", "transformer.wte.weight"), ("pos_emb.weight", "transformer.wpe.weight"),
                        ("trf_blocks.1.ff.layers.0.bias", "transformer.h.1.mlp.c_fc.bias"),
                        ("final_norm.scale", "transformer.ln_f.weight")):
        assert torch.allclose(ours[mine], theirs[other], rtol=1e-4, atol=1e-6), mine


def test_every_rival_makes_the_same_first_step(twins, small_cfg, monkeypatch):
    """In float32, without weight decay, the three ways to train move the weights alike."""
    model, peer = twins
    plain = ft.GPTModel(small_cfg)
    plain.load_state_dict(model.state_dict())
    models = iter([model, plain])
    setup = SimpleNamespace(script_model=lambda dtype: next(models), peer_model=lambda: peer, device=CPU, eos_id=96,
                            context=40)
    adam = torch.optim.AdamW
    monkeypatch.setattr(torch.optim, "AdamW", lambda weights, lr, **_: adam(
        [{**weight, "weight_decay": 0.0} if isinstance(weight, dict) else weight for weight in weights], lr=lr,
        weight_decay=0.0, eps=1e-3))  # a large eps: else the sign of a gradient that is all but 0 decides
    after = []
    for name in ("script, float32", "plain", "transformers, float32"):
        step, trained = benchmark.trainer(setup, name)
        before = next(trained.parameters()).detach().clone()
        step(random_items())
        assert not torch.equal(before, next(trained.parameters()))
        after.append(next(trained.parameters()).detach())  # the table of tokens, first in all three
    assert torch.allclose(after[0], after[1], atol=1e-7) and torch.allclose(after[0], after[2], atol=1e-7)


def test_plain_answers_are_the_answers_of_the_script(tiny_tokenizer):
    torch.manual_seed(3)
    model = ft.GPTModel({**ft.MODELS["tiny"], "emb_dim": 64, "n_heads": 1, "n_layers": 2})
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(5)
    data = [{"instruction": "word " * n, "input": "", "output": "x"} for n in (9, 2, 30, 1, 14)]
    dataset = ft.InstructionDataset(data, tiny_tokenizer)
    first = benchmark.plain_answer(model, dataset[0][0][: dataset[0][1]], 12)
    # a token that some answer holds in its middle, so that the loops have an end to stop at
    tokenizer = SimpleNamespace(eot_token=first[4], decode=tiny_tokenizer.decode)
    answers = [benchmark.plain_answer(model, tokens[:length], 12, tokenizer.eot_token) for tokens, length in dataset]
    assert answers[0] == first[: first.index(first[4])] and any(len(answer) == 12 for answer in answers)
    responses = ft.generate_responses(model, [tokens[:length] for tokens, length in dataset], tokenizer, 12)
    assert responses == [tiny_tokenizer.decode(answer).strip() for answer in answers]


def test_both_orders_hold_the_same_entries(tiny_tokenizer):
    entries = [{"instruction": "word " * (n % 17), "input": "", "output": str(n)} for n in range(100)]
    dataset = ft.InstructionDataset(entries, tiny_tokenizer)
    grouped, mixed = benchmark.both_orders(dataset, 5)
    assert sorted(sum(grouped, [])) == sorted(sum(mixed, [])) and grouped != mixed
    assert len(grouped) == len(mixed) == 5

    def padding(batches):
        return sum(max(len(tokens) for tokens, _ in batch) * len(batch) for batch in batches)

    assert padding(grouped) < padding(mixed)


def test_many_entries_are_all_different_and_pass_the_check(tmp_path):
    data = ft.download_and_load_file(ft.HERE / "instruction-data.json")
    entries = benchmark.many_entries(data, 3000)
    assert len({entry["instruction"] for entry in entries}) == 3000
    (tmp_path / "data.json").write_text(json.dumps(entries))
    assert ft.download_and_load_file(tmp_path / "data.json") == entries


FEW = ["--model", "tiny", "--device", "cpu", "--steps", "2", "--repeats", "1", "--prompts", "1", "--peak-tflops", "1",
       "--max-new-tokens", "4"]
TITLES = {"step": "Training step", "memory": "Peak memory", "answers": "Answers", "load": "Weights on disk",
          "whole": "The whole job"}


@pytest.fixture
def here(monkeypatch, capsys):
    """A function that runs the benchmark in this process, with a model smaller than "tiny" and a hundred entries, as on
    a machine that is fast in bfloat16 or only emulates it; it returns standard output and standard error."""
    precision, read = torch.get_float32_matmul_precision(), ft.download_and_load_file
    monkeypatch.setattr(ft, "download_and_load_file", lambda path: read(path)[:100])
    monkeypatch.setitem(ft.MODELS, "tiny", {**ft.GPT2, **{ours: SMALL[name] for name, ours in ft.SIZE_NAMES.items()}})

    def run(*arguments, fast=torch.float32):
        monkeypatch.setattr(ft, "choose_dtype", lambda name, *_: fast if name == "auto" else getattr(torch, name))
        benchmark.main([*FEW, *arguments])
        return capsys.readouterr()

    yield run
    torch.set_float32_matmul_precision(precision)


def check_tables(out, names, least):
    """Check that these tables are there, in this order, with at least so many figures, which are numbers above 0."""
    found = re.findall(r"^### (.*)", out, re.MULTILINE)
    assert [title[: len(TITLES[name])] for title, name in zip(found, names, strict=True)] == [*map(TITLES.get, names)]
    rows = [line.strip("| ").split(" | ") for line in out.splitlines() if line.startswith("| ")]
    figures = [cell for row in rows for cell in row[1:] if re.match(r"[\d.,e+-]+%?$", cell) and cell != "---"]
    assert len(figures) > least and all(float(cell.rstrip("%").replace(",", "")) > 0 for cell in figures)
    assert not re.search(r"\b(nan|inf)\b", out)


def test_prints_tables_of_finite_figures(here):
    names = ["step", "answers", "load", "whole"]
    out, _ = here("--only", ",".join(names))
    check_tables(out, names, 40)
    assert "EXTRAPOLATED" in out and re.search(r"^tiny: [\d,]{6,} parameters", out)


@pytest.mark.slow
def test_prints_tables_as_a_user_starts_it():
    """Of the toy, with memory, which is that of whole processes."""
    names = ["step", "memory", "load"]
    command = [sys.executable, benchmark.__file__, *FEW, "--dtype", "float32", "--only", ",".join(names)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    check_tables(done.stdout, names, 16)
    assert "tiny: 1,088,256 parameters" in done.stdout and "in a fresh process: memory:" in done.stderr


def test_a_number_format_that_is_only_emulated_is_left_out(here):
    for arguments in ([], ["--dtype", "float32"]):
        out, err = here("--only", "step,answers", *arguments)
        assert "| transformers, float32 |" in out and "bfloat16 is left out" in out
        assert not re.search(r"^\|.*bfloat16", out, re.MULTILINE) and "bfloat16" not in err


@pytest.mark.parametrize("fast, arguments", [
    (torch.bfloat16, []), (torch.bfloat16, ["--dtype", "float32"]), (torch.float32, ["--dtype", "bfloat16"])])
def test_bfloat16_is_measured_where_it_is_fast_or_asked_for(here, fast, arguments):
    out, err = here("--only", "step", *arguments, fast=fast)
    chosen = (arguments or ["--dtype", "bfloat16"])[1]
    assert f"The script runs in {chosen}." in out and "left out" not in out
    names = dict.fromkeys([f"script, {chosen}", "script, float32", "transformers, float32", "transformers, bfloat16"])
    for name in names:
        assert f"| {name} |" in out and f"training step: {name}, round 2 of 2\n" in err


def test_answers_are_measured_in_both_formats(here):
    out, _ = here("--only", "answers", fast=torch.bfloat16)
    for who in ("script", "transformers"):
        assert f"| {who}, float32 |" in out and f"| {who}, bfloat16 |" in out
    assert "| script in float32 = 1 | script in bfloat16 = 1 |" in out


def test_a_table_is_there_before_the_next_is_measured(here, monkeypatch, capsys):
    """And what is measured is said before it is."""
    seen = []
    monkeypatch.setitem(benchmark.SECTIONS, "load", lambda _: seen.append(capsys.readouterr()))
    here("--only", "step,load")
    [(out, err)] = seen
    check_tables(out, ["step"], 10)
    lines = err.splitlines()
    assert [line for line in lines if "script, float32" in line] == [
        f"training step: script, float32, {when}" for when in ("warm-up", "warm-up", "round 1 of 2", "round 2 of 2")]


def test_what_is_measured_shares_a_line_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for text in ("one", "two", ""):
        benchmark.say(text)
    assert capsys.readouterr() == ("", "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K")


def test_says_what_is_missing(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        benchmark.main(["--model", "124M", "--bpe", str(tmp_path)])
    assert "--bpe" in stop.value.code and len(stop.value.code.splitlines()) == 1
    with pytest.raises(SystemExit) as stop:
        benchmark.main(["--model", "tiny", "--only", "step,stop"])
    assert stop.value.code == 2 and "stop" in capsys.readouterr().err.splitlines()[-1]
