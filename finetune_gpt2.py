"""Fine-tune GPT-2 to follow instructions: one file, to be read from the first line to the last.

GPT-2 was trained to do one thing: continue a text. Asked "What is the capital of Kenya?", it may well continue with
a second question. This script shows it some hundreds of instructions with good answers, which turns the text
continuer into a model that answers.

    python finetune_gpt2.py                 GPT-2 small; its weights are downloaded once
    python finetune_gpt2.py --model tiny    a toy model, offline, in a minute; --help shows all settings

 1. Settings     the model sizes and the command line
 2. Data         instructions and their answers, and how a prompt is laid out
 3. Tokens       text to numbers and back
 4. Batches      several entries in one tensor, and which of their tokens count
 5. Model        GPT-2, layer by layer
 6. Weights      OpenAI's trained numbers: fetched, read, put into the layers
 7. Generation   the model writes, one token at a time
 8. Evaluation   how good is it? losses and scores
 9. Training     the loop that learns
10. Results      the plot and the other files
11. main()       all of it, in order

In the comments, (B, T, D) is the shape of a tensor. B = batch: texts side by side, T = tokens in a text,
D = embedding: numbers per token, H = attention heads, S = tokens that can be looked at.
"""
import argparse
import json
import math
import os
import re
import string
import sys
import time
from collections import Counter, UserDict
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import requests
import tiktoken
import torch
import torch.nn.functional as F
from tiktoken.load import data_gym_to_mergeable_bpe_ranks
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

# ---- 1. Settings -----------------------------------------------------------------------------------------------
# All GPT-2 models are the same program in different sizes: how many numbers stand for a token (emb_dim), through
# how many layers they pass (n_layers), and into how many heads each layer splits its attention (n_heads, always
# emb_dim / 64). They share a vocabulary of 50257 tokens, a context (the longest text that they can read) of 1024, a
# bias in the attention layers, and no dropout, which so short a training does not need. OpenAI names them by their
# millions of parameters. "tiny" is ours: it comes with this file, needs no network, and shows every step.

GPT2 = {"vocab_size": 50257, "context_length": 1024, "drop_rate": 0.0, "qkv_bias": True}
MODELS = {
    "tiny": {**GPT2, "vocab_size": 2048, "context_length": 512, "emb_dim": 256, "n_layers": 4, "n_heads": 4},
    "124M": {**GPT2, "emb_dim": 768, "n_layers": 12, "n_heads": 12},
    "355M": {**GPT2, "emb_dim": 1024, "n_layers": 24, "n_heads": 16},
    "774M": {**GPT2, "emb_dim": 1280, "n_layers": 36, "n_heads": 20},
    "1558M": {**GPT2, "emb_dim": 1600, "n_layers": 48, "n_heads": 25},
}
HERE = Path(__file__).parent

class UserError(ValueError):
    """A problem that the user can mend; main() shows it as one line instead of a traceback."""

def parse_args(argv=None):
    """Return the settings on the command line, or in the list of words argv."""
    parser = argparse.ArgumentParser(description="Fine-tune GPT-2 to follow instructions, and show what it learned.")
    add = parser.add_argument
    add("--model", choices=["auto", *MODELS], default="auto", help="auto: 124M, or tiny if that cannot be had")
    add("--data", metavar="PATH_OR_URL", default=str(HERE / "instruction-data.json"),
        help="JSON list of {instruction, input, output} (default: instruction-data.json beside this script)")
    add("--weights", metavar="DIR", default=str(HERE / "gpt2"),
        help="where the weights are, in DIR/<size>/ (default: gpt2 beside this script)")
    add("--out", metavar="DIR", default="outputs", help="folder for the results (default: outputs)")
    add("--epochs", type=int, metavar="N", help="how often each training entry is seen (default: 2; tiny: 6)")
    add("--batch-size", type=int, metavar="N", default=8, help="entries per training step (default: 8)")
    add("--lr", type=float, metavar="RATE", help="learning rate (default: 5e-5; tiny: 5e-4)")
    add("--max-new-tokens", type=int, metavar="N", default=128, help="longest answer, in tokens (default: 128)")
    add("--limit", type=int, metavar="N", help="use only the first N entries, for a quick try")
    add("--device", default="auto", help="cpu, cuda, cuda:1, mps (default: auto, a GPU if there is one)")
    add("--dtype", choices=["auto", "float32", "bfloat16"], default="auto",
        help="number format of the matrix products (default: auto, the faster one here)")
    add("--seed", type=int, metavar="N", default=123, help="where the random numbers start (default: 123)")
    args = parser.parse_args(argv)
    for name in ("epochs", "batch_size", "lr", "max_new_tokens", "limit"):
        value = getattr(args, name)
        if value is not None and not 0 < value < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be above 0, not {value}")
    if not 0 <= args.seed < 2**63:
        parser.error(f"--seed must be at least 0 and have 63 bits at most, not {args.seed}")
    return args

def choose_device(name):
    """Return the torch.device of that name, for "auto" the best one here; UserError if it cannot be used."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.ones(1, device=name).item()  # something is stored there and read back
        return torch.device(name)
    except Exception as problem:  # which class of error it is depends on the device
        reason = str(problem).splitlines()[0]
        raise UserError(f"--device {name} cannot be used here ({reason}); --device cpu always can") from None

# ---- 2. Data ---------------------------------------------------------------------------------------------------
# The lesson material is a list of entries: an instruction, an input to work on (often empty), and the answer that
# we want. It is split in file order: the first 85 % to train on, 10 % as the test, on which nothing is ever
# trained, and the last 5 % for validation, to watch while training.

@contextmanager
def whole_file(path):
    """Lend a temporary path; what was written there becomes `path` at the end, all of it or nothing."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)

def download(url, path):
    """Fetch url into the file `path`, with a progress bar; requests.RequestException if that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # timeout: seconds to connect, and of silence; identity: not compressed, so that the length is that of the file
    options = {"stream": True, "timeout": (10, 60), "headers": {"Accept-Encoding": "identity"}}
    with requests.get(url, **options) as reply, whole_file(path) as part:
        reply.raise_for_status()
        expected, received = int(reply.headers.get("Content-Length", 0)), 0
        bar = tqdm(total=expected or None, unit="B", unit_scale=True, desc=path.name, disable=None)
        with open(part, "wb") as file, bar:
            for chunk in reply.iter_content(chunk_size=1 << 20):  # 1 MiB at a time
                received += file.write(chunk)
                bar.update(len(chunk))
        if expected and received != expected:
            raise requests.ConnectionError(f"{url} broke off after {received:,} of {expected:,} bytes")

def download_and_load_file(file_path, url=None):
    """Return the list of entries in file_path, fetched from url first if the file is not there. UserError if it is
    not such a list; OSError, of which requests' errors are a kind, if there is no such file."""
    path = Path(file_path)
    if url and not path.exists():
        download(url, path)
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as problem:  # not UTF-8, or not JSON
        raise UserError(f"{path} is not a JSON file in UTF-8: {problem}") from None
    if not isinstance(data, list):
        raise UserError(f"{path} must hold a list of entries, not a {type(data).__name__}")
    for number, entry in enumerate(data, start=1):
        for key in ("instruction", "input", "output"):
            if not isinstance(entry, dict) or not isinstance(entry.get(key), str):
                raise UserError(f'{path}: entry {number} has no text under "{key}"')
            if key != "input" and not entry[key].strip():
                raise UserError(f'{path}: the "{key}" of entry {number} is empty')
    return data

