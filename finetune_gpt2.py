"""Fine-tune GPT-2 to follow instructions: one file, to be read from the first line to the last.

GPT-2 was trained to continue a text. Asked "What is the capital of Kenya?", it may well continue with a second
question. This script shows it some hundreds of instructions with good answers, and it becomes a model that answers.

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
import hashlib
import io
import json
import math
import os
import re
import shutil
import signal
import string
import sys
import tempfile
import time
import timeit
import zipfile
from collections import Counter, UserDict
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

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
# how many layers they pass (n_layers), and into how many heads each layer splits its attention (n_heads). They are
# named by their millions of parameters. "tiny" is not OpenAI's, but comes with this file to show every step.
GPT2 = {"vocab_size": 50257, "context_length": 1024, "drop_rate": 0.0, "qkv_bias": True}
MODELS = {
    "tiny": {**GPT2, "vocab_size": 2048, "context_length": 256, "emb_dim": 256, "n_layers": 4, "n_heads": 4},
    "124M": {**GPT2, "emb_dim": 768, "n_layers": 12, "n_heads": 12},
    "355M": {**GPT2, "emb_dim": 1024, "n_layers": 24, "n_heads": 16},
    "774M": {**GPT2, "emb_dim": 1280, "n_layers": 36, "n_heads": 20},
    "1558M": {**GPT2, "emb_dim": 1600, "n_layers": 48, "n_heads": 25}}
HERE = Path(__file__).parent

class UserError(ValueError):
    """A problem that the user can mend; main() shows it as one line instead of a traceback."""

# what can go wrong when a file is not what it seems; UserError is a ValueError
DAMAGE = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)
def require(condition, message):
    """UserError with this message, unless the condition holds."""
    if not condition: raise UserError(message)

OUT_OF_MEMORY = re.compile("(out of|allocate|enough) memory|ALLOC_FAILED|Invalid buffer size")  # PyTorch's words
def one_line(text):
    """Return a text without line breaks and without letters that would upset a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())

def reason(problem):
    """Return the telling part of what an exception says."""
    return one_line(str(problem).split("(Caused by ")[-1])[:300] or type(problem).__name__

def parse_args(argv=None):
    """Return the settings on the command line, or in the list of words argv."""
    parser = argparse.ArgumentParser(description="Fine-tune GPT-2 to follow instructions, and show what it learned.")
    add = parser.add_argument
    add("--model", choices=["auto", *MODELS], default="auto", help="auto: 124M, or tiny if that cannot be had")
    add("--data", metavar="WHERE", default=str(HERE / "instruction-data.json"), help="a file or an address: see README")
    add("--weights", metavar="DIR", default=str(HERE / "gpt2"), help="they are in DIR/<size>/ (default: gpt2)")
    add("--weights-url", metavar="URL", help="a server with OpenAI's files at URL/<size>/<file>")
    add("--out", metavar="DIR", default="outputs", help="folder for the results (default: outputs)")
    add("--epochs", type=int, metavar="N", default=2, help="how often each training entry is seen (default: 2)")
    add("--batch-size", type=int, metavar="N", default=8, help="entries per training step (default: 8)")
    add("--lr", type=float, metavar="RATE", help="learning rate (default: 5e-5; tiny: 2e-4)")
    add("--max-new-tokens", type=int, metavar="N", default=128, help="longest answer, in tokens (default: 128)")
    add("--limit", type=int, metavar="N", help="use only the first N entries, for a quick try")
    add("--device", default="auto", help="cpu, cuda, cuda:1, mps (default: auto, a GPU if there is one)")
    add("--dtype", choices=["auto", "float32", "bfloat16"], default="auto", help="number format (auto: the faster one)")
    add("--seed", type=int, metavar="N", default=123, help="where the random numbers start (default: 123)")
    add("--resume", action="store_true", help="go on with an interrupted run: repeat its settings, and add this")
    args = parser.parse_args(argv)
    for name in ("epochs", "batch_size", "lr", "max_new_tokens", "limit"):
        value = getattr(args, name)
        if value is not None and not 0 < value < math.inf:
            parser.error(f"--{name.replace('_', '-')} must be above 0, not {value}")
    if not 0 <= args.seed < 2**63: parser.error(f"--seed must be at least 0 and below 2**63, not {args.seed}")
    if not re.fullmatch(r"https?://[^\s{}]+", args.weights_url or "https://none"):
        parser.error(f"--weights-url must be an https:// or http:// address, not {args.weights_url}")
    return args

def choose_device(name):
    """Return the torch.device of that name, for "auto" the best one here; UserError if it cannot be used."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.ones(1, device=name).item()  # something is stored there and read back
        return torch.device(name)
    except Exception as problem:  # which class of error it is depends on the device
        raise UserError(f"--device {name} cannot be used here ({reason(problem)}); try --device cpu") from None

# ---- 2. Data ---------------------------------------------------------------------------------------------------
# The lesson material is a list of entries: an instruction, an input to work on (often empty), and the answer that we
# want. But first, how a file gets onto the disk: whole or not at all, and also through a bad network.
@contextmanager
def whole_file(path, size):
    """Lend a file to write about `size` bytes into; at the end it becomes `path`. OSError."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # on the disk, not just on its way there
        os.replace(part, path)
    except (OSError, RuntimeError) as cause:
        while cause.__context__: cause = cause.__context__  # the first one, of which torch.save makes RuntimeErrors
        if isinstance(cause, KeyboardInterrupt): raise cause from None
        raise OSError(f"cannot write {path} (if the disk is full, it needs {size:,} bytes): {cause}") from None
    finally: part.unlink(missing_ok=True)

PAUSES, TIMEOUT = (1, 2, 4), (10, 30)  # seconds before another try; to connect, and of silence
def fetch_rest(url, part):
    """Fetch what the file `part` still lacks of url. requests.RequestException if the network fails."""
    start = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}  # identity: not compressed
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as reply:
        if url.startswith("https:") and not all(hop.url.startswith("https:") for hop in (*reply.history, reply)):
            raise requests.exceptions.SSLError(f"{url} leads to {reply.url}, which is not protected")
        if reply.status_code == 416: return  # there is no more
        reply.raise_for_status()
        if not reply.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            start = 0  # whatever was asked, the server sends all of it
        length = int(re.sub(r"\D", "", reply.headers.get("Content-Length", "")) or 0)
        if length > shutil.disk_usage(part.parent).free: raise OSError(f"no space for {length:,} more bytes of {part}")
        part.touch()  # not emptied: two runs may write the same bytes to the same places
        bar = tqdm(total=start + length, initial=start, unit="B", unit_scale=True, desc=part.stem, disable=None)
        with open(part, "r+b") as file, bar:
            if file.seek(0, os.SEEK_END) < start: raise requests.ConnectionError("another run has begun anew")
            file.seek(start)
            for chunk in reply.iter_content(chunk_size=1 << 16):
                bar.update(file.write(chunk))
            if length and file.tell() != start + length:
                raise requests.ConnectionError(f"{url} broke off at byte {file.tell():,} of {start + length:,}")
            file.truncate()

