"""The layers, against their definitions and against transformers; and the weights, through both file formats."""
import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import checkpoint_layout
from make_checkpoint import FOLDER, HPARAMS, random_arrays
from safetensors.numpy import save_file
from torch import nn

import finetune_gpt2 as ft


def torch_arrays():
    """The arrays of the fixture under the names of read_checkpoint."""
    return {name.removeprefix("model/"): array.squeeze(0) if array.ndim == 3 else array
            for name, array in random_arrays().items()}


def hub_name(name):
    """Hugging Face's name of an array, written down independently of the script."""
    if name in ("wte", "wpe"):
        return f"{name}.weight"
    name = re.sub(r"^h(\d+)/", r"h.\1.", name).replace("/", ".")
    return re.sub(r"\.(w|g)$", ".weight", re.sub(r"\.b$", ".bias", name))


def write_hub_folder(folder, prefix="", **extra):
    """Write the fixture's arrays the way Hugging Face does, with the safetensors package."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {prefix + hub_name(name): array for name, array in torch_arrays().items()}
    save_file(arrays | extra, folder / "model.safetensors", metadata={"format": "pt"})
    config = {"vocab_size": HPARAMS["n_vocab"], "n_positions": HPARAMS["n_ctx"], "n_ctx": HPARAMS["n_ctx"],
              "n_embd": HPARAMS["n_embd"], "n_head": HPARAMS["n_head"], "n_layer": HPARAMS["n_layer"]}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def our_model(folder):
    settings, params = ft.read_checkpoint(folder)
    model = ft.GPTModel({**ft.GPT2, **{ours: settings[theirs] for theirs, ours in ft.SIZE_NAMES.items()}})
    ft.load_weights_into_gpt(model, params)
    return model.eval()


@pytest.fixture(scope="module")
def reference():
    """transformers' GPT-2 with the fixture's arrays."""
    transformers = pytest.importorskip("transformers")
    sizes = {"vocab_size": HPARAMS["n_vocab"], "n_positions": HPARAMS["n_ctx"], "n_embd": HPARAMS["n_embd"],
             "n_head": HPARAMS["n_head"], "n_layer": HPARAMS["n_layer"], "bos_token_id": 0, "eos_token_id": 0}
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**sizes))
    state = {f"transformer.{hub_name(name)}": torch.tensor(array) for name, array in torch_arrays().items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and missing == ["lm_head.weight"]
    model.tie_weights()
    return model.eval()


OPENAI_DATA = ft.OPENAI_FILES[-1]
IDX = torch.randint(0, HPARAMS["n_vocab"], (3, HPARAMS["n_ctx"]), generator=torch.Generator().manual_seed(1))


def test_tensorflow_checkpoint_is_read_array_for_array():
    settings, params = ft.read_checkpoint(FOLDER)
    assert settings == HPARAMS
    expected = torch_arrays()
    assert set(params) == set(expected)
    for name, array in expected.items():
        assert params[name].dtype == np.float32
        np.testing.assert_array_equal(params[name], array, err_msg=name)


@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_safetensors_is_read_array_for_array(tmp_path, prefix):
    masks = {f"{prefix}h.0.attn.bias": np.ones((1, 1, 40, 40), bool),
             f"{prefix}h.0.attn.masked_bias": np.float32(-1e4).reshape(1)}
    settings, params = ft.read_checkpoint(write_hub_folder(tmp_path, prefix, **masks))
    assert settings == HPARAMS
    expected = torch_arrays()
    assert set(params) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(params[name], array, err_msg=name)


@pytest.mark.parametrize("source", ["tensorflow", "safetensors"])
@pytest.mark.parametrize("fused", [True, False])
def test_logits_equal_those_of_transformers(tmp_path, monkeypatch, reference, source, fused):
    monkeypatch.setattr(ft, "FUSED", fused)
    model = our_model(FOLDER if source == "tensorflow" else write_hub_folder(tmp_path))
    with torch.no_grad():
        ours, theirs = model(IDX), reference(IDX).logits
    assert ours.shape == (3, HPARAMS["n_ctx"], HPARAMS["n_vocab"])
    assert theirs.std() > 0.1
    assert (ours - theirs).abs().max() < 1e-4


def test_gradients_equal_those_of_transformers(reference):
    model = our_model(FOLDER)
    ft.F.cross_entropy(model(IDX[:, :-1]).flatten(0, 1), IDX[:, 1:].flatten()).backward()
    reference.zero_grad()
    reference(IDX, labels=IDX).loss.backward()
    ours, theirs = model.tok_emb.weight.grad, reference.transformer.wte.weight.grad
    assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()
    ours = model.trf_blocks[3].att.W_key.weight.grad
    D = HPARAMS["n_embd"]
    theirs = reference.transformer.h[3].attn.c_attn.weight.grad[:, D : 2 * D].T
    assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()


@pytest.mark.parametrize("size, parameters, data_bytes", [
    ("124M", 124_439_808, 497_759_232), ("355M", 354_823_168, 1_419_292_672),
    ("774M", 774_030_080, 3_096_120_320), ("1558M", 1_557_611_200, 6_230_444_800)])
def test_layout_of_the_released_sizes(size, parameters, data_bytes):
    cfg = ft.MODELS[size]
    layout = checkpoint_layout({theirs: cfg[ours] for theirs, ours in ft.SIZE_NAMES.items()})
    assert 4 * sum(math.prod(shape) for shape in layout.values()) == data_bytes
    assert list(layout) == sorted(layout)
    assert list(layout)[:2] == ["h0/attn/c_attn/b", "h0/attn/c_attn/w"] and list(layout)[-2:] == ["wpe", "wte"]
    assert list(layout).index("h10/attn/c_attn/b") < list(layout).index("h2/attn/c_attn/b")
    with torch.device("meta"):
        model = ft.GPTModel(cfg)
    assert sum(weight.numel() for weight in model.parameters()) == parameters
    assert cfg["emb_dim"] == 64 * cfg["n_heads"]


def test_tiny_model_is_as_small_as_it_says():
    model = ft.GPTModel(ft.MODELS["tiny"])
    assert 0.5e6 < sum(weight.numel() for weight in model.parameters()) < 2e6


def test_formulas_and_fused_routines_agree(small_model, monkeypatch):
    idx = torch.randint(0, 97, (4, 40))
    results = {}
    for fused in (True, False):
        monkeypatch.setattr(ft, "FUSED", fused)
        small_model.zero_grad()
        logits = small_model(idx)
        ft.F.cross_entropy(logits.flatten(0, 1), idx.flatten()).backward()
        results[fused] = [logits.detach()] + [weight.grad.clone() for weight in small_model.parameters()]
    for fused, formula in zip(results[True], results[False], strict=True):
        assert torch.allclose(fused, formula, atol=1e-5, rtol=1e-3)


def test_attention_by_hand():
    """Two tokens, one head of two numbers: the first sees itself only, the second a mean of both."""
    attention = ft.CausalAttention(drop_rate=0.0)
    queries = torch.tensor([[[[1.0, 0.0], [0.0, 2.0]]]])
    keys = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    values = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    hidden = torch.tensor([[False, True], [False, False]])
    a = math.exp(0) / (math.exp(0) + math.exp(2 / math.sqrt(2)))  # weight of token 1 for token 2
    expected = torch.tensor([[[[1.0, 2.0], [a * 1 + (1 - a) * 3, a * 2 + (1 - a) * 4]]]])
    assert torch.allclose(attention(queries, keys, values, hidden), expected)


def test_multi_head_attention_uses_causal_attention(small_model, monkeypatch):
    calls = []
    forward = ft.CausalAttention.forward
    monkeypatch.setattr(ft.CausalAttention, "forward", lambda self, *a: calls.append(1) or forward(self, *a))
    small_model(torch.zeros(1, 5, dtype=torch.int64))
    assert len(calls) == small_model.cfg["n_layers"]


def test_no_token_sees_a_later_one(small_model):
    idx = torch.randint(0, 97, (1, 20))
    changed = idx.clone()
    changed[0, 12] = (changed[0, 12] + 1) % 97
    with torch.no_grad():
        difference = (small_model(idx) - small_model(changed)).abs().amax(dim=-1)[0]
    assert difference[:12].max() == 0 and (difference[12:] > 0).all()


def test_dropout_only_while_training(small_cfg):
    model = ft.GPTModel({**small_cfg, "drop_rate": 0.5})
    idx = torch.randint(0, 97, (2, 10))
    assert not torch.equal(model.train()(idx), model(idx))
    assert torch.equal(model.eval()(idx), model(idx))


def test_scored_positions_are_rows_of_all_logits(small_model):
    idx = torch.randint(0, 97, (3, 11))
    scored = torch.tensor([0, 5, 12, 32])
    with torch.no_grad():
        assert torch.allclose(small_model(idx, scored), small_model(idx).flatten(0, 1)[scored], atol=1e-6)


def test_initialization_is_that_of_gpt2():
    torch.manual_seed(0)
    model = ft.GPTModel(ft.MODELS["tiny"])
    block = model.trf_blocks[1]
    assert model.out_head.weight is model.tok_emb.weight
    assert model.tok_emb.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert block.att.W_query.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert model.pos_emb.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_parameter_names_are_fixed(small_model):
    names = {re.sub(r"(blocks|layers)\.\d+", r"\1.N", name) for name in small_model.state_dict()}
    block = {f"trf_blocks.N.{name}" for name in (
        "norm1.scale", "norm1.shift", "norm2.scale", "norm2.shift", "att.mask",
        *(f"att.{layer}.{kind}" for layer in ("W_query", "W_key", "W_value", "out_proj")
          for kind in ("weight", "bias")),
        "ff.layers.N.weight", "ff.layers.N.bias")}
    assert names == block | {"tok_emb.weight", "pos_emb.weight", "final_norm.scale", "final_norm.shift",
                             "out_head.weight"}


def test_state_dict_loads_into_the_class_of_the_book(small_model, small_cfg):
    """A model class with the module names and the registered mask that the book's readers have, loaded strictly."""
    cfg, D, T = small_cfg, small_cfg["emb_dim"], small_cfg["context_length"]

    class Norm(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale, self.shift = nn.Parameter(torch.ones(D)), nn.Parameter(torch.zeros(D))

        def forward(self, x):
            return ft.F.layer_norm(x, (D,), self.scale, self.shift)

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.W_query, self.W_key, self.W_value, self.out_proj = (nn.Linear(D, D) for _ in range(4))
            self.register_buffer("mask", torch.triu(torch.ones(T, T), diagonal=1))

        def forward(self, x):
            b, t, _ = x.shape
            projections = (self.W_query, self.W_key, self.W_value)
            q, k, v = (project(x).view(b, t, cfg["n_heads"], -1).transpose(1, 2) for project in projections)
            scores = (q @ k.transpose(2, 3)).masked_fill(self.mask.bool()[:t, :t], -torch.inf)
            mixed = torch.softmax(scores / k.shape[-1] ** 0.5, dim=-1) @ v
            return self.out_proj(mixed.transpose(1, 2).reshape(b, t, D))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.att, self.norm1, self.norm2, self.ff = Attention(), Norm(), Norm(), nn.Module()
            self.ff.layers = nn.Sequential(nn.Linear(D, 4 * D), nn.GELU(approximate="tanh"), nn.Linear(4 * D, D))

        def forward(self, x):
            x = x + self.att(self.norm1(x))
            return x + self.ff.layers(self.norm2(x))

    class Book(nn.Module):
        def __init__(self):
            super().__init__()
            self.tok_emb, self.pos_emb = nn.Embedding(cfg["vocab_size"], D), nn.Embedding(T, D)
            self.trf_blocks = nn.Sequential(*(Block() for _ in range(cfg["n_layers"])))
            self.final_norm, self.out_head = Norm(), nn.Linear(D, cfg["vocab_size"], bias=False)

        def forward(self, idx):
            x = self.tok_emb(idx) + self.pos_emb(torch.arange(idx.shape[1]))
            return self.out_head(self.final_norm(self.trf_blocks(x)))

    book = Book()
    book.load_state_dict(small_model.state_dict())
    idx = torch.randint(0, 97, (2, 30))
    with torch.no_grad():
        assert torch.allclose(book(idx), small_model(idx), atol=1e-4)


def test_weights_are_taken_over_or_copied():
    """A model on "meta" gets memory, a real one keeps its own; either way the head stays tied, and params theirs."""
    settings, params = ft.read_checkpoint(FOLDER)
    cfg = {**ft.GPT2, **{ours: settings[theirs] for theirs, ours in ft.SIZE_NAMES.items()}}
    with torch.device("meta"):
        empty = ft.GPTModel(cfg)
    real = ft.GPTModel(cfg)
    place = real.pos_emb.weight.data_ptr()
    for model in (empty, real):
        ft.load_weights_into_gpt(model, params)
        assert model.out_head.weight is model.tok_emb.weight and not model.tok_emb.weight.is_meta
        assert len(list(model.parameters())) == 4 + 16 * HPARAMS["n_layer"]
    assert real.pos_emb.weight.data_ptr() == place
    with torch.no_grad():
        assert torch.equal(empty.eval()(IDX), real.eval()(IDX))
        for weight in (*empty.parameters(), *real.parameters()):
            weight.zero_()
    for name, array in torch_arrays().items():
        np.testing.assert_array_equal(params[name], array, err_msg=name)


@pytest.mark.parametrize("change, says", [
    (lambda params: params.pop("h3/ln_1/g"), "the weights have no h3/ln_1/g of shape (16,)"),
    (lambda params: params.update({"h11/ln_1/g": np.zeros(16, np.float32)}), "unexpected arrays: ['h11/ln_1/g']"),
    (lambda params: params.update({"wpe": np.zeros((39, 16), np.float32)}), "have no wpe of shape (40, 16)")])
def test_arrays_that_do_not_fit_are_named(change, says):
    settings, params = ft.read_checkpoint(FOLDER)
    model = ft.GPTModel({**ft.GPT2, **{ours: settings[theirs] for theirs, ours in ft.SIZE_NAMES.items()}})
    params = dict(params)
    change(params)
    before = model.pos_emb.weight.clone()
    with pytest.raises(ft.UserError) as problem:
        ft.load_weights_into_gpt(model, params)
    assert says in str(problem.value)
    assert torch.equal(before, model.pos_emb.weight)  # nothing half-loaded


@pytest.mark.parametrize("change, says", [
    (lambda folder, file: file.write_bytes(file.read_bytes()[:-4]), f"{OPENAI_DATA} has 153,212 bytes .* 153,216"),
    (lambda folder, file: file.write_bytes(file.read_bytes() + b"\0"), f"{OPENAI_DATA} has 153,217 bytes .* 153,216"),
    (lambda folder, file: file.unlink(), f"{OPENAI_DATA} cannot be read .*No such file"),
    (lambda folder, file: (folder / "hparams.json").unlink(), "hparams.json cannot be read .*No such file"),
    (lambda folder, file: (folder / "hparams.json").write_text("{}"), "hparams.json cannot be read .*n_embd"),
    (lambda folder, file: (folder / "hparams.json").write_text("<html>"), "hparams.json cannot be read .*a web page"),
    (lambda folder, file: (folder / "hparams.json").write_text("{"), "hparams.json cannot be read .*JSON")])
def test_damaged_checkpoints_are_named(tmp_path, change, says):
    folder = Path(shutil.copytree(FOLDER, tmp_path / "model"))
    change(folder, folder / OPENAI_DATA)
    with pytest.raises(ft.UserError, match=says):
        ft.read_checkpoint(folder)


def test_leftovers_of_the_other_format_do_not_mislead(tmp_path):
    """A complete folder of Hugging Face's with what a download from OpenAI left when it broke off, and vice versa: as
    the weights come last, that is anything but them."""
    write_hub_folder(tmp_path)
    odd = json.dumps({**HPARAMS, "n_layer": 1})
    (tmp_path / "hparams.json").write_text(odd)
    (tmp_path / f"{OPENAI_DATA}.part").write_bytes(b"half")
    settings, params = ft.read_checkpoint(tmp_path)
    assert settings == HPARAMS and set(params) == set(torch_arrays())
    (tmp_path / "model.safetensors").rename(tmp_path / "model.safetensors.part")
    (tmp_path / "config.json").write_text(odd)
    for name in ("hparams.json", OPENAI_DATA):
        shutil.copy(FOLDER / name, tmp_path)
    settings, params = ft.read_checkpoint(tmp_path)
    assert settings == HPARAMS and set(params) == set(torch_arrays())


@pytest.mark.parametrize("change, says", [
    (lambda data: data[:-1], " cannot be read"), (lambda data: data[:4], " cannot be read"),
    (lambda data: b"\xff" * 8 + data[8:], " cannot be read"),
    (lambda data: data.replace(b'{"', b'["', 1), " cannot be"),
    (lambda data: data.replace(b'"F32"', b'"I64"', 1), r": no [a-z0-9_.]+ of shape \("),  # it may be anyone's
    (lambda data: data.replace(b'"F32"', b'"F16"', 1), " cannot be read .* does not fit")])
def test_damaged_safetensors_are_named(tmp_path, change, says):
    file = write_hub_folder(tmp_path) / "model.safetensors"
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(ft.UserError, match=f"model.safetensors{says}"):
        ft.read_checkpoint(tmp_path)