def split_data(data):
    """Return the training, test and validation entries."""
    if len(data) < 10:
        raise UserError(f"{len(data)} entries are too few to train, test and validate: it takes 10 or more")
    n_train, n_test = int(len(data) * 0.85), int(len(data) * 0.10)
    return data[:n_train], data[n_train : n_train + n_test], data[n_train + n_test :]

# How a prompt is laid out is Stanford Alpaca's convention. Another one would do as well, as long as it is always
# the same: the model learns that after "### Response:" an answer is due.
RESPONSE_HEADER = "\n\n### Response:\n"

def format_input(entry):
    """Return the prompt of an entry, up to but not including RESPONSE_HEADER."""
    prompt = ("Below is an instruction that describes a task. Write a response that appropriately completes the "
              f"request.\n\n### Instruction:\n{entry['instruction']}")
    return f"{prompt}\n\n### Input:\n{entry['input']}" if entry["input"] else prompt

# ---- 3. Tokens -------------------------------------------------------------------------------------------------
# A model reads numbers. GPT-2's tokenizer cuts text into pieces that are frequent in English (" the" is one token,
# a rare word several), and each piece has a number. Which pieces there are was learned once, by byte-pair encoding,
# and is kept in two small files beside the weights. One number is no piece of text: <|endoftext|> marks where a
# text is over. That is how the model will say "I am done".

# no token crosses these borders: contractions, words, numbers, signs, white space
SPLIT_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

def load_tokenizer(model_dir):
    """Return the tiktoken.Encoding of vocab.bpe and encoder.json, or merges.txt and vocab.json; or UserError."""
    hub = all((Path(model_dir) / file).exists() for file in ("merges.txt", "vocab.json"))
    files = ("merges.txt", "vocab.json") if hub else ("vocab.bpe", "encoder.json")
    os.environ["TIKTOKEN_CACHE_DIR"] = ""  # no cache: it goes by a file's path, not by what is in it
    try:
        ranks = data_gym_to_mergeable_bpe_ranks(*(str(Path(model_dir) / file) for file in files))
    except FileNotFoundError as problem:
        raise UserError(f"{problem.filename}, a file of the tokenizer, is missing") from None
    except (AssertionError, AttributeError, KeyError, ValueError):
        raise UserError(f"{files[0]} and {files[1]} in {model_dir} are damaged or do not match") from None
    end_of_text = {"<|endoftext|>": len(ranks)}  # the last number: 50256 in GPT-2
    return tiktoken.Encoding("gpt2", pat_str=SPLIT_PATTERN, mergeable_ranks=ranks, special_tokens=end_of_text)

def text_to_token_ids(text, tokenizer):
    """Return the tokens of a text as a batch of one, (1, T)."""
    # "ordinary": should somebody's text hold the letters <|endoftext|>, they are letters and not the end
    return torch.tensor([tokenizer.encode_ordinary(text)], dtype=torch.int64)

def token_ids_to_text(token_ids, tokenizer):
    """Return the text of a tensor of tokens, (1, T) or (T,)."""
    return tokenizer.decode(token_ids.flatten().tolist())

# ---- 4. Batches ------------------------------------------------------------------------------------------------
# A language model learns to predict each next token, so the targets are the inputs moved by one. Two details make
# it instruction tuning. Only the answer is scored: the prompt is given, so there is no point in predicting it. And
# the answer's <|endoftext|> is scored too, or the model would never learn to stop. A target of -100 means "not
# scored"; PyTorch's loss skips it.
#
#     inputs     What  is    2     +     2     ?     ### Response :  4        (padding)
#     targets    -100  -100  -100  -100  -100  -100  ...          4  <|end|>  -100

IGNORE_INDEX = -100

class InstructionDataset(Dataset):
    """Item i is (token_ids, prompt_length): prompt, answer and <|endoftext|> of entries[i]. Entries whose prompt
    leaves no room for an answer in the model's context are left out, and counted."""
    def __init__(self, data, tokenizer, context_length=math.inf):
        # prompt and answer are encoded separately, so that no token lies across the border between them
        prompts = tokenizer.encode_ordinary_batch([format_input(entry) + RESPONSE_HEADER for entry in data])
        answers = tokenizer.encode_ordinary_batch([entry["output"] for entry in data])
        self.entries, self.items = [], []
        for entry, prompt, answer in zip(data, prompts, answers, strict=True):
            if len(prompt) <= context_length:
                self.entries.append(entry)
                self.items.append((prompt + answer + [tokenizer.eot_token], len(prompt)))
        self.left_out = len(data) - len(self.items)

    def __getitem__(self, index):
        return self.items[index]

    def __len__(self):
        return len(self.items)

def custom_collate_fn(batch, pad_token_id=50256, ignore_index=IGNORE_INDEX, allowed_max_length=None, device="cpu"):
    """Return (inputs, targets), both int64 (B, T), of a list of items of an InstructionDataset. What is scored
    follows from lengths, not from tokens: GPT-2 is padded with <|endoftext|>, and the answer's own one counts."""
    T = max(len(token_ids) for token_ids, _ in batch) - 1
    inputs = torch.full((len(batch), T), pad_token_id)
    targets = torch.full((len(batch), T), ignore_index)
    for row, (token_ids, prompt_length) in enumerate(batch):
        tokens = torch.tensor(token_ids)
        inputs[row, : len(tokens) - 1] = tokens[:-1]
        # the last token of the prompt predicts the first of the answer
        targets[row, prompt_length - 1 : len(tokens) - 1] = tokens[prompt_length:]
    return inputs[:, :allowed_max_length].to(device), targets[:, :allowed_max_length].to(device)