def download(url, path, check=lambda file: None):
    """Fetch url into the file `path`: in several tries if need be, going on where the last try, or run, stopped.
    check(file) raises UserError if that is not what was wanted. requests.RequestException if there is no way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    for pause in (*PAUSES, None):
        try:
            fetch_rest(url, part)
            check(part)
            return os.replace(part, path)
        except UserError as wrong:
            part.unlink(missing_ok=True)
            problem = requests.ConnectionError(f"{url} sends something else: {wrong}")
        except (requests.RequestException, FileNotFoundError, ValueError) as error:  # ValueError: of a strange address
            problem = error if isinstance(error, OSError) else requests.ConnectionError(f"{url}: {error}")
        if path.exists(): return None  # a run beside this one was faster, and moved the part there
        if pause is None: raise problem
        tqdm.write(f"{path.name}: {reason(problem)}; trying again in {pause} s")
        time.sleep(pause)

def read_entries(path):
    """Return the entries in a file, JSON or JSON Lines. UserError with the place and what is wrong there; OSError."""
    where, data = path, []
    try:
        text = path.read_text(encoding="utf-8-sig")  # sig: with or without a byte-order mark
        if text.lstrip().startswith("{"):  # JSON Lines: each line is an entry
            for number, line in enumerate(text.split("\n"), start=1):
                where = f"{path}, line {number}"
                data += [json.loads(line)] if line.strip() else []
        else: data = json.loads(text)
    except DAMAGE as problem:
        raise UserError(f"{where}: this is not JSON in UTF-8: {problem}") from None
    require(isinstance(data, list), f"{path} must hold a list of entries, not a {type(data).__name__}")
    for number, entry in enumerate(data, start=1):
        require(isinstance(entry, dict), f"{path}: entry {number} is not an object with instruction, input, output")
        for key in ("instruction", "input", "output"):
            require(isinstance(entry.get(key), str), f'{path}: entry {number} has no text under "{key}"')
            require(key == "input" or entry[key].strip(), f'{path}: the "{key}" of entry {number} is empty')
    return data

def download_and_load_file(file_path, url=None):
    """Return read_entries(file_path); if the file is not there, it is fetched from url first. UserError, OSError."""
    path = Path(file_path)
    if url and not path.exists(): download(url, path, check=read_entries)
    return read_entries(path)

def split_data(data):
    """Return the entries to train on, to test with and to watch while training: 85, 10 and 5 %, in their order."""
    require(len(data) >= 10, f"{len(data)} entries are too few to train, test and validate: it takes 10 or more")
    n_train, n_test = int(len(data) * 0.85), int(len(data) * 0.10)
    return data[:n_train], data[n_train : n_train + n_test], data[n_train + n_test :]

# Stanford Alpaca's layout. Any would do, if it is always the same: after "### Response:", the model learns, I answer.
RESPONSE_HEADER = "\n\n### Response:\n"
def format_input(entry):
    """Return the prompt of an entry, up to but not including RESPONSE_HEADER."""
    prompt = ("Below is an instruction that describes a task. Write a response that appropriately completes the "
              f"request.\n\n### Instruction:\n{entry['instruction']}")
    return f"{prompt}\n\n### Input:\n{entry['input']}" if entry["input"] else prompt

# ---- 3. Tokens -------------------------------------------------------------------------------------------------
# A model reads numbers. GPT-2's tokenizer cuts text into pieces that are frequent in English (" the" is one token, a
# rare word several), and numbers them. Byte-pair encoding has learned the pieces once, and two small files beside the
# weights hold them. One number is no text: <|endoftext|>, by which the model says "done".

# no token crosses the borders of contractions, words, numbers, signs and white space
SPLIT_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
def load_tokenizer(model_dir):
    """Return the tiktoken.Encoding of vocab.bpe and encoder.json, or merges.txt and vocab.json; or UserError."""
    files = ["vocab.bpe", "encoder.json"] if (Path(model_dir) / "vocab.bpe").exists() else ["merges.txt", "vocab.json"]
    os.environ["TIKTOKEN_CACHE_DIR"] = ""  # no cache: it goes by a file's path, not by what is in it
    try:
        ranks = data_gym_to_mergeable_bpe_ranks(*(str(Path(model_dir) / file) for file in files))
    except (FileNotFoundError, AssertionError, *DAMAGE):
        raise UserError(f"{' and '.join(files)} in {model_dir} are missing, damaged, or do not match") from None
    end_of_text = {"<|endoftext|>": len(ranks)}  # the last number: 50256 in GPT-2
    return tiktoken.Encoding("gpt2", pat_str=SPLIT_PATTERN, mergeable_ranks=ranks, special_tokens=end_of_text)

def text_to_token_ids(text, tokenizer):
    """Return the tokens of a text as a batch of one, (1, T); in a text, "<|endoftext|>" is letters and not the end."""
    return torch.tensor([tokenizer.encode_ordinary(text)], dtype=torch.int64)

def token_ids_to_text(token_ids, tokenizer):
    """Return the text of a tensor of tokens, (1, T) or (T,)."""
    return tokenizer.decode(token_ids.flatten().tolist())

# ---- 4. Batches ------------------------------------------------------------------------------------------------
# A language model learns to predict each next token, so the targets are the inputs moved by one. Two details make it
# instruction tuning. Only the answer is scored, as the prompt is given. And so is the answer's <|endoftext|>, or the
# model would never learn to stop. A target of -100 means "not scored" to PyTorch's loss.
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
    def __getitem__(self, index): return self.items[index]
    def __len__(self): return len(self.items)

def custom_collate_fn(batch, pad_token_id=50256, ignore_index=IGNORE_INDEX, allowed_max_length=None, device="cpu"):
    """Return (inputs, targets), both int64 (B, T), of a list of items of an InstructionDataset. What is scored
    follows from lengths, not from tokens: GPT-2 is padded with <|endoftext|>, and the answer's own one counts."""
    T = max(len(token_ids) for token_ids, _ in batch) - 1
    inputs = torch.full((len(batch), T), pad_token_id)
    targets = torch.full((len(batch), T), ignore_index)
    for row, (token_ids, prompt_length) in enumerate(batch):
        tokens, last = torch.tensor(token_ids), len(token_ids) - 1
        inputs[row, :last] = tokens[:-1]
        targets[row, prompt_length - 1 : last] = tokens[prompt_length:]  # the prompt's last token predicts the first
    return inputs[:, :allowed_max_length].to(device), targets[:, :allowed_max_length].to(device)

def chunks(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]

def length_grouped_batches(lengths, batch_size, seed):
    """Return lists of indices of entries of similar length, each index in one of them, as what is shorter than the
    longest of a batch is padded. So shuffle, sort by length in windows of 50 batches, and shuffle the batches."""
    randomness = torch.Generator().manual_seed(seed)
    batches = []
    for window in chunks(torch.randperm(len(lengths), generator=randomness).tolist(), 50 * batch_size):
        batches += chunks(sorted(window, key=lambda i: lengths[i]), batch_size)
    return [batches[i] for i in torch.randperm(len(batches), generator=randomness)]

def make_loader(dataset, batch_size, tokenizer, context_length, seed=0, skip=0):
    """Return a DataLoader of all but the first `skip` length-grouped batches, in an order that the seed decides."""
    batches = length_grouped_batches([len(token_ids) for token_ids, _ in dataset], batch_size, seed)
    # its own generator: a loader that draws from the usual random numbers would make a resumed run differ
    return DataLoader(dataset, batch_sampler=batches[skip:], generator=torch.Generator(), collate_fn=lambda batch:
                      custom_collate_fn(batch, tokenizer.eot_token, allowed_max_length=context_length))

# ---- 5. Model --------------------------------------------------------------------------------------------------
# GPT-2 from the inside out. Each token becomes a vector of D numbers, which n_layers blocks change step by step. In a
# block, attention lets a token gather what it needs from itself and earlier ones, and a feed-forward network works on
# that. Both *add* to the vector rather than replace it, so that depth does no harm. At the end, it is compared with the
# embedding of each token: the best match is the likeliest next one. PyTorch has some layers as one routine ("fused"):
FUSED = True  # False: use the formulas, which differ in speed and rounding only
class LayerNorm(nn.Module):
    """Bring the vector of each token to mean 0 and variance 1, then to a learned scale and shift."""
    def __init__(self, emb_dim):
        super().__init__()
        self.eps = 1e-5  # as in GPT-2; it keeps the division safe if all numbers are equal
        self.scale = nn.Parameter(torch.ones(emb_dim))
        self.shift = nn.Parameter(torch.zeros(emb_dim))
    def forward(self, x):  # (B, T, D) to (B, T, D)
        if FUSED: return F.layer_norm(x, x.shape[-1:], self.scale, self.shift, self.eps)
        mean, variance = x.mean(dim=-1, keepdim=True), x.var(dim=-1, keepdim=True, unbiased=False)
        return self.scale * (x - mean) / torch.sqrt(variance + self.eps) + self.shift

class GELU(nn.Module):
    """A smooth switch: lets large numbers through, stops very negative ones (the tanh form of arXiv:1606.08415)."""
    def forward(self, x):
        if FUSED: return F.gelu(x, approximate="tanh")
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

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
    a mean of the values of itself and all earlier tokens, weighted by how well its query fits their keys."""
    def __init__(self, drop_rate):
        super().__init__()
        self.dropout = nn.Dropout(drop_rate)
    def forward(self, queries, keys, values, hidden):
        """queries: (B, H, T, D/H); keys, values: (B, H, S, D/H); hidden: (T, S) or (B, 1, T, S), True where not to
        look. Returns (B, H, T, D/H)."""
        if FUSED:
            triangle = hidden.dim() == 2 and len(hidden) == hidden.shape[1]  # the usual one, known to the routine
            drop_rate, seen = self.dropout.p if self.training else 0.0, None if triangle else ~hidden
            return F.scaled_dot_product_attention(queries, keys, values, seen, drop_rate, is_causal=triangle)
        scores = queries @ keys.transpose(2, 3)  # (B, H, T, S): how well each query fits each key
        scores = scores / math.sqrt(keys.shape[-1])  # or they grow with the vectors, and one takes all
        weights = torch.softmax(scores.masked_fill(hidden, -math.inf), dim=-1)  # positive, and the sum of a row is 1
        return self.dropout(weights) @ values

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
    def forward(self, x, padding=None, cache=None, past=0):
        B, T, D = x.shape
        heads = (B, T, self.n_heads, D // self.n_heads)
        queries, keys, values = self.W_query(x).view(heads), self.W_key(x).view(heads), self.W_value(x).view(heads)
        S = past + T
        if cache is not None:  # the keys and values of `past` earlier tokens are there, see section 7
            cache[0, :, past:S], cache[1, :, past:S] = keys, values
            keys, values = cache[:, :, :S]  # (B, S, H, D/H)
        hidden = self.mask[past:S, :S]
        if padding is not None:  # also, no text looks at the padding before it
            is_padding = torch.arange(S, device=x.device) < padding[:, None]  # (B, S)
            hidden = hidden | (is_padding[:, None, None] != is_padding[:, None, past:, None])
        mixed = self.attention(queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2), hidden)
        return self.out_proj(mixed.transpose(1, 2).reshape(B, T, D))

class TransformerBlock(nn.Module):
    """Attention, then feed-forward: each works on normalized vectors, and its result is added."""
    def __init__(self, cfg):
        super().__init__()
        self.norm1, self.norm2 = LayerNorm(cfg["emb_dim"]), LayerNorm(cfg["emb_dim"])
        self.att, self.ff = MultiHeadAttention(cfg), FeedForward(cfg)
        self.dropout = nn.Dropout(cfg["drop_rate"])
    def forward(self, x, *past):  # (B, T, D) to (B, T, D)
        x = x + self.dropout(self.att(self.norm1(x), *past))
        return x + self.dropout(self.ff(self.norm2(x)))

def choose_dtype(name, device, cfg):
    """Return torch.float32, or torch.bfloat16 (8 bits of precision instead of 24): the one that is named, or for "auto"
    the faster one here. The weights stay float32: a step changes them by less than bfloat16 can tell apart."""
    if name == "auto" and device.type == "cpu":
        block, x, seconds = TransformerBlock(cfg), torch.randn(8, 64, cfg["emb_dim"]), ([], [])
        for half in (False, True) * 8:
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                seconds[half].append(timeit.timeit(lambda: block(x).sum().backward(), number=1))
        # the best of eight, as the first runs warm up; and well ahead, or near ties fall now this way and now that
        name = "bfloat16" if min(seconds[True]) < 0.7 * min(seconds[False]) else "float32"
    elif name == "auto":  # on NVIDIA GPUs, it is built in from compute capability 8 (Ampere) on
        native = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
        name = "bfloat16" if native else "float32"
    return getattr(torch, name)

class GPTModel(nn.Module):
    """GPT-2 of the size in cfg, a row of MODELS, with random weights, much as GPT-2's own training began."""
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.bfloat16 = False  # the choice of choose_dtype; the weights are float32 either way
        self.tok_emb = nn.Embedding.from_pretrained(torch.empty(cfg["vocab_size"], cfg["emb_dim"]), freeze=False)
        self.pos_emb = nn.Embedding.from_pretrained(torch.empty(cfg["context_length"], cfg["emb_dim"]), freeze=False)
        self.dropout = nn.Dropout(cfg["drop_rate"])
        self.trf_blocks = nn.ModuleList(TransformerBlock(cfg) for _ in range(cfg["n_layers"]))
        self.final_norm = LayerNorm(cfg["emb_dim"])
        self.out_head = nn.Linear(cfg["emb_dim"], cfg["vocab_size"], bias=False)
        self.out_head.weight = self.tok_emb.weight  # "tied": one table both reads tokens and writes them
        for weight in self.parameters():
            if weight.dim() == 2 and not weight.is_meta:  # "meta" is without memory: load_model puts weights there
                nn.init.normal_(weight, std=0.02)  # as OpenAI's training began (model.py); embeddings were empty so far
    def autocast(self):
        return torch.autocast(self.tok_emb.weight.device.type, torch.bfloat16, enabled=self.bfloat16)
    def forward(self, in_idx, scored=None, padding=None, caches=None, past=0):
        """Return the logits, a score for each possible next token: (B, T) to (B, T, vocab_size), or for only N scored
        ones of the B * T tokens to (N, vocab_size): this layer is a third of GPT-2 small. For the others: section 7."""
        places = torch.arange(past, past + in_idx.shape[1], device=in_idx.device)
        if padding is not None:
            places = (places - padding[:, None]).clamp(min=0)  # a text begins after its padding
        with self.autocast():
            # sparse: its gradient is a few rows, not a table of zeros as large as that of the (tied) output layer
            tokens = F.embedding(in_idx, self.tok_emb.weight, sparse=in_idx.device.type == "cpu")
            x = self.dropout(tokens + self.pos_emb(places))  # (B, T, D)
            for block, cache in zip(self.trf_blocks, caches or [None] * len(self.trf_blocks), strict=True):
                x = block(x, padding, cache, past)
            x = x if scored is None else x.flatten(0, 1)[scored]  # (N, D)
            return self.out_head(self.final_norm(x))