def chunks(items, size):
    """Return a list cut into pieces of that size, the last one perhaps shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]

def length_grouped_batches(lengths, batch_size, seed):
    """Return lists of indices of entries of similar length, in random order; each index is in exactly one. A batch is
    as long as its longest entry. The rest is padding, computed for nothing: about a fifth of batches drawn blindly.
    So shuffle, sort by length within windows of 50 batches, and shuffle the batches."""
    randomness = torch.Generator().manual_seed(seed)
    batches = []
    for window in chunks(torch.randperm(len(lengths), generator=randomness).tolist(), 50 * batch_size):
        batches += chunks(sorted(window, key=lambda i: lengths[i]), batch_size)
    return [batches[i] for i in torch.randperm(len(batches), generator=randomness)]

def make_loader(dataset, batch_size, tokenizer, context_length, seed=0):
    """Return a DataLoader of length-grouped batches of an InstructionDataset, in an order that the seed decides."""
    return DataLoader(
        dataset,
        batch_sampler=length_grouped_batches([len(token_ids) for token_ids, _ in dataset], batch_size, seed),
        collate_fn=lambda batch: custom_collate_fn(batch, tokenizer.eot_token, allowed_max_length=context_length))

# ---- 5. Model --------------------------------------------------------------------------------------------------
# GPT-2 from the inside out. Each token becomes a vector of D numbers, which n_layers blocks change step by step. In
# a block, attention lets a token gather what it needs from itself and earlier ones, and a feed-forward network works
# on what was gathered. Both *add* to the vector rather than replace it, so that depth does no harm. At the end, the
# vector is compared with the embedding of every token: the best match is the likeliest next one.
#
# LayerNorm, GELU and attention each show their formula in plain tensor operations. PyTorch also has them as one
# routine each ("fused"), which keeps intermediate results out of slow memory. They differ in speed and rounding only:

FUSED = True  # False: compute by the formulas

class LayerNorm(nn.Module):
    """Bring the vector of each token to mean 0 and variance 1, then to a learned scale and shift."""
    def __init__(self, emb_dim):
        super().__init__()
        self.eps = 1e-5  # as in GPT-2; it keeps the division safe if all numbers are equal
        self.scale = nn.Parameter(torch.ones(emb_dim))
        self.shift = nn.Parameter(torch.zeros(emb_dim))

    def formula(self, x):  # (B, T, D) to (B, T, D)
        mean = x.mean(dim=-1, keepdim=True)
        variance = x.var(dim=-1, keepdim=True, unbiased=False)
        return self.scale * (x - mean) / torch.sqrt(variance + self.eps) + self.shift

    def forward(self, x):
        return F.layer_norm(x, x.shape[-1:], self.scale, self.shift, self.eps) if FUSED else self.formula(x)

class GELU(nn.Module):
    """A smooth switch: lets large numbers through, stops very negative ones. GPT-2 was trained with this tanh form
    (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""
    def formula(self, x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    def forward(self, x):
        return F.gelu(x, approximate="tanh") if FUSED else self.formula(x)

class FeedForward(nn.Module):
    """Two linear layers with a switch in between, where the vector is four times as wide."""
    def __init__(self, cfg):
        super().__init__()
        D = cfg["emb_dim"]
        self.layers = nn.Sequential(nn.Linear(D, 4 * D), GELU(), nn.Linear(4 * D, D))

    def forward(self, x):  # (B, T, D) to (B, T, D)
        return self.layers(x)

class CausalAttention(nn.Module):
    """Each token asks something (its query), says what it has (its key) and what it would pass on (its value). It gets
    a mean of the values of itself and all earlier tokens, weighted by how well its query fits their keys. "Causal":
    none looks at later tokens, for those are what it has to predict."""
    def __init__(self, drop_rate):
        super().__init__()
        self.dropout = nn.Dropout(drop_rate)

    def formula(self, queries, keys, values, hidden):
        scores = queries @ keys.transpose(2, 3)  # (B, H, T, S): how well each query fits each key
        scores = scores / math.sqrt(keys.shape[-1])  # or they grow with the vectors, and one takes all
        scores = scores.masked_fill(hidden, -math.inf)  # will have weight 0
        weights = torch.softmax(scores, dim=-1)  # each row is positive and sums to 1
        return self.dropout(weights) @ values  # (B, H, T, D/H)

    def forward(self, queries, keys, values, hidden):
        """queries: (B, H, T, D/H); keys, values: (B, H, S, D/H); hidden: (..., T, S), True where not to look."""
        if not FUSED:
            return self.formula(queries, keys, values, hidden)
        whole_text = queries.shape[2] == keys.shape[2]  # then what is hidden is a triangle, known to the routine
        return F.scaled_dot_product_attention(
            queries, keys, values, attn_mask=None if whole_text else ~hidden, is_causal=whole_text,
            dropout_p=self.dropout.p if self.training else 0.0)

class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own part of the vector, mixed by a linear layer."""
    def __init__(self, cfg):
        super().__init__()
        D, length = cfg["emb_dim"], cfg["context_length"]
        self.n_heads = cfg["n_heads"]
        self.W_query = nn.Linear(D, D, bias=cfg["qkv_bias"])
        self.W_key = nn.Linear(D, D, bias=cfg["qkv_bias"])
        self.W_value = nn.Linear(D, D, bias=cfg["qkv_bias"])
        self.attention = CausalAttention(cfg["drop_rate"])
        self.out_proj = nn.Linear(D, D)
        everything = torch.ones(length, length, dtype=torch.bool, device="cpu")  # real even on "meta", see load_model
        self.register_buffer("mask", torch.triu(everything, diagonal=1))  # row t hides all after token t

    def forward(self, x, positions=None, cache=None):
        B, T, D = x.shape
        heads = (B, T, self.n_heads, D // self.n_heads)
        queries, keys, values = self.W_query(x).view(heads), self.W_key(x).view(heads), self.W_value(x).view(heads)
        if cache is not None:  # put the keys and values of earlier tokens before these: see section 7
            keys, values = cache.update(keys, values, positions)  # (B, S, H, D/H)
        S = keys.shape[1]
        hidden = self.mask[S - T : S, :S] if positions is None else self.mask[positions, None, None, :S]
        mixed = self.attention(queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2), hidden)
        return self.out_proj(mixed.transpose(1, 2).reshape(B, T, D))

class TransformerBlock(nn.Module):
    """Attention, then feed-forward: each works on normalized vectors, and its result is added."""
    def __init__(self, cfg):
        super().__init__()
        self.norm1, self.norm2 = LayerNorm(cfg["emb_dim"]), LayerNorm(cfg["emb_dim"])
        self.att, self.ff = MultiHeadAttention(cfg), FeedForward(cfg)
        self.dropout = nn.Dropout(cfg["drop_rate"])

    def forward(self, x, positions=None, cache=None):  # (B, T, D) to (B, T, D)
        x = x + self.dropout(self.att(self.norm1(x), positions, cache))
        return x + self.dropout(self.ff(self.norm2(x)))

def choose_dtype(name, device, cfg):
    """Return torch.float32 or torch.bfloat16: the one that is named, or for "auto" the faster one here. bfloat16 has
    the range of float32 with 8 bits of precision instead of 24. Hardware that multiplies it natively is much faster
    with it; other hardware emulates it, slowly. The weights stay float32: a training step changes them by less than
    bfloat16 can tell apart."""
    if name != "auto":
        return getattr(torch, name)
    if device.type == "cuda":  # built in from compute capability 8 (Ampere) on
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float32
    if device.type != "cpu":
        return torch.float32
    block, x = TransformerBlock(cfg), torch.randn(8, 64, cfg["emb_dim"])
    seconds = {torch.float32: [], torch.bfloat16: []}
    for dtype in [torch.float32, torch.bfloat16] * 8:
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            block(x).sum().backward()
        seconds[dtype].append(time.perf_counter() - start)
    # the best of eight, as the first runs warm up; and well ahead, or a near tie falls now this way and now that
    return torch.bfloat16 if min(seconds[torch.bfloat16]) < 0.7 * min(seconds[torch.float32]) else torch.float32

class GPTModel(nn.Module):
    """GPT-2 of the size in cfg, a row of MODELS, with random weights, much as GPT-2's own training began."""
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.bfloat16 = False  # the choice of choose_dtype; the weights are float32 either way
        # from_pretrained(empty): without the random numbers of nn.Embedding, since ours follow below
        self.tok_emb = nn.Embedding.from_pretrained(torch.empty(cfg["vocab_size"], cfg["emb_dim"]), freeze=False)
        self.pos_emb = nn.Embedding.from_pretrained(torch.empty(cfg["context_length"], cfg["emb_dim"]), freeze=False)
        self.dropout = nn.Dropout(cfg["drop_rate"])
        self.trf_blocks = nn.ModuleList(TransformerBlock(cfg) for _ in range(cfg["n_layers"]))
        self.final_norm = LayerNorm(cfg["emb_dim"])
        self.out_head = nn.Linear(cfg["emb_dim"], cfg["vocab_size"], bias=False)
        self.out_head.weight = self.tok_emb.weight  # "tied": one table both reads tokens and writes them
        # deviation 0.02 (OpenAI's model.py, which has 0.01 for positions), and less for the layers that add to the
        # vector, because there are 2 * n_layers of them (Radford et al. 2019, section 2.3)
        for name, weight in self.named_parameters():
            if weight.is_meta:
                break  # a model without memory: load_model gives it trained weights
            if weight.dim() == 2:
                adds = name.endswith(("out_proj.weight", "layers.2.weight"))
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * cfg["n_layers"]) if adds else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def autocast(self):
        """Return a context in which matrix products run in bfloat16, if that was chosen."""
        return torch.autocast(self.tok_emb.weight.device.type, torch.bfloat16) if self.bfloat16 else nullcontext()

    def forward(self, in_idx, scored=None, positions=None, caches=None):
        """Return the logits, a score for each possible next token: (B, T) to (B, T, vocab_size).
        scored: which of the B * T tokens are wanted, (N,) to (N, vocab_size). The output layer is a third of GPT-2
        small, and in training only the answers count: why compute it for the prompts?
        positions, caches: for the generation of single tokens, section 7."""
        places = torch.arange(in_idx.shape[1], device=in_idx.device) + (caches[0].length if caches else 0)
        places = places if positions is None else positions[:, None]
        with self.autocast():
            # sparse: its gradient is a few rows, not a table of zeros as large as that of the (tied) output layer
            tokens = F.embedding(in_idx, self.tok_emb.weight, sparse=in_idx.device.type == "cpu")
            x = self.dropout(tokens + self.pos_emb(places))  # (B, T, D)
            for block, cache in zip(self.trf_blocks, caches or [None] * len(self.trf_blocks), strict=True):
                x = block(x, positions, cache)
            if scored is not None:
                x = x.flatten(0, 1)[scored]  # (N, D)
            return self.out_head(self.final_norm(x))

# ---- 6. Weights ------------------------------------------------------------------------------------------------
# What OpenAI's training learned is in the weights. They are published as TensorFlow checkpoints, but no TensorFlow
# is needed: model.ckpt.data-00000-of-00001 is nothing but float32 arrays, one after the other, sorted by name.
# Hugging Face serves the same numbers as model.safetensors, which opens with a table of contents in JSON. Either
# will do, found on disk or downloaded once.

OPENAI_FILES = ("hparams.json", "encoder.json", "vocab.bpe", "model.ckpt.data-00000-of-00001")
OPENAI_URL = "https://openaipublic.blob.core.windows.net/gpt-2/models/{size}/{file}"
HUB_FILES = ("config.json", "vocab.json", "merges.txt", "model.safetensors")
HUB_URL = "https://huggingface.co/openai-community/{name}/resolve/main/{file}"
HUB_NAMES = {"124M": "gpt2", "355M": "gpt2-medium", "774M": "gpt2-large", "1558M": "gpt2-xl"}

def find_weights(size, weights_dir):
    """Return the folder with all files of a model size, downloaded first if they are not there; if they cannot be,
    requests.RequestException."""
    model_dir, reasons = Path(weights_dir) / size, []
    kinds = [(OPENAI_FILES, OPENAI_URL), (HUB_FILES, HUB_URL)]
    if size == "tiny":
        return model_dir if model_dir.exists() else HERE / "gpt2" / size  # it comes with this script
    if any(all((model_dir / file).exists() for file in files) for files, _ in kinds):
        return model_dir
    for files, url in kinds:
        try:
            for file in files:
                if not (model_dir / file).exists():
                    download(url.format(size=size, name=HUB_NAMES[size], file=file), model_dir / file)
            return model_dir
        except requests.RequestException as problem:
            reasons.append(str(problem).split("(Caused by ")[-1][:200])
    raise requests.ConnectionError(
        f"the weights of {size} are not in {model_dir} and cannot be downloaded (from OpenAI: {reasons[0]}; from"
        f" Hugging Face: {reasons[1]}). Put {', '.join(OPENAI_FILES)} there, or use --model tiny")

# how the sizes are called in OpenAI's hparams.json, and here
SIZE_NAMES = {"n_vocab": "vocab_size", "n_ctx": "context_length", "n_embd": "emb_dim", "n_head": "n_heads",
              "n_layer": "n_layers"}
# the arrays of a block, OpenAI's names and ours; c_attn is query, key and value side by side
BLOCK_ARRAYS = {
    "ln_1/g": "norm1.scale", "ln_1/b": "norm1.shift", "ln_2/g": "norm2.scale", "ln_2/b": "norm2.shift",
    "attn/c_attn/w": "att.W_{}.weight", "attn/c_attn/b": "att.W_{}.bias",
    "attn/c_proj/w": "att.out_proj.weight", "attn/c_proj/b": "att.out_proj.bias",
    "mlp/c_fc/w": "ff.layers.0.weight", "mlp/c_fc/b": "ff.layers.0.bias",
    "mlp/c_proj/w": "ff.layers.2.weight", "mlp/c_proj/b": "ff.layers.2.bias"}

def checkpoint_layout(settings):
    """Return {name: shape} of the arrays in an OpenAI checkpoint, matrices as (in, out), in the order of the file,
    which is that of the names as strings: h10 comes before h2."""
    D = settings["n_embd"]
    outputs = {"attn/c_attn": 3 * D, "mlp/c_fc": 4 * D}  # how wide a layer's result is, if not D
    shapes = {"wte": (settings["n_vocab"], D), "wpe": (settings["n_ctx"], D), "ln_f/g": (D,), "ln_f/b": (D,)}
    for n in range(settings["n_layer"]):
        for name in BLOCK_ARRAYS:
            n_in, n_out = 4 * D if name == "mlp/c_proj/w" else D, outputs.get(name[:-2], D)
            shapes[f"h{n}/{name}"] = (n_in, n_out) if name.endswith("/w") else (n_out,)
    return dict(sorted(shapes.items()))

class ArraysOnDisk(UserDict):
    """A dict of arrays, kept as (file, offset in bytes, shape) and read when asked for: never all in memory."""
    def __getitem__(self, name):
        item = self.data[name]
        return np.memmap(item[0], "<f4", "c", *item[1:]) if isinstance(item, tuple) else item

def read_checkpoint(model_dir):
    """Return (settings, params) of a folder in OpenAI's or in Hugging Face's layout: n_vocab, n_ctx, n_embd, n_head,
    n_layer, and the float32 NumPy arrays under OpenAI's names. UserError, before anything large is read, if a file is
    missing or damaged."""
    openai = not (Path(model_dir) / HUB_FILES[-1]).exists() or (Path(model_dir) / OPENAI_FILES[-1]).exists()
    file, *_, data_file = (Path(model_dir) / name for name in (OPENAI_FILES if openai else HUB_FILES))
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        config = config if openai else {"n_vocab": config["vocab_size"], "n_ctx": config["n_positions"], **config}
        settings = {name: config[name] for name in SIZE_NAMES}
        if not all(isinstance(value, int) and value > 0 for value in settings.values()):
            raise ValueError(settings)
        file = data_file
        if openai:
            places, size = {}, 0
            for name, shape in checkpoint_layout(settings).items():
                places[name] = file, size, shape
                size += 4 * math.prod(shape)  # a float32 has 4 bytes
        else:
            places, size = safetensors_places(file)
        if file.stat().st_size != size:
            raise ValueError(f"it has {file.stat().st_size:,} bytes and should have {size:,}")
    except FileNotFoundError as problem:
        raise UserError(f"{problem.filename} is missing") from None
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UserError(f"{file} is damaged: {problem!r}. Delete it to have it downloaded again") from None
    return settings, ArraysOnDisk(places)

def safetensors_places(file):
    """Return what ArraysOnDisk needs of a safetensors file, and how long the file should be. It is made of the length
    of the header in 8 bytes, the header in JSON, and the arrays."""
    with open(file, "rb") as opened:
        first = 8 + int.from_bytes(opened.read(8), "little")  # where the arrays begin
        if first > file.stat().st_size:
            raise ValueError(f"a header of {first - 8:,} bytes does not fit into it")
        header = json.loads(opened.read(first - 8))
    places, size = {}, first
    header.pop("__metadata__", None)
    for hub_name, array in header.items():
        start, stop = array["data_offsets"]
        size = max(size, first + stop)
        if hub_name.endswith((".attn.bias", ".attn.masked_bias")):
            continue  # the causal mask: no weights
        if array["dtype"] != "F32" or stop - start != 4 * math.prod(array["shape"]) or start < 0:
            raise ValueError(f"{hub_name} is not an array of float32: {array}")
        # transformer.h.0.attn.c_attn.weight is OpenAI's h0/attn/c_attn/w; a norm's weight is its g (gain)
        name = re.sub(r"^h\.", "h", hub_name.removeprefix("transformer.")).replace(".", "/")
        name = re.sub(r"(ln_.)/weight$", r"\1/g", name).replace("/bias", "/b")
        name = re.sub(r"/weight$", "" if name.startswith("w") else "/w", name)
        places[name] = file, first + start, tuple(array["shape"])
    return places, size

def load_weights_into_gpt(gpt, params):
    """Copy params (see read_checkpoint) into the model; UserError if an array is missing, extra or misshapen."""
    shapes = checkpoint_layout({theirs: gpt.cfg[ours] for theirs, ours in SIZE_NAMES.items()})
    missing, extra = sorted(shapes.keys() - params.keys()), sorted(params.keys() - shapes.keys())
    if missing or extra:
        raise UserError(f"the weights do not fit the model: missing {missing}, unexpected {extra}")
    names = {"wte": "tok_emb.weight", "wpe": "pos_emb.weight",
             "ln_f/g": "final_norm.scale", "ln_f/b": "final_norm.shift"}
    for n in range(gpt.cfg["n_layers"]):
        names |= {f"h{n}/{theirs}": f"trf_blocks.{n}.{ours}" for theirs, ours in BLOCK_ARRAYS.items()}
    state = {}
    for theirs, ours in names.items():
        array = torch.as_tensor(params[theirs])
        if array.shape != shapes[theirs]:
            raise UserError(f"{theirs} in the weights has shape {tuple(array.shape)}, not {shapes[theirs]}")
        if theirs.endswith("/w"):
            array = array.T  # PyTorch keeps matrices as (out, in)
        parts = zip(("query", "key", "value"), array.chunk(3), strict=True) if "c_attn" in theirs else [("", array)]
        state |= {ours.format(part): tensor.clone(memory_format=torch.contiguous_format) for part, tensor in parts}
    # A model without memory of its own ("meta") takes these tensors over, any other copies them. strict=False, as
    # two things are not among them: the masks, and the head, which is tok_emb once more.
    gpt.load_state_dict(state, strict=False, assign=gpt.tok_emb.weight.is_meta)
    gpt.out_head.weight = gpt.tok_emb.weight

def load_model(size, weights_dir):
    """Return (model, tokenizer, where its weights are from)."""
    model_dir = find_weights(size, weights_dir)
    tokenizer = load_tokenizer(model_dir)
    if tokenizer.n_vocab != MODELS[size]["vocab_size"]:
        raise UserError(f"the tokenizer in {model_dir} is not that of {size}: it has {tokenizer.n_vocab} tokens")
    if size == "tiny" and not (model_dir / OPENAI_FILES[-1]).exists():
        return GPTModel(MODELS[size]), tokenizer, "random numbers: it has learned nothing yet"
    settings, params = read_checkpoint(model_dir)
    if any(settings[theirs] != MODELS[size][ours] for theirs, ours in SIZE_NAMES.items()):
        raise UserError(f"{model_dir} does not hold {size}: {settings}")
    with torch.device("meta"):  # shapes only: no memory, no random numbers
        model = GPTModel(MODELS[size])
    load_weights_into_gpt(model, params)
    return model, tokenizer, str(model_dir)

# ---- 7. Generation ---------------------------------------------------------------------------------------------
# To write, ask the model for the next token, append it, ask again. generate_text_simple does just that, slowly: for
# each token it reads the whole text again. generate gives the same tokens many times faster. The keys and values of
# earlier tokens never change, so they are kept, and only the newest token is computed (the cache). Many prompts are
# answered at once: most time goes into fetching the weights from memory, and one fetch then serves them all. What the
# prompts have in common ("Below is an instruction") is read once. And whoever has said <|endoftext|> leaves.

@torch.no_grad()
def generate_text_simple(model, idx, max_new_tokens, context_size):
    """Append the likeliest next token, again and again: (B, T) to (B, T + max_new_tokens)."""
    for _ in range(max_new_tokens):
        logits = model(idx[:, -context_size:])  # what does not fit into the context is forgotten
        idx = torch.cat((idx, logits[:, -1].argmax(dim=-1, keepdim=True)), dim=1)
    return idx

class KeyValueCache:
    """The keys and values that one layer has computed so far, for each of `rows` texts."""
    def __init__(self, rows, capacity):
        self.rows, self.capacity = rows, capacity  # capacity in tokens: room for the longest answer, taken once
        self.length = 0  # tokens in the longest text so far

    def update(self, keys, values, positions):
        """Store keys and values, (B, T, H, D/H), and return all that are stored, (B, S, H, D/H).
        positions: (B,), where the one new token of each text stands; None: all texts go on at self.length, a single
        one standing for all of them. The padding behind a shorter text is overwritten as the text grows."""
        if self.length == 0:
            shape = (self.rows, self.capacity, *keys.shape[2:])
            self.keys, self.values = keys.new_zeros(shape), values.new_zeros(shape)
        start, self.length = self.length, self.length + keys.shape[1]
        if positions is None:
            self.keys[:, start : self.length], self.values[:, start : self.length] = keys, values
        else:
            rows = torch.arange(len(positions), device=positions.device)
            self.keys[rows, positions], self.values[rows, positions] = keys[:, 0], values[:, 0]
        return self.keys[: len(keys), : self.length], self.values[: len(keys), : self.length]

def choose_next(logits, temperature, top_k):
    """Return the next token of each text, (B, vocab_size) to (B,). At temperature 0 it is the likeliest; above, it
    is drawn at random, the higher the more evenly, and only from the top_k likeliest, if that is given."""
    if temperature == 0:
        return logits.max(dim=-1).indices  # the same, but argmax is slow in bfloat16 on a CPU
    logits = logits.float() / temperature
    if top_k is not None:
        worst_allowed = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]
        logits = logits.masked_fill(logits < worst_allowed, -math.inf)
    return torch.multinomial(torch.softmax(logits, dim=-1), num_samples=1).squeeze(1)