# ---- 6. Weights ------------------------------------------------------------------------------------------------
# What OpenAI's training learned is published as TensorFlow checkpoints, but no TensorFlow is needed: these are nothing
# but float32 arrays, one after the other, sorted by name. Hugging Face serves the same numbers as model.safetensors,
# which opens with a table of contents in JSON. Either will do, found on disk or downloaded once. No file is trusted: a
# sign-in page is easily stored under its name.
OPENAI_FILES = ("hparams.json", "encoder.json", "vocab.bpe", "model.ckpt.data-00000-of-00001")
OPENAI_URL = "https://openaipublic.blob.core.windows.net/gpt-2/models/{size}/{file}"
HUB_FILES = ("config.json", "vocab.json", "merges.txt", "model.safetensors")
HUB_URL = "https://huggingface.co/openai-community/{name}/resolve/main/{file}"
HUB_NAMES = {"124M": "gpt2", "355M": "gpt2-medium", "774M": "gpt2-large", "1558M": "gpt2-xl"}
# size in bytes and SHA-256 sum, where they are known
VOCABULARY = (1_042_301, "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783")
MERGES = (456_318, "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5")
KNOWN_FILES = {
    "encoder.json": VOCABULARY, "vocab.json": VOCABULARY, "vocab.bpe": MERGES, "merges.txt": MERGES,
    "124M/model.safetensors": (548_105_171, "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707")}
# how the sizes are called in OpenAI's hparams.json, and here
SIZE_NAMES = {"n_vocab": "vocab_size", "n_ctx": "context_length", "n_embd": "emb_dim", "n_head": "n_heads",
              "n_layer": "n_layers"}
# the arrays of a block: OpenAI's name, ours, and the shape in units of D; c_attn is query, key and value side by side
BLOCK_ARRAYS = {
    "ln_1/g": ("norm1.scale", [1]), "ln_1/b": ("norm1.shift", [1]),
    "ln_2/g": ("norm2.scale", [1]), "ln_2/b": ("norm2.shift", [1]),
    "attn/c_attn/w": ("att.W_{}.weight", [1, 3]), "attn/c_attn/b": ("att.W_{}.bias", [3]),
    "attn/c_proj/w": ("att.out_proj.weight", [1, 1]), "attn/c_proj/b": ("att.out_proj.bias", [1]),
    "mlp/c_fc/w": ("ff.layers.0.weight", [1, 4]), "mlp/c_fc/b": ("ff.layers.0.bias", [4]),
    "mlp/c_proj/w": ("ff.layers.2.weight", [4, 1]), "mlp/c_proj/b": ("ff.layers.2.bias", [1])}

def checkpoint_layout(settings):
    """Return {name: shape} of the arrays in an OpenAI checkpoint, matrices as (in, out), in the order of the file,
    which is that of the names as strings: h10 comes before h2."""
    D = settings["n_embd"]
    layout = {"wte": (settings["n_vocab"], D), "wpe": (settings["n_ctx"], D), "ln_f/g": (D,), "ln_f/b": (D,)}
    for n in range(settings["n_layer"]):
        layout |= {f"h{n}/{name}": tuple(D * i for i in shape) for name, (_, shape) in BLOCK_ARRAYS.items()}
    return dict(sorted(layout.items()))

def hub_name(name):
    """Return Hugging Face's name of an array: h0/attn/c_attn/w is h.0.attn.c_attn.weight there, wte is wte.weight."""
    name = re.sub("/[gw]$", ".weight", re.sub("/b$", ".bias", name if "/" in name else f"{name}/w"))
    return re.sub("^h", "h.", name).replace("/", ".")

class ArraysOnDisk(UserDict):
    """A dict of arrays, kept as (file, offset in bytes, shape) and read when asked for: never all in memory."""
    def __getitem__(self, name): return np.memmap(self.data[name][0], "<f4", "c", *self.data[name][1:])

def read_settings(file):
    """Return the sizes in a hparams.json or config.json under OpenAI's names. DAMAGE, OSError."""
    require(file.stat().st_size < 10**6, "it is too long")
    config = json.loads(file.read_text(encoding="utf-8"))
    config = {"n_vocab": config.get("vocab_size"), "n_ctx": config.get("n_positions"), **config}
    settings = {name: config[name] for name in SIZE_NAMES}
    sizes_are_sound = all(type(value) is int and value > 0 for value in settings.values())
    require(sizes_are_sound and settings["n_embd"] % settings["n_head"] == 0, f"these are no sizes: {settings}")
    return settings

def find_arrays(file, settings, openai):
    """Return what ArraysOnDisk needs of a checkpoint or safetensors file. DAMAGE, before anything large is read, if it
    does not hold exactly the arrays of a model with these settings."""
    V, T, D, n_layers = (settings[name] for name in ("n_vocab", "n_ctx", "n_embd", "n_layer"))
    expected, actual = 4 * (D * (V + T + 2) + n_layers * D * (12 * D + 13)), file.stat().st_size
    require(actual == expected or not openai and actual > expected, f"it has {actual:,} bytes, not {expected:,}")
    layout, places, end = checkpoint_layout(settings), {}, 0
    if openai:
        for name, shape in layout.items():
            places[name] = file, end, shape
            end += 4 * math.prod(shape)
        return places
    with open(file, "rb") as opened:  # the length of the header in 8 bytes, the header in JSON, then the arrays
        first = 8 + int.from_bytes(opened.read(8), "little")
        require(first <= min(actual, 10**7), f"a header of {first - 8:,} bytes is too long")
        header, names = json.loads(opened.read(first - 8)), {hub_name(name): name for name in layout}
    header.pop("__metadata__", None)
    for hub, array in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        start, stop = array["data_offsets"]
        name = names.pop(hub.removeprefix("transformer."), None)
        if name:
            places[name], n_bytes = (file, first + start, layout[name]), 4 * math.prod(layout[name])
            fits = (array["dtype"], tuple(array["shape"]), stop - start) == ("F32", layout[name], n_bytes)
        else:  # the causal mask, or the output layer, which is wte once more
            fits = hub.endswith((".attn.bias", ".attn.masked_bias", "lm_head.weight")) and stop >= start
        fits = fits and start == end and type(start) is type(stop) is int  # no gap, no overlap
        require(fits, f"{hub} does not fit: {array}")
        end = stop
    require(first + end == actual and len(places) == len(layout), f"{len(places)} arrays, up to byte {first + end:,}")
    return places

def files_in(model_dir):
    """Return OPENAI_FILES or HUB_FILES, whichever there are more of in the folder."""
    return max(OPENAI_FILES, HUB_FILES, key=lambda files: sum((Path(model_dir) / file).exists() for file in files))

def read_checkpoint(model_dir):
    """Return (settings, params) of a folder in OpenAI's or in Hugging Face's layout: n_vocab, n_ctx, n_embd, n_head,
    n_layer, and the float32 NumPy arrays under OpenAI's names. UserError if a file is missing or damaged."""
    files = files_in(model_dir)
    file, data_file = Path(model_dir) / files[0], Path(model_dir) / files[-1]
    try:
        settings = read_settings(file)
        file = data_file
        return settings, ArraysOnDisk(find_arrays(file, settings, files is OPENAI_FILES))
    except DAMAGE as problem:
        raise UserError(f"{file} is damaged ({type(problem).__name__}: {reason(problem)})") from None
    except FileNotFoundError as problem:
        raise UserError(f"{problem.filename} is missing") from None

def check_file(file, size, name):
    """UserError if `file` is not what a file called `name` of a model size should be; OSError if it is not there."""
    actual, settings = file.stat().st_size, {theirs: MODELS[size][ours] for theirs, ours in SIZE_NAMES.items()}
    n_bytes, digest = KNOWN_FILES.get(name) or KNOWN_FILES.get(f"{size}/{name}") or (actual, None)
    try:
        require(actual == n_bytes, f"it has {actual:,} bytes and should have {n_bytes:,}")
        found = hashlib.sha256(np.memmap(file, "u1", "r")).hexdigest() if digest else None
        require(found == digest, f"its SHA-256 sum is {found} and should be {digest}")
        if name in (OPENAI_FILES[0], HUB_FILES[0]):
            require(read_settings(file) == settings, f"{size} has {settings}, it {read_settings(file)}")
        if name in (OPENAI_FILES[-1], HUB_FILES[-1]): find_arrays(file, settings, name == OPENAI_FILES[-1])
    except DAMAGE as problem:
        raise UserError(f"{file} is not what its name says: {reason(problem)}") from None

def find_weights(size, weights_dir, weights_url=None):
    """Return the folder with all files of a model size, downloaded first if they are not there or not right; if they
    cannot be, requests.RequestException. weights_url: a server to ask, in place of OpenAI's and Hugging Face's."""
    model_dir, reasons = Path(weights_dir) / size, []
    if size == "tiny":  # it comes with this script
        return model_dir if model_dir.exists() else HERE / "gpt2" / size
    def is_right(file):  # if it is there, but wrong, it is moved out of the way
        with suppress(FileNotFoundError):  # also if a run beside this one moves it first
            try:
                return check_file(model_dir / file, size, file) is None
            except UserError as problem:
                print(f"{problem}. It is kept as {file}.old and fetched again")
                reasons.append(f"{file} is wrong")
                os.replace(model_dir / file, model_dir / f"{file}.old")
        return False
    if not [file for file in files_in(model_dir) if not is_right(file)]: return model_dir
    mirror = [(OPENAI_FILES, f"{weights_url}/{{size}}/{{file}}")]
    for files, url in mirror if weights_url else [(OPENAI_FILES, OPENAI_URL), (HUB_FILES, HUB_URL)]:
        try:
            for file in (file for file in files if not is_right(file)):
                download(url.format(size=size, name=HUB_NAMES[size], file=file), model_dir / file,
                         check=lambda part, file=file: check_file(part, size, file))
            return model_dir
        except requests.RequestException as problem:
            reasons.append(f"{url.split('/')[2]}: {reason(problem)}")
    raise requests.ConnectionError(f"the weights of {size} are not in {model_dir} and cannot be downloaded"
                                   f" ({'; '.join(reasons)}). Put {', '.join(OPENAI_FILES)} there, or use --model tiny")

def load_weights_into_gpt(gpt, params):
    """Copy params (see read_checkpoint) into the model; UserError if an array is missing, extra or misshapen."""
    layout = checkpoint_layout({theirs: gpt.cfg[ours] for theirs, ours in SIZE_NAMES.items()})
    odd = sorted(layout.keys() ^ params.keys())
    require(not odd, f"the weights do not fit the model; missing or unexpected: {', '.join(odd)}")
    names = {"wte": "tok_emb.weight", "wpe": "pos_emb.weight",
             "ln_f/g": "final_norm.scale", "ln_f/b": "final_norm.shift"}
    names |= {f"h{n}/{theirs}": f"trf_blocks.{n}.{ours}" for n in range(gpt.cfg["n_layers"])
              for theirs, (ours, _) in BLOCK_ARRAYS.items()}
    state = {}
    for theirs, shape in layout.items():
        array = torch.as_tensor(params[theirs])
        require(array.shape == shape, f"{theirs} in the weights has shape {tuple(array.shape)}, not {shape}")
        array = array.T if theirs.endswith("/w") else array  # PyTorch keeps matrices as (out, in)
        parts = zip(("query", "key", "value"), array.chunk(3), strict=True) if "c_attn" in theirs else [("", array)]
        for part, tensor in parts:
            state[names[theirs].format(part)] = tensor.clone(memory_format=torch.contiguous_format)
    # not strict, as the masks are not among them; a model without memory of its own ("meta") takes the tensors over
    gpt.load_state_dict(state, strict=False, assign=gpt.tok_emb.weight.is_meta)
    gpt.out_head.weight = gpt.tok_emb.weight

def load_model(size, weights_dir, weights_url=None):
    """Return (model, tokenizer, where its weights are from)."""
    model_dir = find_weights(size, weights_dir, weights_url)
    tokenizer = load_tokenizer(model_dir)
    settings, params = read_checkpoint(model_dir)
    require(tokenizer.n_vocab == settings["n_vocab"], f"{model_dir}: the tokenizer has {tokenizer.n_vocab} tokens, not"
            f" {settings['n_vocab']}")
    with torch.device("meta"):  # shapes only: no memory, no random numbers
        model = GPTModel({**GPT2, **{ours: settings[theirs] for theirs, ours in SIZE_NAMES.items()}})
    load_weights_into_gpt(model, params)
    return model, tokenizer, str(model_dir)

def move_model(model, device, dtype, tokenizer):
    """Move the model to its device and number format. UserError if it does not compute there what it computes on the
    CPU: some GPUs with some versions of PyTorch give wrong numbers and no error."""
    idx = text_to_token_ids("The capital of France is Paris. The capital of Kenya is", tokenizer)
    with torch.no_grad():
        expected = model.eval()(idx)
        model.bfloat16 = dtype == torch.bfloat16
        error = (model.to(device)(idx.to(device)).float().cpu() - expected).abs().max()
    # binary digits: bfloat16 keeps 8, TF32 11, float32 24 (less on some GPUs); eight times that for all layers together
    allowed = 8 * expected.abs().max() / 2 ** (8 if model.bfloat16 else 11 if device.type == "cuda" else 14)
    require(error <= allowed, f"{device} computes wrongly with this version of PyTorch: a logit is off by {error:.3g},"
            f" where rounding explains {allowed:.2g}. Use --device cpu")

# ---- 7. Generation ---------------------------------------------------------------------------------------------
# To write, ask the model for the next token, append it, ask again: generate_text_simple. generate is faster. The keys
# and values of earlier tokens never change, so they are kept (the cache), and only the newest token is computed. Many
# prompts are answered at once, since most time goes into fetching the weights from memory, for one text or a hundred.
@torch.no_grad()
def generate_text_simple(model, idx, max_new_tokens, context_size):
    """Append the likeliest next token, again and again: (B, T) to (B, T + max_new_tokens)."""
    for _ in range(max_new_tokens):
        logits = model(idx[:, -context_size:])  # what does not fit into the context is forgotten
        idx = torch.cat((idx, logits[:, -1].argmax(dim=-1, keepdim=True)), dim=1)
    return idx