@torch.no_grad()
def generate(model, idx, max_new_tokens, context_size, temperature=0.0, top_k=None, eos_id=None, lengths=None):
    """Continue each row of idx, (B, T), until it says eos_id, by at most max_new_tokens.
    Returns (B, T + n) for the longest continuation n; a row that is done repeats eos_id. Rows need not be equally
    long: with lengths, (B,), row i is idx[i, :lengths[i]] with padding behind it, and goes on from there."""
    device, (B, T) = idx.device, idx.shape
    tokens = F.pad(idx, (0, max_new_tokens), value=0 if eos_id is None else eos_id)
    ends = torch.full((B,), T, device=device) if lengths is None else lengths.to(device, copy=True)
    longest = int(ends.max())
    caches = [KeyValueCache(B, min(longest + max_new_tokens, context_size)) for _ in model.trf_blocks]
    active = torch.arange(B, device=device)  # the rows that are still being written
    done = torch.zeros(B, dtype=torch.bool, device=device)  # which of them have just ended
    with model.autocast():  # around the loop, so that the weights are converted only once
        for step in range(max_new_tokens):
            end = ends[active]
            if step > 0 and longest <= context_size:  # read the newest tokens only
                newest = tokens[active, end - 1][:, None]
                logits = model(newest, positions=end - 1, caches=caches)[:, 0]
            else:  # read whole texts, or their ends if they outgrow the context: then no position stays the same
                start = (end - context_size).clamp(min=0)
                window = torch.arange(min(longest, context_size), device=device)
                texts = tokens[active[:, None], start[:, None] + window]
                last, shared = end - start - 1, 0  # (B,): the place of the last token of each text
                if B > 1 and longest <= context_size:  # what all texts begin with is read only once
                    shared = int((texts == texts[0]).all(dim=0).cumprod(dim=0)[: last.min()].sum())
                    if shared:
                        model(texts[:1, :shared], scored=last[:0], caches=caches)
                width = texts.shape[1] - shared
                scored = torch.arange(len(last), device=device) * width + last - shared
                logits = model(texts[:, shared:], scored=scored, caches=caches if longest <= context_size else None)
            newest = choose_next(logits, temperature, top_k)
            if eos_id is not None:
                newest = newest.masked_fill(done, eos_id)
                done |= newest == eos_id
            tokens[active, end] = newest
            ends[active] += 1
            longest += 1
            n_done = int(done.sum())
            if n_done == len(done):
                break
            if n_done > len(done) / 2:  # to drop rows is to copy the others: only when it pays
                keep = (~done).nonzero().squeeze(1)
                active, done = active[keep], done[keep]
                for cache in caches if longest <= context_size else []:
                    cache.keys, cache.values = cache.keys[keep], cache.values[keep]
    return tokens[:, :longest]