def choose_next(logits, temperature, top_k):
    """Return the next token of each text, (B, vocab_size) to (B,): at temperature 0 the likeliest, above that one drawn
    at random, the higher the more evenly, from the top_k likeliest if that is given."""
    if temperature == 0: return logits.max(dim=-1).indices  # the same, but argmax is slow in bfloat16 on a CPU
    logits = logits.float() / temperature
    if top_k is not None:
        worst_allowed = logits.topk(min(top_k, logits.shape[-1])).values[:, -1:]
        logits = logits.masked_fill(logits < worst_allowed, -math.inf)
    return torch.multinomial(torch.softmax(logits, dim=-1), num_samples=1).squeeze(1)

@torch.no_grad()
def generate(model, idx, max_new_tokens, context_size, temperature=0.0, top_k=None, eos_id=None, padding=None):
    """Continue each row of idx, (B, T), by n <= max_new_tokens, until all have said eos_id: (B, T + n); who is done
    repeats it. padding, (B,): how many tokens at the start of a row are no text, but make it as long as the others."""
    (B, T), device, cfg = idx.shape, idx.device, model.cfg
    tokens, end = F.pad(idx, (0, max_new_tokens), value=eos_id or 0), T
    rows = torch.arange(B, device=device)  # those that are still being written, and which of them have just ended:
    done = torch.zeros(B, dtype=torch.bool, device=device)
    shape = (2, B, min(T + max_new_tokens, context_size), cfg["n_heads"], cfg["emb_dim"] // cfg["n_heads"])
    dtype = torch.bfloat16 if model.bfloat16 else torch.float32
    caches = [torch.zeros(shape, dtype=dtype, device=device) for _ in model.trf_blocks]  # keys and values of each layer
    with model.autocast():  # around the loop, so that the weights are converted only once
        while end < T + max_new_tokens and not done.all():
            lost = max(0, end - context_size)  # what does not fit into the context; without it, all positions change
            start = lost if lost or end == T else end - 1
            last = torch.arange(1, len(rows) + 1, device=device) * (end - start) - 1  # the last token of each text
            pads = None if padding is None else (padding - lost).clamp(min=0)
            logits = model(tokens[rows, start:end], last, pads, None if lost else caches, 0 if lost else start)
            newest = choose_next(logits, temperature, top_k).masked_fill(done, eos_id or 0)
            tokens[rows, end] = newest
            end += 1
            done |= newest == (-1 if eos_id is None else eos_id)
            if done.float().mean() > 0.5:  # to drop rows is to copy the others: only when it pays
                keep = (~done).nonzero().squeeze(1)
                rows, done, padding = rows[keep], done[keep], None if padding is None else padding[keep]
                caches = [cache[:, keep] for cache in caches]
    return tokens[:, :end]

def generate_responses(model, dataset, tokenizer, max_new_tokens, device, batch_size=96):
    """Return the model's answers to the prompts of an InstructionDataset, in its order."""
    prompts = [token_ids[:prompt_length] for token_ids, prompt_length in dataset]
    eos_id, responses = tokenizer.eot_token, [""] * len(prompts)
    model.eval()
    for batch in chunks(sorted(range(len(prompts)), key=lambda i: len(prompts[i])), batch_size):
        T = len(prompts[batch[-1]])  # the longest one
        padding = [T - len(prompts[i]) for i in batch]
        idx = torch.tensor([[eos_id] * n + prompts[i] for n, i in zip(padding, batch, strict=True)], device=device)
        output = generate(model, idx, max_new_tokens, model.cfg["context_length"], eos_id=eos_id,
                          padding=torch.tensor(padding, device=device))
        for i, row in zip(batch, output.tolist(), strict=True):
            answer = row[T:] + [eos_id]
            responses[i] = tokenizer.decode(answer[: answer.index(eos_id)]).strip()
    return responses

# ---- 8. Evaluation ---------------------------------------------------------------------------------------------
# Two kinds of measure. The loss: how much does the true answer surprise the model, per token? And the scores: how close
# is its own answer to the true one? Neither knows that two different answers may both be right. Read some.
def calc_loss_batch(input_batch, target_batch, model, device):
    """Return (mean cross-entropy of the scored tokens of a batch, in nats, as a scalar tensor; how many they are)."""
    # Logits are computed for scored tokens only. And as matrix routines are prepared for each new shape, which takes
    # time and memory, shapes are rounded up, T to a multiple of 8 and N to one of 32, by what is not scored.
    extra = min(-input_batch.shape[1] % 8, model.cfg["context_length"] - input_batch.shape[1])
    inputs, targets = F.pad(input_batch, (0, extra)), F.pad(target_batch, (0, extra), value=IGNORE_INDEX).flatten()
    scored = (targets != IGNORE_INDEX).nonzero().squeeze(1)  # (N,)
    n_scored, n_extra = len(scored), -len(scored) % 32
    targets, scored = F.pad(targets[scored], (0, n_extra), value=IGNORE_INDEX), F.pad(scored, (0, n_extra))
    logits = model(inputs.to(device), scored.to(device)).float()
    return F.cross_entropy(logits, targets.to(device), ignore_index=IGNORE_INDEX), n_scored

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
    text = one_line(text) if len(one_line(text)) <= 100 else one_line(text)[:96].rstrip() + " ..."
    tqdm.write(f"  {label + ':':<15}{text}")  # like print, but it leaves a progress bar whole

def generate_and_print_sample(model, tokenizer, device, start_context, max_new_tokens=50):
    """Print how the model continues start_context."""
    model.eval()
    idx, eos_id = text_to_token_ids(start_context, tokenizer).to(device), tokenizer.eot_token
    answer = generate(model, idx, max_new_tokens, model.cfg["context_length"], eos_id=eos_id)[0, idx.shape[1] :]
    show("sample answer", token_ids_to_text(answer[answer != eos_id], tokenizer))
    model.train()

def answer_words(text):
    """Return the words of an answer that are compared, as SQuAD does (Rajpurkar et al. 2016, arXiv:1606.05250)."""
    text = text.lower().translate(str.maketrans("", "", string.punctuation))
    return [word for word in text.split() if word not in ("a", "an", "the")]

def token_f1(response, truth):
    """Return SQuAD's F1 score, 0 to 1: the harmonic mean of the precision and the recall of a response's words."""
    response, truth = answer_words(response), answer_words(truth)
    if response == truth: return 1.0
    return 2 * (Counter(response) & Counter(truth)).total() / (len(response) + len(truth))

def score_model(model, dataset, tokenizer, max_new_tokens, device):
    """Return (scores, responses) of the model for a data set."""
    loss = evaluate_model(model, make_loader(dataset, 32, tokenizer, model.cfg["context_length"]), device)
    responses = generate_responses(model, dataset, tokenizer, max_new_tokens, device)
    pairs = [(response, entry["output"]) for response, entry in zip(responses, dataset.entries, strict=True)]
    exact = np.mean([answer_words(response) == answer_words(truth) for response, truth in pairs])
    f1 = np.mean([token_f1(response, truth) for response, truth in pairs])
    return {"loss": loss, "perplexity": math.exp(loss), "exact_match": float(exact), "token_f1": float(f1)}, responses

# ---- 9. Training -----------------------------------------------------------------------------------------------
# Show the model a batch, measure the loss, compute for each weight in which direction the loss falls (backward), and
# move all weights a little that way (the optimizer). Watch two numbers: the training loss nearly always falls; where
# the validation loss, over entries that are never trained on, turns up, the model begins to learn entries by heart.
def make_optimizer(model, lr):
    """Return AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101): a weight moves by the mean of its recent gradients,
    divided by their usual size, so that all move at a like pace. Weight decay pulls the matrices towards 0, too."""
    matrices = {"params": [weight for weight in model.parameters() if weight.dim() == 2], "weight_decay": 0.1}
    others = {"params": [weight for weight in model.parameters() if weight.dim() < 2], "weight_decay": 0.0}
    fused = model.tok_emb.weight.device.type in ("cpu", "cuda")  # one pass over the weights instead of a dozen
    return torch.optim.AdamW([matrices, others], lr=lr, fused=fused)

def train_model_simple(model, train_set, val_loader, optimizer, device, num_epochs, batch_size, eval_freq,
                       start_context, tokenizer, seed, progress=None, save=lambda progress: None):
    """Train, and return three lists with a number for each report, every eval_freq steps: training loss (the mean since
    the last one, as measured before the model learned from a batch), validation loss, tokens seen. save(progress) is
    called after each epoch, and on Ctrl-C, before KeyboardInterrupt; with that progress, another call goes on."""
    now = SimpleNamespace(**progress or {"step": 0, "tokens_seen": 0, "train_losses": [], "val_losses": [],
                                         "track_tokens_seen": [], "losses": [], "n_scored": 0})  # two since a report
    steps_per_epoch = math.ceil(len(train_set) / batch_size)
    n_steps = num_epochs * steps_per_epoch
    bar = tqdm(total=n_steps, initial=now.step, desc="fine-tuning", unit="step", leave=False, disable=None)
    model.train()
    ctrl_c, usual = [], signal.getsignal(signal.SIGINT)
    with bar, ExitStack() as afterwards:
        afterwards.callback(signal.signal, signal.SIGINT, usual)
        # Ctrl-C is noted, to stop after the step; pressed again, it does the usual
        signal.signal(signal.SIGINT, lambda *_: (ctrl_c.append(True), signal.signal(signal.SIGINT, usual)))
        while now.step < n_steps:
            epoch, n_done = divmod(now.step, steps_per_epoch)
            for inputs, targets in make_loader(train_set, batch_size, tokenizer, model.cfg["context_length"],
                                               seed + epoch, n_done):  # another seed, another order
                loss, n = calc_loss_batch(inputs, targets, model, device)
                optimizer.zero_grad()  # or gradients would add up over the steps
                loss.backward()
                norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)  # no odd batch may throw us far off
                optimizer.step()
                # tensors, as to read a number is to wait for a GPU; 0 * norm is not a number if a gradient is not
                now.losses.append(n * loss.detach() + 0 * norm)
                now.n_scored += n
                now.tokens_seen += inputs.numel()
                now.step += 1
                bar.update()
                report = now.step in (1, n_steps) or now.step % eval_freq == 0
                epoch_over, stop, diverged = now.step % steps_per_epoch == 0, bool(ctrl_c), []
                if report or epoch_over or stop:
                    now.losses = [float(loss) for loss in now.losses]
                    diverged = (np.flatnonzero(~np.isfinite(now.losses)) + now.step - len(now.losses) + 1).tolist()
                if report:
                    train_loss, val_loss = sum(now.losses) / now.n_scored, evaluate_model(model, val_loader, device)
                    tqdm.write(f"  epoch {epoch + 1:>2}   step {now.step:>5}/{n_steps}   train loss {train_loss:.3f}"
                               f"   val loss {val_loss:.3f}")
                    now.train_losses.append(train_loss)
                    now.val_losses.append(val_loss)
                    now.track_tokens_seen.append(now.tokens_seen)
                    now.losses, now.n_scored = [], 0
                    diverged += [] if val_loss < 100 else [now.step]
                require(not diverged, f"training diverged in step {min(diverged, default=0)}: the loss or a gradient is"
                        " far too large, or not a number. Try a smaller --lr")
                if epoch_over: generate_and_print_sample(model, tokenizer, device, start_context)
                if epoch_over or stop: save(vars(now))
                if ctrl_c and (stop or now.step == n_steps): raise KeyboardInterrupt
    return now.train_losses, now.val_losses, now.track_tokens_seen

def save_training(path, model, optimizer, **others):
    """Write what it takes to go on with a training into one file: weights, optimizer, random state, and the others."""
    with whole_file(path, 12 * sum(weight.numel() for weight in model.parameters())) as file:  # AdamW has two averages
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "bfloat16": model.bfloat16,
                    "random": [torch.get_rng_state(), *torch.cuda.get_rng_state_all()], **others}, file)

def resume_training(path, model, optimizer, settings):
    """Restore what save_training wrote; return the others. UserError if it is damaged or of other settings."""
    try:
        require(zipfile.ZipFile(path).testzip() is None, "its checksums are wrong")
        saved = torch.load(path, map_location="cpu", weights_only=True)  # only data: nothing in it is executed
        others = {name: saved["settings"][name] for name in settings if saved["settings"][name] != settings[name]}
        if not others:
            model.load_state_dict(saved.pop("model"))
            optimizer.load_state_dict(saved.pop("optimizer"))
            torch.set_rng_state(saved["random"][0])
            torch.cuda.set_rng_state_all(saved["random"][1:])
            model.bfloat16, _, _ = saved["bfloat16"], saved["progress"]["step"], saved["base"]
    except Exception as problem:  # of many kinds
        if OUT_OF_MEMORY.search(str(problem)) or isinstance(problem, (MemoryError, PermissionError)): raise
        raise UserError(f"{path} is damaged ({reason(problem)}). Delete it, and start without --resume") from None
    require(not others, f"{path} is of a run with {others}: repeat its settings, or start without --resume")
    return saved

# ---- 10. Results -----------------------------------------------------------------------------------------------
# What remains when the program ends: a picture of the losses, the answers next to the true ones, the weights, and
# the figures of the run for whoever wants to compare.
def save_bytes(content, path):
    with whole_file(path, len(content)) as file:
        file.write(content)