def generate_responses(model, dataset, tokenizer, max_new_tokens, device, batch_size=96):
    """Return the model's answers to the prompts of an InstructionDataset, in its order."""
    prompts = [token_ids[:prompt_length] for token_ids, prompt_length in dataset]
    eos_id, responses = tokenizer.eot_token, [""] * len(prompts)
    model.eval()
    for batch in chunks(sorted(range(len(prompts)), key=lambda i: len(prompts[i])), batch_size):
        lengths = torch.tensor([len(prompts[i]) for i in batch])
        idx = torch.tensor([prompts[i] + [eos_id] * (int(lengths.max()) - len(prompts[i])) for i in batch])
        context_size = model.cfg["context_length"]
        output = generate(model, idx.to(device), max_new_tokens, context_size, eos_id=eos_id, lengths=lengths)
        for i, row in zip(batch, output.tolist(), strict=True):
            answer = row[len(prompts[i]) :] + [eos_id]
            responses[i] = tokenizer.decode(answer[: answer.index(eos_id)]).strip()
    return responses

# ---- 8. Evaluation ---------------------------------------------------------------------------------------------
# Two kinds of measure. The loss: how much is the model surprised by the true answer, per token? Its exponential,
# the perplexity, says among how many equally likely tokens it might as well have guessed. And the scores: how close
# is its own answer to the true one? Neither knows that two different answers may both be right. Read some.

def calc_loss_batch(input_batch, target_batch, model, device):
    """Return (mean cross-entropy of the scored tokens of a batch, in nats, as a scalar tensor; how many they are)."""
    # The model computes the logits of the scored tokens only. And since matrix routines are prepared for each new
    # shape, which takes time and memory, shapes are rounded up: T to a multiple of 8 and N, the number of scored
    # tokens, to one of 32. What is added comes last and is not scored.
    extra = min(-input_batch.shape[1] % 8, model.cfg["context_length"] - input_batch.shape[1])
    inputs, targets = F.pad(input_batch, (0, extra)), F.pad(target_batch, (0, extra), value=IGNORE_INDEX).flatten()
    scored = (targets != IGNORE_INDEX).nonzero().squeeze(1)  # (N,)
    n_scored, n_extra = len(scored), -len(scored) % 32
    targets, scored = F.pad(targets[scored], (0, n_extra), value=IGNORE_INDEX), F.pad(scored, (0, n_extra))
    batch = (inputs, scored, targets)
    if torch.device(device).type == "cuda" and not inputs.is_cuda:
        batch = [tensor.pin_memory() for tensor in batch]  # from there the GPU fetches it while the CPU goes on
    inputs, scored, targets = (tensor.to(device, non_blocking=True) for tensor in batch)
    return F.cross_entropy(model(inputs, scored).float(), targets, ignore_index=IGNORE_INDEX), n_scored