def save_json(content, path):
    """Write content as readable JSON."""
    save_bytes((json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode(errors="replace"), path)

def plot_losses(epochs_seen, tokens_seen, train_losses, val_losses, path):
    """Draw training and validation loss against epochs (bottom) and tokens seen (top) into a PNG file."""
    from matplotlib.figure import Figure  # only here: to import it takes longer than to draw
    figure, picture = Figure(figsize=(7, 4), layout="constrained"), io.BytesIO()
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
    figure.savefig(picture, format="png", dpi=150)
    save_bytes(picture.getvalue(), path)

def show_answers(entries, columns):
    """Print entries with the true answers and others, {label: answers}."""
    for i, entry in enumerate(entries):
        texts = {"instruction": entry["instruction"], "input": entry["input"], "true answer": entry["output"]}
        print()
        for label, text in (texts | {label: answers[i] or "(nothing)" for label, answers in columns.items()}).items():
            if text: show(label, text)

# ---- 11. main() ------------------------------------------------------------------------------------------------
# The table of contents come true.
def heading(text):
    print(f"\n{text}\n{'-' * len(text)}")
    return time.perf_counter()

def run(args):
    """Do the whole job with these settings."""
    torch.manual_seed(args.seed)
    device, out = choose_device(args.device), Path(args.out)
    if device.type == "cuda": torch.set_float32_matmul_precision("high")  # TF32, where the GPU has it
    out.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=out).close()  # better to learn now that nothing can be written there
    start = heading("Data")
    is_url = args.data.startswith(("http://", "https://"))  # then it is kept under a name made of the address
    data_file = out / re.sub(r"[^A-Za-z0-9.]+", "-", args.data)[-100:] if is_url else args.data
    data = download_and_load_file(data_file, args.data if is_url else None)[: args.limit]
    parts = split_data(data)
    print("{:,} entries: {:,} to train on, {:,} to test, {:,} to validate".format(len(data), *map(len, parts)))
    print("\nThe first one:", *(format_input(data[0]) + RESPONSE_HEADER + data[0]["output"]).split("\n"), sep="\n  | ")
    heading("Model")
    size, note = "124M" if args.model == "auto" else args.model, ""
    try:
        model, tokenizer, source = load_model(size, args.weights, args.weights_url)
    except requests.RequestException as problem:
        if args.model != "auto": raise
        size, note = "tiny", "This was the toy model, not GPT-2: see above, under Model."
        print(f"This is the toy model, not GPT-2, because {problem}\n")
        model, tokenizer, source = load_model(size, args.weights)
    move_model(model, device, choose_dtype(args.dtype, device, model.cfg), tokenizer)
    lr = args.lr or (2e-4 if size == "tiny" else 5e-5)
    settings = {name: value for name, value in vars(args).items() if name not in ("out", "resume", "weights_url")} | {
        "model": size, "lr": lr, "data_sha256": hashlib.sha256(json.dumps(data).encode()).hexdigest()}
    optimizer, unfinished, saved = make_optimizer(model, lr), out / "unfinished.pth", {"progress": None}
    if args.resume and unfinished.exists(): saved = resume_training(unfinished, model, optimizer, settings)
    n_parameters, context_size = sum(weight.numel() for weight in model.parameters()), model.cfg["context_length"]
    dtype = "bfloat16" if model.bfloat16 else "float32"
    train_set, test_set, val_set = (InstructionDataset(part, tokenizer, context_size) for part in parts)
    left_out = train_set.left_out + test_set.left_out + val_set.left_out
    print(f"{'the toy model' if size == 'tiny' else 'GPT-2'} {size}, {n_parameters:,} parameters\nweights: {source}\n"
          f"device: {device}\nnumber format: {dtype}\nentries too long for its context, left out: {left_out}")
    require(train_set and test_set and val_set, "in one part of the data, no entry is shorter than the context")
    loaded = heading("Baseline: the model as it comes")
    if saved["progress"]:
        base_scores, base_responses = saved["base"]
    else:
        idx = text_to_token_ids("The capital of France is", tokenizer).to(device)
        idx = generate_text_simple(model.eval(), idx, max_new_tokens=12, context_size=context_size)
        print(f"It continues texts: {token_ids_to_text(idx, tokenizer)!r}")
        base_scores, base_responses = score_model(model, test_set, tokenizer, args.max_new_tokens, device)
        print(f"On the answers of the test set, its loss is {base_scores['loss']:.3f}. Its own answers:")
        show_answers(test_set.entries[:3], {"base model": base_responses})
    baseline_done = heading("Fine-tuning")
    steps_per_epoch = math.ceil(len(train_set) / args.batch_size)
    n_steps = args.epochs * steps_per_epoch
    eval_freq, sample = math.ceil(n_steps / 10), val_set.entries[0]
    print(f"epochs: {args.epochs}, steps: {n_steps:,} of {args.batch_size} entries, learning rate: {lr:g}")
    if unfinished.exists(): print(f"{unfinished} is {'used' if args.resume else 'not used, without --resume'}")
    show_answers([sample], {})
    reports = sorted({1, n_steps, *range(eval_freq, n_steps, eval_freq)})  # after these steps
    epochs_seen = [step / steps_per_epoch for step in reports]
    def save(now):
        save_training(unfinished, model, optimizer, progress=now, settings=settings, base=(base_scores, base_responses))
        plot_losses(epochs_seen[: len(now["train_losses"])], now["track_tokens_seen"], now["train_losses"],
                    now["val_losses"], out / "loss-plot.png")
    train_losses, val_losses, tokens_seen = train_model_simple(
        model, train_set, make_loader(val_set, 32, tokenizer, context_size), optimizer, device, args.epochs,
        args.batch_size, eval_freq, format_input(sample) + RESPONSE_HEADER, tokenizer, args.seed, saved["progress"],
        save)
    trained = heading("Evaluation: the unseen test set")
    scores, responses = score_model(model, test_set, tokenizer, args.max_new_tokens, device)
    print(f"{'':16}{'base model':>12}{'fine-tuned':>12}")
    for key in scores:
        print(f"{key.replace('_', ' '):16}{base_scores[key]:12.3f}{scores[key]:12.3f}")
    show_answers(test_set.entries[:3], {"base model": base_responses, "fine-tuned": responses})
    evaluated = heading("Files")
    files = [out / name for name in ("loss-plot.png", "instruction-data-with-response.json", f"gpt2-{size}-sft.pth",
                                     "metrics.json")]
    with whole_file(files[2], 4 * n_parameters) as file:
        torch.save(model.cpu().state_dict(), file)  # from the CPU, so that any machine can load it
    answers = zip(test_set.entries, base_responses, responses, strict=True)
    save_json([{**entry, "base_response": base, "model_response": tuned} for entry, base, tuned in answers], files[1])
    seconds = {"load": loaded - start, "baseline": baseline_done - loaded, "train": trained - baseline_done,
               "evaluate": evaluated - trained, "total": time.perf_counter() - start}
    save_json({"settings": settings, "model": size, "parameters": n_parameters, "weights": source,
               "device": str(device), "dtype": dtype, "steps": n_steps,
               "losses": {"epochs": epochs_seen, "tokens": tokens_seen, "train": train_losses,
                          "validation": val_losses}, "scores": {"base": base_scores, "tuned": scores},
               "seconds": seconds, "train_tokens_per_second": tokens_seen[-1] / seconds["train"]}, files[3])
    for leftover in [unfinished, *(out.glob("*.part") if args.resume else [])]:  # not needed any more
        leftover.unlink(missing_ok=True)
    print(*files, f"\nDone in {seconds['total']:.0f} s, of which fine-tuning {seconds['train']:.0f}. {note}", sep="\n")

def main(argv=None):
    """Run the script: exit status 0 if all went well, 1 with one line if not, 2 for a wrong command line."""
    args = parse_args(argv)
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter shows "?", and a log is never behind
        if hasattr(stream, "reconfigure"): stream.reconfigure(errors="replace", line_buffering=True)
    try:
        run(args)
    except (UserError, OSError) as problem:
        sys.exit(f"error: {problem}")
    except (MemoryError, RuntimeError) as problem:
        if not isinstance(problem, MemoryError) and not OUT_OF_MEMORY.search(str(problem)): raise
        sys.exit(f"error: out of memory ({reason(problem)}): try a smaller --batch-size or --model")
    except KeyboardInterrupt:
        sys.exit(f"stopped; a download goes on where it was, a training with --resume ({args.out}/unfinished.pth)")

if __name__ == "__main__": main()