def calc_loss_loader(data_loader, model, device):
    """Return the mean loss over all scored tokens: not over batches, of which some have more and some fewer."""
    total, n_tokens = 0.0, 0
    for input_batch, target_batch in data_loader:
        loss, n = calc_loss_batch(input_batch, target_batch, model, device)
        total, n_tokens = total + n * loss.detach(), n_tokens + n
    return float(total) / n_tokens

@torch.no_grad()
def evaluate_model(model, data_loader, device):
    """Return the mean loss over a loader, without learning from it."""
    model.eval()
    loss = calc_loss_loader(data_loader, model, device)
    model.train()
    return loss

def show(label, text):
    """Print a labelled text on one line, shortened to fit, without letters that would upset a terminal."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    text = text if len(text) <= 100 else text[:96].rstrip() + " ..."
    tqdm.write(f"  {label + ':':<15}{text}")  # like print, but it leaves a progress bar whole

def generate_and_print_sample(model, tokenizer, device, start_context, max_new_tokens=50):
    """Print how the model continues start_context."""
    model.eval()
    idx, eos_id = text_to_token_ids(start_context, tokenizer).to(device), tokenizer.eot_token
    answer = generate(model, idx, max_new_tokens, model.cfg["context_length"], eos_id=eos_id)[0, idx.shape[1] :]
    show("sample answer", token_ids_to_text(answer[answer != eos_id], tokenizer))
    model.train()

def answer_words(text):
    """Return the words of an answer that are compared: lower case, no punctuation, no articles. This is SQuAD's
    normalization (Rajpurkar et al. 2016, arXiv:1606.05250)."""
    text = text.lower().translate(str.maketrans("", "", string.punctuation))
    return [word for word in text.split() if word not in ("a", "an", "the")]

def token_f1(response, truth):
    """Return SQuAD's F1 score of a response, 0 to 1: the harmonic mean of precision and recall of its words."""
    response, truth = answer_words(response), answer_words(truth)
    if not response or not truth:
        return float(response == truth)
    return 2 * (Counter(response) & Counter(truth)).total() / (len(response) + len(truth))

def score_model(model, dataset, tokenizer, max_new_tokens, device):
    """Return (scores, responses) of the model for a data set."""
    loss = evaluate_model(model, make_loader(dataset, 32, tokenizer, model.cfg["context_length"]), device)
    responses = generate_responses(model, dataset, tokenizer, max_new_tokens, device)
    pairs = [(response, entry["output"]) for response, entry in zip(responses, dataset.entries, strict=True)]
    exact = [answer_words(response) == answer_words(truth) for response, truth in pairs]
    f1 = [token_f1(response, truth) for response, truth in pairs]
    scores = {"loss": loss, "perplexity": math.exp(loss)}
    return scores | {"exact_match": sum(exact) / len(exact), "token_f1": sum(f1) / len(f1)}, responses

# ---- 9. Training -----------------------------------------------------------------------------------------------
# Show the model a batch, measure the loss, compute for each weight in which direction the loss falls (backward),
# and move all weights a little that way (the optimizer). Watch two numbers. The training loss nearly always falls.
# The validation loss, over entries that are never trained on, tells whether what is learned helps with new ones:
# where it turns upward, the model begins to learn the training entries by heart.

def make_optimizer(model, lr):
    """Return AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101): each weight moves by the mean of its recent
    gradients, divided by their usual size, so that all move at a like pace. Weight decay also pulls the matrices
    towards 0, so that none grows without need; biases and norms are left alone."""
    matrices = [weight for weight in model.parameters() if weight.dim() >= 2]
    others = [weight for weight in model.parameters() if weight.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    fused = matrices[0].device.type in ("cpu", "cuda")  # one pass over the weights instead of a dozen
    return torch.optim.AdamW(groups, lr=lr, fused=fused)

def train_model_simple(model, train_set, val_loader, optimizer, device, num_epochs, batch_size, eval_freq,
                       start_context, tokenizer, seed):
    """Train the model, and report every eval_freq steps. Returns three lists with one number per report: train losses,
    validation losses, tokens seen. A train loss is the mean since the last report, each batch measured just before the
    model learned from it, which costs nothing; a validation loss is over the whole val_loader."""
    train_losses, val_losses, track_tokens_seen = [], [], []
    n_steps = num_epochs * math.ceil(len(train_set) / batch_size)
    step, tokens_seen, loss_sum, n_scored = 0, 0, 0.0, 0
    model.train()
    with tqdm(total=n_steps, desc="fine-tuning", unit="step", leave=False, disable=None) as bar:
        for epoch in range(num_epochs):
            for inputs, targets in make_loader(train_set, batch_size, tokenizer, model.cfg["context_length"],
                                               seed + epoch):  # another seed, another order
                loss, n = calc_loss_batch(inputs, targets, model, device)
                optimizer.zero_grad()  # or gradients would add up over the steps
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)  # no odd batch may throw us far off
                optimizer.step()
                step, tokens_seen = step + 1, tokens_seen + inputs.numel()
                loss_sum, n_scored = loss_sum + n * loss.detach(), n_scored + n  # not read: that would wait for a GPU
                bar.update()
                if step == 1 or step % eval_freq == 0 or step == n_steps:
                    train_losses.append(float(loss_sum) / n_scored)
                    val_losses.append(evaluate_model(model, val_loader, device))
                    track_tokens_seen.append(tokens_seen)
                    loss_sum, n_scored = 0.0, 0
                    if not val_losses[-1] < 100:  # true of "not a number", too
                        raise UserError(f"training diverged: the loss is {val_losses[-1]:g}. Try a smaller --lr")
                    tqdm.write(f"  epoch {epoch + 1:>2}   step {step:>5}/{n_steps}"
                               f"   train loss {train_losses[-1]:.3f}   val loss {val_losses[-1]:.3f}")
            generate_and_print_sample(model, tokenizer, device, start_context)
    return train_losses, val_losses, track_tokens_seen

# ---- 10. Results -----------------------------------------------------------------------------------------------
# What remains when the program ends: a picture of the losses, the answers next to the true ones, the weights, and
# the figures of the run for whoever wants to compare.

def plot_losses(epochs_seen, tokens_seen, train_losses, val_losses, path):
    """Draw training and validation loss against epochs (bottom) and tokens seen (top) into a PNG file."""
    from matplotlib.figure import Figure  # only here: to import it takes longer than to draw

    figure = Figure(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    axis.plot(epochs_seen, train_losses, marker="o", markersize=3, label="training loss")
    axis.plot(epochs_seen, val_losses, marker="o", markersize=3, linestyle="--", label="validation loss")
    axis.set(xlabel="epochs", ylabel="loss (nats per answer token)", ylim=(0, None))
    axis.grid(alpha=0.3)
    axis.legend()
    top = axis.twiny()  # a second horizontal axis; an invisible line gives it its scale
    top.plot(tokens_seen, train_losses, alpha=0)
    top.set_xlabel("tokens seen")
    top.xaxis.set_major_formatter("{x:,.0f}")
    with whole_file(path) as part:
        figure.savefig(part, format="png", dpi=150)

def save_json(content, path):
    """Write content as readable JSON."""
    with whole_file(path) as part:
        part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace")

def peak_memory_bytes(device):
    """Return the most memory that was in use, on an NVIDIA GPU or by the process; None where that is not known."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "linux":  # its own count, in KiB: getrusage also remembers the process that started this one
        return 1024 * int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None

def show_answers(entries, columns):
    """Print entries with the true answers and others, {label: answers}."""
    for i, entry in enumerate(entries):
        print()
        show("instruction", entry["instruction"])
        if entry["input"]:
            show("input", entry["input"])
        show("true answer", entry["output"])
        for label, answers in columns.items():
            show(label, answers[i] or "(nothing)")

# ---- 11. main() ------------------------------------------------------------------------------------------------
# The table of contents come true.

def heading(text):
    print(f"\n{text}\n{'-' * len(text)}")

def run(args):
    """Do the whole job with these settings."""
    times = [time.perf_counter()]
    torch.manual_seed(args.seed)
    device = choose_device(args.device)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")  # float32 products may use TF32, where the GPU has it
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)

    heading("Data")
    is_url = args.data.startswith(("http://", "https://"))  # then it is kept under a name made of the address
    data_file = out / re.sub(r"[^A-Za-z0-9.]+", "-", args.data)[-100:] if is_url else args.data
    data = download_and_load_file(data_file, args.data if is_url else None)[: args.limit]
    parts = split_data(data)
    print(f"{len(data):,} entries: {len(parts[0]):,} to train on, {len(parts[1]):,} to test, {len(parts[2]):,} to"
          " validate. The first one:")
    print("", *(format_input(data[0]) + RESPONSE_HEADER + data[0]["output"]).split("\n"), sep="\n  | ")

    heading("Model")
    size, note = "124M" if args.model == "auto" else args.model, ""
    try:
        model, tokenizer, source = load_model(size, args.weights)
    except requests.RequestException as problem:
        if args.model != "auto":
            raise
        size, note = "tiny", "This was the toy model, not GPT-2: see above, under Model."
        print(f"This is the toy model, not GPT-2, because {problem}\n")
        model, tokenizer, source = load_model(size, args.weights)
    # Trained weights want few and small steps. The tiny model starts from nothing: many, and larger ones.
    epochs = args.epochs or (6 if size == "tiny" else 2)
    lr = args.lr or (5e-4 if size == "tiny" else 5e-5)
    dtype = choose_dtype(args.dtype, device, model.cfg)
    model.bfloat16 = dtype == torch.bfloat16
    model.to(device)
    n_parameters = sum(weight.numel() for weight in model.parameters())
    dtype_name = str(dtype).removeprefix("torch.")
    print(f"{'the toy model' if size == 'tiny' else 'GPT-2'} {size}, {n_parameters:,} parameters\nweights: {source}\n"
          f"device: {device}\nnumber format: {dtype_name}")
    context_size = model.cfg["context_length"]
    train_set, test_set, val_set = (InstructionDataset(part, tokenizer, context_size) for part in parts)
    if left_out := train_set.left_out + test_set.left_out + val_set.left_out:
        print(f"left out, because the prompt fills the context of {context_size} tokens: {left_out} entries")
    if not (train_set and test_set and val_set):
        raise UserError(f"no entry to train, test or validate on fits the context of {context_size} tokens")
    times.append(time.perf_counter())

    heading("Baseline: the model as it comes")
    idx = text_to_token_ids("The capital of France is", tokenizer).to(device)
    idx = generate_text_simple(model.eval(), idx, max_new_tokens=12, context_size=context_size)
    print(f"It continues texts: {token_ids_to_text(idx, tokenizer)!r}")
    base_scores, base_responses = score_model(model, test_set, tokenizer, args.max_new_tokens, device)
    print(f"On the answers of the test set, its loss is {base_scores['loss']:.3f}. Its own answers:")
    show_answers(test_set.entries[:3], {"base model": base_responses})
    times.append(time.perf_counter())

    heading("Fine-tuning")
    n_steps = epochs * math.ceil(len(train_set) / args.batch_size)
    print(f"epochs: {epochs}, steps: {n_steps:,} of {args.batch_size} entries, learning rate: {lr:g}")
    sample = val_set.entries[0]
    show_answers([sample], {})
    train_losses, val_losses, tokens_seen = train_model_simple(
        model, train_set, make_loader(val_set, 32, tokenizer, context_size), make_optimizer(model, lr), device, epochs,
        args.batch_size, math.ceil(n_steps / 10), format_input(sample) + RESPONSE_HEADER, tokenizer, args.seed)
    times.append(time.perf_counter())

    heading("Evaluation: the unseen test set")
    scores, responses = score_model(model, test_set, tokenizer, args.max_new_tokens, device)
    print(f"{'':16}{'base model':>12}{'fine-tuned':>12}")
    for key in scores:
        print(f"{key.replace('_', ' '):16}{base_scores[key]:12.3f}{scores[key]:12.3f}")
    show_answers(test_set.entries[:3], {"base model": base_responses, "fine-tuned": responses})
    times.append(time.perf_counter())

    heading("Files")
    files = [out / name for name in ("loss-plot.png", "instruction-data-with-response.json", f"gpt2-{size}-sft.pth",
                                     "metrics.json")]
    with whole_file(files[2]) as part:  # first, as what matters most; from the CPU, so that any machine can load it
        torch.save(model.cpu().state_dict(), part)
    epochs_seen = [epochs * tokens / tokens_seen[-1] for tokens in tokens_seen]
    plot_losses(epochs_seen, tokens_seen, train_losses, val_losses, files[0])
    answers = zip(test_set.entries, base_responses, responses, strict=True)
    save_json([{**entry, "base_response": base, "model_response": tuned} for entry, base, tuned in answers], files[1])
    stages = zip(("load", "baseline", "train", "evaluate"), times, times[1:], strict=False)  # 4, 5, 4 of them
    seconds = {stage: end - start for stage, start, end in stages} | {"total": time.perf_counter() - times[0]}
    save_json({
        "settings": {**vars(args), "epochs": epochs, "lr": lr},
        "model": size, "parameters": n_parameters, "weights": source,
        "device": str(device), "dtype": dtype_name, "steps": n_steps,
        "losses": {"epochs": epochs_seen, "tokens": tokens_seen, "train": train_losses, "validation": val_losses},
        "scores": {"base": base_scores, "tuned": scores}, "seconds": seconds,
        "train_tokens_per_second": tokens_seen[-1] / seconds["train"],
        "peak_memory_bytes": peak_memory_bytes(device),
    }, files[3])
    print(*files, sep="\n")
    print(f"\nDone in {seconds['total']:.0f} s: {seconds['baseline']:.0f} baseline, {seconds['train']:.0f} fine-tuning,"
          f" {seconds['evaluate']:.0f} evaluation. {note}")

def main(argv=None):
    """Run the script: exit status 0 if all went well, 1 with one line if not, 2 for a wrong command line."""
    args = parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter shows "?"
    try:
        run(args)
    except (UserError, OSError) as problem:
        sys.exit(f"error: {problem}")
    except KeyboardInterrupt:
        sys.exit("\nstopped")

if __name__ == "__main__":
    main()
