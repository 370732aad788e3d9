"""Fine-tune GPT-2 to follow instructions: one file, to be read like a chapter.

GPT-2 was trained to continue texts. Asked "What is the capital of Kenya?", it may well
continue with a second question. This script shows it some 1,700 instructions with good
answers, which turns it into a model that answers.

    python finetune_gpt2.py                        GPT-2 small, downloaded once
    python finetune_gpt2.py --model tiny           a toy model that is included
    python finetune_gpt2.py --ask "Name a fish."   asks the model that was trained
    python finetune_gpt2.py --help                 shows all settings

The chapter, in the order in which things happen:
     1. Settings     the model sizes and the command line
     2. Data         instructions with answers, and how a prompt is laid out
     3. Tokens       text to numbers and back
     4. Batches      several entries in one tensor, and which of their tokens count
     5. Model        GPT-2, layer by layer
     6. Weights      the numbers that OpenAI's training found, put into the layers
     7. Generation   the model writes, one token at a time
     8. Evaluation   how good is it? the loss, and scores
     9. Training     the loop that learns
    10. Results      the plot and the answers, for people to look at
The appendices, which hold no new idea about the model, only work that has to be done:
     A. Files and downloads         B. Hugging Face's format
     C. Interrupted runs            D. Devices and several processes
And main(), which does all of it in order.

In comments, (B, T, D) is the shape of a tensor. B: texts side by side (the batch),
T: tokens in each, D: numbers for each token (the embedding), H: attention heads,
S: columns that a token may look at, V: tokens that the model knows (the vocabulary).
"UserError." at the end of a docstring means that a function may raise it.
"""

import argparse
import base64
import functools
import hashlib
import html
import json
import math
import os
import re
import signal
import string
import sys
import tempfile
import textwrap
import threading
import time
import zipfile
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
import requests
import tiktoken
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.utils.data import Dataset
from tqdm import tqdm

# ---- 1. Settings ---------------------------------------------------------------------
# GPT-2 comes in four sizes: one program, four rows of numbers, and a fifth for a toy.
# Each token, a word or a piece of one, becomes emb_dim numbers: its embedding. These
# pass through n_layers blocks, in each of which n_heads attention heads look at the
# token and those before it. They can look at context_length tokens, the context. A
# model is named after its parameters, the numbers that training has found: 124 million
# in "124M".
# drop_rate is dropout: the share of numbers that training sets to 0 at random, so that
# the model does not lean on a few of them. A training this short does not need it; to
# switch it on, change drop_rate in the next line.
GPT2 = {"vocab_size": 50257, "context_length": 1024, "drop_rate": 0.0, "qkv_bias": True}
TINY = {**GPT2, "vocab_size": 2048, "context_length": 256}
MODELS = {
    "tiny": {**TINY, "emb_dim": 128, "n_layers": 4, "n_heads": 4},  # included
    "124M": {**GPT2, "emb_dim": 768, "n_layers": 12, "n_heads": 12},
    "355M": {**GPT2, "emb_dim": 1024, "n_layers": 24, "n_heads": 16},
    "774M": {**GPT2, "emb_dim": 1280, "n_layers": 36, "n_heads": 20},
    "1558M": {**GPT2, "emb_dim": 1600, "n_layers": 48, "n_heads": 25},
}
HERE = Path(__file__).resolve().parent


def parse_args(argv=None):
    """Return the settings on the command line, or in the list of words argv."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    count = at_least(1)  # accepts whole numbers from 1 on; it stands before main()
    add("--model", choices=["auto", *MODELS], default="auto", help="auto: 124M or tiny")
    add("--data", help="the entries: a file, or an address (instruction-data.json)")
    add("--shuffle", action="store_true", help="put the entries in random order first")
    add("--weights", default=str(HERE / "gpt2"), help="folder of a model, or several")
    add("--out", default="outputs", help="folder for the results (outputs)")
    add("--epochs", type=count, default=2, help="how often each entry is seen (2)")
    add("--batch-size", type=count, default=8, help="entries computed at once (8)")
    add("--accumulate", type=count, default=1, help="batches in a training step (1)")
    add("--lr", type=at_least(1e-12, float), help="learning rate (5e-5; tiny: 3e-4)")
    add("--patience", type=count, help="stop after so many reports without progress")
    add("--max-new-tokens", type=count, default=128, help="longest answer (128)")
    add("--limit", type=count, help="use only the first entries, for a quick try")
    add("--device", default="auto", help="cpu, cuda, cuda:1, mps (auto: a GPU if any)")
    formats = ["auto", "float32", "bfloat16"]
    add("--dtype", choices=formats, default="auto", help="number format (auto: faster)")
    add("--seed", type=at_least(0), default=123, help="of random numbers (123)")
    add("--resume", action="store_true", help="go on with the interrupted run in --out")
    add = parser.add_argument_group("to use what has been fine-tuned").add_argument
    add("--ask", nargs="?", const="", help="an instruction; without it, one a line")
    add("--input", default="", help="what the instruction is about")
    add("--temperature", type=at_least(0, float), default=0.0, help="1: varied answers")
    add("--top-k", type=count, help="draw each token from so many likeliest ones")
    add("--export", metavar="DIR", help="write the model in Hugging Face's format")
    args = parser.parse_args(argv)
    if args.input and args.ask is None:
        parser.error("--input goes with --ask")
    if args.resume and (args.export or args.ask is not None):
        parser.error("--resume goes on with a training: leave --ask and --export out")
    if "" in (args.data, args.weights, args.out, args.export):
        parser.error("the name of a file or folder is empty")
    # Which settings were given, and not left to their defaults? --resume has to know.
    # (What a namespace has already, the parser changes only if it is given.)
    blank = argparse.Namespace(**dict.fromkeys(vars(args)))
    given = vars(parser.parse_args(argv, blank))
    args.given = {name: value for name, value in given.items() if value is not None}
    return args


# ---- 2. Data -------------------------------------------------------------------------
# The training material is a list of entries. Each has an instruction, the output that
# we want for it, and often an input to work on:
#     {"instruction": "Convert to kilometers.", "input": "3,000 m", "output": "3 km"}
# The model is shown instruction and input as a text, the prompt, and learns to continue
# it with the output, the answer. The layout of the prompt is Stanford Alpaca's. Any
# would do if it is always the same: the model learns that "### Response:" is where its
# answer begins. An entry in a file is checked by load_entries, in Appendix A.
RESPONSE_HEADER = "\n\n### Response:\n"


def format_input(entry):
    """Return the prompt of an entry, up to but not including RESPONSE_HEADER."""
    prompt = (
        "Below is an instruction that describes a task. "
        "Write a response that appropriately completes the request."
        f"\n\n### Instruction:\n{entry['instruction']}"
    )
    if entry.get("input"):
        prompt += f"\n\n### Input:\n{entry['input']}"
    return prompt


class UserError(Exception):
    """A problem that the user can mend: main() shows it as one line and ends."""


def split_data(data):
    """Return the entries to train on, to test with and to watch while training.

    These are 85, 10 and 5 % of the data, in their order. Tests need entries that the
    model never saw, as it could have learned the others by heart.
    """
    if len(data) < 10:
        raise UserError(f"{len(data)} entries are too few: it takes 10 or more")
    n_train = int(len(data) * 0.85)
    test_end = n_train + int(len(data) * 0.10)
    return data[:n_train], data[n_train:test_end], data[test_end:]


# ---- 3. Tokens -----------------------------------------------------------------------
# A model reads numbers. GPT-2 cuts a text into tokens, pieces that are frequent in web
# pages (" the" is one, a rare word several), and numbers them. Byte-pair encoding found
# them: it began with the 256 bytes, in some order, as tokens 0 to 255. Again and again,
# it merged the two neighbors that stood side by side most often into a new token. A
# file beside the weights lists these merges in order, so the first one makes token 256.
# To encode a text, it is first cut into pieces: words, numbers, other signs,
# contractions such as 's, and white space, where a space goes with the word behind it.
# A piece begins as a row of bytes. Of the merges that fit two neighbors in it, the one
# that comes first in the list is made, again and again, until none fits.
# The last token is no text: the model says <|endoftext|> when it is done.
PIECES = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def load_tokenizer(model_dir):
    """Return the tiktoken.Encoding of the merges in a model's folder. UserError."""
    with reading(f"the tokenizer in {model_dir}"):
        # The file writes each byte as a letter: {letter: byte}, in order (Appendix B).
        letters, merges = read_merges(Path(model_dir))
        ranks = {bytes([byte]): rank for rank, byte in enumerate(letters.values())}
        for left, right in merges:
            ranks[bytes(letters[letter] for letter in left + right)] = len(ranks)
        if len(ranks) != 256 + len(merges):
            raise ValueError("a merge is there twice")
        return tiktoken.Encoding(
            "gpt2",
            pat_str=PIECES,
            mergeable_ranks=ranks,
            special_tokens={"<|endoftext|>": len(ranks)},  # 50256 in GPT-2
        )


def text_to_token_ids(text, tokenizer):
    """Return the tokens of a text, (1, T). "<|endoftext|>" in it is only letters."""
    return torch.tensor([tokenizer.encode_ordinary(text)], dtype=torch.int64)


def token_ids_to_text(token_ids, tokenizer):
    """Return the text of a tensor of tokens, (1, T) or (T,)."""
    return tokenizer.decode(token_ids.flatten().tolist())


# ---- 4. Batches ----------------------------------------------------------------------
# A language model learns to predict the next token, at every place of a text. So the
# targets are the inputs moved by one. The loss says how much the true tokens surprised
# the model. Two things make this instruction tuning. Only the answer is scored, that
# is, only its tokens count for the loss: the prompt will always be given, so nothing is
# gained by predicting it. And the answer's <|endoftext|> is scored, too, or the model
# would never learn to stop.
#     inputs    ...  Add   1  and   2  ...  Response   :   \n    3    (padding)
#     targets  -100 -100 -100 -100 -100 -100   -100   -100   3  <|end|>   -100
# A target of -100 means "not scored", to PyTorch's functions as well. Padding makes all
# texts in a batch equally long. It stands behind them, where no token looks (section
# 5), and is not scored. So any token would do. GPT-2 has none for it, and this script
# takes <|endoftext|>.
IGNORE_INDEX = -100


class InstructionDataset(Dataset):
    """Item i is (token_ids, prompt_length) of entries[i].

    token_ids are prompt, answer and <|endoftext|>. An entry that is longer than the
    context is left out. If it were cut, it would teach the model not to stop.
    """

    def __init__(self, data, tokenizer, context_length=math.inf):
        self.end_of_text = tokenizer.eot_token
        self.context_length = context_length
        self.entries = []
        self.items = []
        for entry in data:
            # encoded separately, as a prompt will be when the model is asked
            prompt = tokenizer.encode_ordinary(format_input(entry) + RESPONSE_HEADER)
            answer = tokenizer.encode_ordinary(entry["output"])
            if len(prompt) + len(answer) <= context_length:  # the end is never an input
                self.entries.append(entry)
                self.items.append((prompt + answer + [self.end_of_text], len(prompt)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]

    def batch(self, indices):
        """Return (inputs, targets) of the entries with these indices."""
        items = [self.items[i] for i in indices]
        return custom_collate_fn(items, self.end_of_text)


def custom_collate_fn(
    batch, pad_token_id=50256, ignore_index=-100, allowed_max_length=None, device="cpu"
):
    """Put items of an InstructionDataset into (inputs, targets), both int64 (B, T).

    What is scored follows from the lengths, not from the tokens: <|endoftext|> is the
    scored end of an answer in targets, and unscored padding in inputs.
    """
    lengths = [len(token_ids) for token_ids, _ in batch]
    longest = max(lengths, default=2)  # if empty, see compute_gradients
    inputs = torch.full((len(batch), longest - 1), pad_token_id)
    targets = torch.full((len(batch), longest - 1), ignore_index)
    for row, (token_ids, prompt_length) in enumerate(batch):
        tokens = torch.tensor(token_ids)
        end = len(tokens) - 1
        inputs[row, :end] = tokens[:-1]
        # the last token of the prompt already has to predict the answer's first
        targets[row, prompt_length - 1 : end] = tokens[prompt_length:]
    inputs = inputs[:, :allowed_max_length].to(device)
    return inputs, targets[:, :allowed_max_length].to(device)


def chunks(items, size):
    """Return a list cut into lists of that size; the last one may be shorter."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def length_grouped_batches(dataset, size, seed):
    """Return lists of indices, size in each, of entries of similar length.

    Padding costs as much time as text, and a batch is as long as its longest entry. But
    if all were sorted, the same entries would come together in every epoch, and what is
    peculiar to such a group would push the weights the same way each time. So shuffle,
    sort only within windows of 50 lists, and shuffle the lists, too.
    """
    randomness = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(dataset), generator=randomness).tolist()
    batches = []
    for window in chunks(order, 50 * size):
        window.sort(key=lambda i: len(dataset[i][0]))
        batches += chunks(window, size)
    order = torch.randperm(len(batches), generator=randomness).tolist()
    return [batches[i] for i in order]


def show_scored_tokens(item, tokenizer):
    """Print an item of an InstructionDataset as the model sees it, token by token."""
    token_ids, prompt_length = item
    pieces = [repr(tokenizer.decode([token]))[1:-1] for token in token_ids]
    print("\nThe first one as the model sees it, with | between two tokens:")
    show("not scored", "|".join(pieces[:prompt_length]), most=2000)
    # on a terminal, the scored ones are green
    is_colored = hasattr(sys.stdout, "isatty") and sys.stdout.isatty()
    print("\x1b[32m" if is_colored else "", end="")
    show("scored", "|".join(pieces[prompt_length:]), most=2000)
    print("\x1b[0m" if is_colored else "", end="")
    n_scored = len(token_ids) - prompt_length
    print(f"  {len(token_ids)} tokens in all, {n_scored} of them scored")


# ---- 5. Model ------------------------------------------------------------------------
# GPT-2 from the inside out. Every token is a vector of D numbers. A block changes it in
# two steps: attention lets a token gather what it needs from itself and earlier tokens,
# and a feed-forward network works on what was gathered. Each step adds its result to
# the vector. So what was known stays known, and in training, the corrections of the
# weights reach the first blocks along these additions without fading. If the vector
# itself were normalized in every step, these corrections would be rescaled each time.
# So it is left as it is, and each step reads a normalized copy of it, whose numbers
# have the same size in every block, however much has been added.
# PyTorch has two of the layers ready-made, as one pass over the numbers ("fused"),
# which saves much time. The formulas stand beside them, and compute the same.
FUSED = True


class LayerNorm(nn.Module):
    """Bring each vector to mean 0 and variance 1, then to a learned scale and shift."""

    def __init__(self, emb_dim):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(emb_dim))
        self.shift = nn.Parameter(torch.zeros(emb_dim))

    def forward(self, x):  # (B, T, D) to (B, T, D)
        if FUSED:
            return F.layer_norm(x, x.shape[-1:], self.scale, self.shift, eps=1e-5)
        mean = x.mean(dim=-1, keepdim=True)  # (B, T, 1)
        variance = x.var(dim=-1, keepdim=True, unbiased=False)
        normalized = (x - mean) / torch.sqrt(variance + 1e-5)  # 1e-5: never divide by 0
        return self.scale * normalized + self.shift


class GELU(nn.Module):
    """A smooth switch: large numbers pass, very negative ones become 0.

    Without it, the two layers around it could do no more than one. GPT-2 has the tanh
    form of Hendrycks and Gimpel 2016, arXiv:1606.08415.
    """

    def forward(self, x):
        if FUSED:
            return F.gelu(x, approximate="tanh")
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1 + torch.tanh(inner))


class FeedForward(nn.Module):
    """Two linear layers with a switch in between, where vectors are 4 times as wide."""

    def __init__(self, cfg):
        super().__init__()
        D = cfg["emb_dim"]
        self.layers = nn.Sequential(nn.Linear(D, 4 * D), GELU(), nn.Linear(4 * D, D))

    def forward(self, x):  # (B, T, D) to (B, T, D), each token for itself
        return self.layers(x)


class CausalAttention(nn.Module):
    """What a token gathers from itself and earlier ones; causal: never from later ones.

    Each token has a query (what it looks for), a key (what it offers) and a value (what
    it passes on). It gets the mean of the values, weighted by how well its query fits
    their keys.
    """

    def __init__(self, drop_rate):
        super().__init__()
        self.dropout = nn.Dropout(drop_rate)

    def forward(self, queries, keys, values, hidden):
        """Return what is gathered, (B, H, T, D/H), which is the shape of queries.

        keys, values: (B, H, S, D/H). hidden, (T, S) or (B, 1, T, S), is True where a
        token must not look.
        """
        # How well a query fits a key, the score, is a sum of D/H products. As they
        # partly cancel out, it grows like the square root of D/H. To divide by that
        # keeps scores small; else one would tower above the rest and take all weight,
        # and the token could gather nothing from the others. (To divide the queries
        # divides all scores.)
        queries = queries / math.sqrt(queries.shape[-1])
        scores = queries @ keys.transpose(2, 3)  # (B, H, T, S)
        # The softmax takes e to the power of each score and divides by their sum. Where
        # a score is as low as can be, this power is 0, and the other weights still sum
        # to 1. To set weights to 0 after the softmax would leave a sum below 1. (Not
        # -infinity: padding, see section 7, may look nowhere. As the highest score is
        # first subtracted from all, equally low ones become 0 and have equal weights,
        # but -infinity minus -infinity is not a number, and would spread.)
        scores = scores.masked_fill(hidden, torch.finfo(scores.dtype).min)
        weights = torch.softmax(scores, dim=-1)
        return self.dropout(weights) @ values


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, called heads.

    All heads read the same vectors, but each computes its own queries, keys and values
    of D/H numbers, so that one can look for the subject of a verb while another looks
    for the word before. W_query holds those of all heads side by side, and so do W_key
    and W_value; split_heads cuts them apart. out_proj mixes what the heads found.
    """

    def __init__(self, cfg):
        super().__init__()
        D = cfg["emb_dim"]
        self.n_heads = cfg["n_heads"]
        self.W_query = nn.Linear(D, D, bias=cfg["qkv_bias"])
        self.W_key = nn.Linear(D, D, bias=cfg["qkv_bias"])
        self.W_value = nn.Linear(D, D, bias=cfg["qkv_bias"])
        self.attention = CausalAttention(cfg["drop_rate"])
        self.out_proj = nn.Linear(D, D)
        # The causal mask: row t is True from column t + 1 on, where token t must not
        # look. A buffer moves and is saved with the model, but is not learned. (It is
        # made on the CPU, so that an empty model, see section 6, has a real one, too.)
        length = cfg["context_length"]
        mask = torch.ones(length, length, dtype=torch.bool, device="cpu")
        self.register_buffer("mask", mask.triu(diagonal=1))

    def split_heads(self, x):  # (B, T, D) to (B, H, T, D/H)
        B, T, D = x.shape
        return x.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2)

    def forward(self, x, is_padding=None, cache=None):
        """(B, T, D) to (B, T, D). is_padding, (B, S), and cache: see section 7."""
        T = x.shape[1]
        queries = self.split_heads(self.W_query(x))  # (B, H, T, D/H)
        keys = self.split_heads(self.W_key(x))
        values = self.split_heads(self.W_value(x))
        if cache is not None:
            keys, values = cache.append(keys, values)  # (B, H, S, D/H)
        S = keys.shape[2]  # T, and those that were in the cache before
        hidden = self.mask[S - T : S, :S]  # (T, S): the last T of S tokens are asking
        if is_padding is not None:
            hidden = hidden | is_padding[:, None, None, :]  # (B, 1, T, S)
        gathered = self.attention(queries, keys, values, hidden)  # (B, H, T, D/H)
        return self.out_proj(gathered.transpose(1, 2).flatten(2))


class TransformerBlock(nn.Module):
    """Attention, then feed-forward: each reads normalized vectors and adds to them."""

    def __init__(self, cfg):
        super().__init__()
        self.norm1 = LayerNorm(cfg["emb_dim"])
        self.att = MultiHeadAttention(cfg)
        self.norm2 = LayerNorm(cfg["emb_dim"])
        self.ff = FeedForward(cfg)
        self.dropout = nn.Dropout(cfg["drop_rate"])

    def forward(self, x, is_padding=None, cache=None):  # (B, T, D) to (B, T, D)
        x = x + self.dropout(self.att(self.norm1(x), is_padding, cache))
        return x + self.dropout(self.ff(self.norm2(x)))


class GPTModel(nn.Module):
    """GPT-2 of the sizes in cfg, such as a row of MODELS, with random weights."""

    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.dtype = torch.float32  # see autocast
        D = cfg["emb_dim"]
        # two tables, with a vector for each token and one for each place in the context
        self.tok_emb = nn.Embedding(cfg["vocab_size"], D)
        self.pos_emb = nn.Embedding(cfg["context_length"], D)
        self.dropout = nn.Dropout(cfg["drop_rate"])
        blocks = [TransformerBlock(cfg) for _ in range(cfg["n_layers"])]
        self.trf_blocks = nn.ModuleList(blocks)
        self.final_norm = LayerNorm(D)
        self.out_head = nn.Linear(D, cfg["vocab_size"], bias=False)
        # "Tied": the table that turns tokens into vectors is the output layer, too. A
        # logit is the sum of the products of a token's numbers in it and those of the
        # final vector: the more alike the two are, the higher. GPT-2 was trained like
        # this. It saves GPT-2 small 50257 x 768 = 38.6 million parameters.
        self.out_head.weight = self.tok_emb.weight
        for weight in self.parameters():
            if weight.dim() == 2:
                nn.init.normal_(weight, std=0.02)  # as OpenAI began (model.py)

    @property
    def device(self):
        return self.tok_emb.weight.device

    def autocast(self):
        """Within this, matrices are multiplied in the number format self.dtype.

        bfloat16 has 8 bits of precision instead of float32's 24: the next number after
        1 is 1.0078. It is much faster where a machine has circuits for it. Three things
        stay float32: the weights, as a training step changes them by less than bfloat16
        can tell apart; the vectors to which the blocks add, as small additions would be
        lost; and the loss, from which all gradients are computed.
        """
        is_half = self.dtype == torch.bfloat16
        return torch.autocast(self.device.type, torch.bfloat16, enabled=is_half)

    def forward(self, in_idx, wanted=None, padding=None, caches=None):
        """(B, T) to (B, T, V): logits, a number for each token that may come next.

        The higher, the likelier. wanted, (N,): indices of some of the B * T tokens.
        Then there are logits for these only, (N, V), as out_head is a third of the work
        in GPT-2 small. padding, (B, 2), and caches: see section 7.
        """
        # A column is where a token stands in the tensor, a place where it stands in its
        # text. With padding in columns 2 and 3, columns 4 and 5 are places 2 and 3.
        start = caches[0].length if caches else 0
        end = start + in_idx.shape[1]
        columns = torch.arange(end, device=in_idx.device)  # (S,)
        places = columns[start:]  # (T,)
        is_padding = None
        if padding is not None:  # (each row's first column of it, the one behind it)
            first = padding[:, :1]
            behind = padding[:, 1:]
            is_padding = (columns >= first) & (columns < behind)  # (B, S)
            places = torch.where(places < behind, places, places - behind + first)
            # (B, T): that of padding does not matter, as nobody looks at it
        with self.autocast():
            # What a token is and where it stands are added up; attention by itself
            # would not know the order of the tokens. (Sparse: this is self.tok_emb(),
            # but its part of the gradient is a few rows, not a whole table of zeros.)
            is_sparse = in_idx.device.type == "cpu"
            tokens = F.embedding(in_idx, self.tok_emb.weight, sparse=is_sparse)
            x = self.dropout(tokens + self.pos_emb(places))  # (B, T, D)
            for n, block in enumerate(self.trf_blocks):
                x = block(x, is_padding, caches[n] if caches else None)
            if wanted is not None:
                x = x.flatten(0, 1)[wanted]  # (N, D)
            return self.out_head(self.final_norm(x))


# ---- 6. Weights ----------------------------------------------------------------------
# OpenAI published what its training had learned as a checkpoint, a file of weights. It
# can be read without TensorFlow, which wrote it: it is nothing but float32 arrays, one
# after the other, sorted by name. Hugging Face serves the same numbers in a format of
# its own, safetensors (Appendix B). These tables hold the names of each array:
# OpenAI's, Hugging Face's and ours. In the second one, h5/, h.5. and trf_blocks.5. go
# before the names for block 5, and {qkv} stands for three layers that share an array.
ARRAY_NAMES = [
    ("wte", "wte.weight", "tok_emb.weight"),
    ("wpe", "wpe.weight", "pos_emb.weight"),
    ("ln_f/g", "ln_f.weight", "final_norm.scale"),
    ("ln_f/b", "ln_f.bias", "final_norm.shift"),
]
BLOCK_ARRAY_NAMES = [
    ("ln_1/g", "ln_1.weight", "norm1.scale"),
    ("ln_1/b", "ln_1.bias", "norm1.shift"),
    ("attn/c_attn/w", "attn.c_attn.weight", "att.W_{qkv}.weight"),
    ("attn/c_attn/b", "attn.c_attn.bias", "att.W_{qkv}.bias"),
    ("attn/c_proj/w", "attn.c_proj.weight", "att.out_proj.weight"),
    ("attn/c_proj/b", "attn.c_proj.bias", "att.out_proj.bias"),
    ("ln_2/g", "ln_2.weight", "norm2.scale"),
    ("ln_2/b", "ln_2.bias", "norm2.shift"),
    ("mlp/c_fc/w", "mlp.c_fc.weight", "ff.layers.0.weight"),
    ("mlp/c_fc/b", "mlp.c_fc.bias", "ff.layers.0.bias"),
    ("mlp/c_proj/w", "mlp.c_proj.weight", "ff.layers.2.weight"),
    ("mlp/c_proj/b", "mlp.c_proj.bias", "ff.layers.2.bias"),
]
SIZE_NAMES = {  # what the sizes are called in OpenAI's hparams.json, and here
    "n_vocab": "vocab_size",
    "n_ctx": "context_length",
    "n_embd": "emb_dim",
    "n_head": "n_heads",
    "n_layer": "n_layers",
}


def arrays_of(model):
    """Yield (OpenAI's name, Hugging Face's, our names, array) in OpenAI's order.

    The arrays are laid out as OpenAI's: the matrices of linear layers, named w, are
    (in, out), while PyTorch keeps them as (out, in).
    """
    rows = list(ARRAY_NAMES)
    for n in range(model.cfg["n_layers"]):
        for openai, hub, ours in BLOCK_ARRAY_NAMES:
            rows.append((f"h{n}/{openai}", f"h.{n}.{hub}", f"trf_blocks.{n}.{ours}"))
    weights = dict(model.named_parameters())
    for openai, hub, ours in sorted(rows):  # as texts: h10 comes before h2
        parts = ["query", "key", "value"] if "{qkv}" in ours else [""]
        names = [ours.replace("{qkv}", part) for part in parts]
        array = torch.cat([weights[name].detach() for name in names])
        if openai.endswith("/w"):
            array = array.T
        yield openai, hub, names, array


def empty_model(settings):
    """Return a GPTModel of OpenAI's settings that is all shapes and no numbers.

    For that, PyTorch has the "meta" device, where tensors take no memory.
    """
    sizes = {ours: settings[theirs] for theirs, ours in SIZE_NAMES.items()}
    with torch.device("meta"):
        return GPTModel({**GPT2, **sizes})


def read_checkpoint(model_dir):
    """Return (settings, params) of a model's folder, OpenAI's or Hugging Face's.

    settings: n_vocab, n_ctx, n_embd, n_head, n_layer. params: {OpenAI's name: float32
    NumPy array}, mapped from the file, so read when they are used. UserError.
    """
    folder = Path(model_dir)
    file = folder / OPENAI_WEIGHTS
    files = weight_files(folder)
    if files and file not in files:  # see Appendix B
        settings = read_settings(folder / "config.json")
        return settings, read_hub_weights(files, settings)
    settings = read_settings(folder / "hparams.json")
    check_length(file, settings)
    params = {}
    start = 0
    for name, _, _, array in arrays_of(empty_model(settings)):  # for the shapes
        params[name] = map_array(file, start, array.shape)
        start += params[name].nbytes  # where one ends, the next begins
    return settings, params


def map_array(file, start, shape, dtype="<f4"):
    """Return the array that begins at a byte of a file. "<f4": floats of 4 bytes."""
    # "c": what is changed is not written to the file
    return np.memmap(file, dtype=dtype, mode="c", offset=start, shape=tuple(shape))


def load_weights_into_gpt(gpt, params):
    """Copy params (see read_checkpoint) into the model.

    Raises UserError if an array is missing, extra or misshapen, and copies nothing.
    """
    state = {}
    others = set(params)
    for name, _, our_names, array in arrays_of(gpt):
        if name not in params or tuple(params[name].shape) != array.shape:
            raise UserError(f"the weights have no {name} of shape {tuple(array.shape)}")
        others.remove(name)
        found = torch.as_tensor(params[name])
        found = found.T if name.endswith("/w") else found
        for our_name, part in zip(our_names, found.chunk(len(our_names)), strict=True):
            state[our_name] = part.clone(memory_format=torch.contiguous_format)
    if others:
        raise UserError(f"the weights have unexpected arrays: {sorted(others)}")
    # Not strict, as the masks are not among them. An empty model has nowhere to copy
    # to: it is assigned the tensors, and its output layer is tied anew.
    is_empty = gpt.device.type == "meta"
    gpt.load_state_dict(state, strict=False, assign=is_empty)
    gpt.out_head.weight = gpt.tok_emb.weight


def load_model(size, weights_dir, tuned=None):
    """Return (model, tokenizer, folder) of a size, see find_weights in Appendix A.

    tuned: a file with the state dict ({name: tensor}) of a fine-tuned model, to use
    instead of its weights.
    """
    model_dir = find_weights(size, weights_dir)
    tokenizer = load_tokenizer(model_dir)
    settings, params = read_checkpoint(model_dir)
    if tokenizer.n_vocab != settings["n_vocab"]:
        leave_out_added_tokens(model_dir, tokenizer, settings, params)
    model = empty_model(settings)
    load_weights_into_gpt(model, params)
    if tuned:
        with reading(f"{tuned} (fine-tuned weights of the model in {model_dir})"):
            state = torch.load(tuned, map_location="cpu", weights_only=True)
            model.load_state_dict(state)
    return model, tokenizer, model_dir


# ---- 7. Generation -------------------------------------------------------------------
# To write, ask the model for the next token, append it, and ask again. That is all of
# generate_text_simple. But it computes every token anew for each new one. generate,
# below it, writes the same until the context is full, and faster, by four tricks:
# - A cache. Because of the causal mask, nothing about a token depends on later ones, so
#   the keys and values of earlier tokens never change. They are kept, and only the
#   newest token passes through the model.
# - Many texts at once: most of the time goes into fetching the weights from memory, for
#   one text or for a hundred. All texts have to go on in the same column, so shorter
#   prompts get padding, here not behind the text, as in training, but within it. It is
#   hidden from attention, and places are counted without it, so it changes no answer.
# - What all prompts begin with, such as the header, is read only once. As no token
#   looks at later ones, its keys and values are the same in all texts, and are copied
#   for all. A row is this beginning, then padding, then the rest of the prompt.
# - When more than half of the texts in a batch have ended, these leave it.


@torch.no_grad()  # no learning here: PyTorch need not keep what backward() would use
def generate_text_simple(model, idx, max_new_tokens, context_size):
    """Append the likeliest next token, again and again.

    (B, T) to (B, T + max_new_tokens). What does not fit into the context is forgotten.
    """
    for _ in range(max_new_tokens):
        logits = model(idx[:, -context_size:])  # (B, T, V)
        newest = logits[:, -1].argmax(dim=-1, keepdim=True)  # (B, 1)
        idx = torch.cat((idx, newest), dim=1)
    return idx


class KeyValueCache:
    """The keys and values of all tokens so far, in one layer."""

    def __init__(self, capacity):
        self.capacity = capacity  # in tokens
        self.length = 0

    def append(self, keys, values):
        """Add those of new tokens, (B, H, T, D/H); return all, (B, H, S, D/H)."""
        if self.length == 0:
            B, H, _, size = keys.shape
            self.both = keys.new_empty(2, B, H, self.capacity, size)
        end = self.length + keys.shape[2]
        self.both[0, :, :, self.length : end] = keys
        self.both[1, :, :, self.length : end] = values
        self.length = end
        return self.both[:, :, :, :end]

    def keep(self, rows):
        """Keep these rows of the batch; one of them may become several."""
        self.both = self.both[:, rows]


def caches_of(model, beginning, n_rows, capacity):
    """Return the caches of n_rows texts that share a beginning, (1, T), read only once.

    capacity: how many tokens a text may have, in all.
    """
    caches = [KeyValueCache(capacity) for _ in model.trf_blocks]
    if beginning.shape[1] > 0:
        wanted = beginning[0, :0]  # no logits, only what gets into the caches
        model(beginning, wanted, None, caches)
        for cache in caches:
            cache.keep([0] * n_rows)  # row 0, for each text
    return caches


def choose_next(logits, temperature, top_k):
    """(B, V) to (B,): the likeliest token or, above temperature 0, one that is drawn.

    The softmax makes probabilities of logits. A temperature below 1 spreads the logits,
    so that likely tokens become likelier still; one above 1 draws them together, so
    that unlikely ones get a chance. top_k: draw only from the k likeliest.
    """
    logits = logits.float()
    if temperature == 0:
        return logits.argmax(dim=-1)
    logits = logits / max(temperature, 1e-6)  # by less, it would overflow
    if top_k is not None:
        best = logits.topk(min(top_k, logits.shape[-1])).values  # (B, k), sorted
        logits = logits.masked_fill(logits < best[:, -1:], -math.inf)
    return torch.multinomial(torch.softmax(logits, dim=-1), num_samples=1).squeeze(1)


@torch.no_grad()
def generate(
    model,
    idx,
    max_new_tokens,
    context_size,
    temperature=0.0,
    top_k=None,
    eos_id=None,
    padding=None,
):
    """Continue each row of idx, (B, T), by up to max_new_tokens: (B, T + n).

    It stops when the context is full or all rows have said eos_id (end of sequence); a
    row that is done repeats it. padding, (B, 2): the first column of each row that is
    no text, and the one behind the last. The columns before it are the same in all.
    """
    B, T = idx.shape
    end = max(T, min(T + max_new_tokens, context_size))
    output = F.pad(idx, (0, end - T), value=0 if eos_id is None else eos_id)
    rows = torch.arange(B, device=idx.device)  # which rows are still being written
    is_done = torch.zeros_like(rows, dtype=torch.bool)  # and which of these have ended
    n_shared = 0 if padding is None else int(padding[0, 0])
    newest = idx[:, n_shared:]  # what has yet to pass through the model
    column = T
    with model.autocast():  # around the loop, so that weights are converted only once
        caches = caches_of(model, idx[:1, :n_shared], B, end)
        while column < end and len(rows) > 0:
            n = newest.shape[1]
            # the index of each row's last token; with 2 rows of 3 tokens: 2 and 5
            last = torch.arange(n - 1, len(rows) * n, n)
            logits = model(newest, last.to(idx.device), padding, caches)  # (rows, V)
            chosen = choose_next(logits, temperature, top_k)  # (rows,)
            if eos_id is not None:
                chosen = chosen.masked_fill(is_done, eos_id)
                is_done = chosen == eos_id
            output[rows, column] = chosen
            column += 1
            newest = chosen[:, None]
            if is_done.float().mean() > 0.5:  # not for a few: it copies what stays
                stay = ~is_done
                rows = rows[stay]
                is_done = is_done[stay]
                newest = newest[stay]
                padding = None if padding is None else padding[stay]
                for cache in caches:
                    cache.keep(stay)
    return output[:, :column]


def generate_responses(model, prompts, tokenizer, max_new_tokens, **sampling):
    """Return the answers to prompts, lists of tokens, in their order.

    sampling: temperature and top_k, see generate.
    """
    model.eval()  # without dropout
    end_of_text = tokenizer.eot_token
    context_size = model.cfg["context_length"]
    n_shared = shared_beginning(prompts)
    answers = {}
    bar = progress_bar(len(prompts), "answers")
    for batch in batches_to_answer(prompts, context_size - max_new_tokens):
        rows = [prompts[i] for i in batch]
        idx, padding = padded_rows(rows, n_shared, end_of_text)
        sampling["padding"] = padding.to(model.device)
        sampling["eos_id"] = end_of_text
        idx = idx.to(model.device)
        output = generate(model, idx, max_new_tokens, context_size, **sampling)
        for i, row in zip(batch, output[:, idx.shape[1] :].tolist(), strict=True):
            answer = row + [end_of_text]
            answer = answer[: answer.index(end_of_text)]
            answers[i] = tokenizer.decode(answer).strip()
        bar.update(len(batch))
    bar.close()
    return [answers[i] for i in range(len(prompts))]


def shared_beginning(prompts):
    """Return the number of tokens with which all prompts begin, such as the header."""
    if len(prompts) < 2:
        return 0
    shortest = min(len(prompt) for prompt in prompts)
    # at least one token is left, as the answer begins with its logits
    return min(len(os.path.commonprefix(prompts)), shortest - 1)


def padded_rows(prompts, n_shared, pad_token_id):
    """Return (idx, padding) of prompts for generate, padded behind n_shared tokens."""
    longest = max(len(prompt) for prompt in prompts)
    rows = []
    padding = []
    for prompt in prompts:
        n_padded = longest - len(prompt)
        rows.append(prompt[:n_shared] + [pad_token_id] * n_padded + prompt[n_shared:])
        padding.append([n_shared, n_shared + n_padded])
    return torch.tensor(rows), torch.tensor(padding)


def batches_to_answer(prompts, longest):
    """Return lists of indices of prompts of similar length, shortest first.

    Padding is at most a tenth of a batch, or the batch has no more than 16 prompts: to
    read some padding takes less time than to fetch all weights for few texts. A prompt
    with more tokens than longest goes alone: its answer may fill the context, which
    stops a whole batch.
    """
    batches = []
    for i in sorted(range(len(prompts)), key=lambda i: len(prompts[i])):
        n_tokens = len(prompts[i])
        batch = batches[-1] if batches else []
        n_text = n_tokens + sum(len(prompts[j]) for j in batch)
        fits = len(batch) < 16 or n_text >= 0.9 * n_tokens * (len(batch) + 1)
        if 0 < len(batch) < 96 and fits and n_tokens <= longest:
            batch.append(i)
        else:
            batches.append([i])
    return batches


def respond(model, tokenizer, prompt, max_new_tokens=128, **sampling):
    """Return the model's answer to one prompt, a text. UserError if it is too long."""
    tokens = tokenizer.encode_ordinary(prompt)
    most = model.cfg["context_length"] - 1  # and one for the answer
    if len(tokens) > most:
        raise UserError(f"the prompt has {len(tokens)} tokens: make it {most} or fewer")
    return generate_responses(model, [tokens], tokenizer, max_new_tokens, **sampling)[0]


# ---- 8. Evaluation -------------------------------------------------------------------
# Two kinds of measure. The loss: how much do the true answers surprise the model? A
# token to which it gave the probability p costs -log(p), its cross-entropy, in nats, as
# this is the natural logarithm; the loss is the mean over scored tokens. e to the loss
# is the perplexity: with 8, the model is as unsure as if it had to guess among 8
# tokens. And the scores: how close are the model's own answers to the true ones? No
# number knows that two different answers may both be right. Read some.
def calc_loss_batch(input_batch, target_batch, model, device):
    """Return (the sum of the losses of a batch's scored tokens, their number)."""
    targets = target_batch.flatten()  # (B * T,)
    scored = (targets != IGNORE_INDEX).nonzero().squeeze(1)  # (N,): where they are
    logits = logits_of_some(input_batch, scored, model).float()  # (N, V)
    targets = targets[scored].to(device)
    return F.cross_entropy(logits, targets, reduction="sum"), len(scored)


def logits_of_some(inputs, wanted, model):
    """Return the logits, (N, V), of the tokens with these indices, of a batch's B * T.

    All prompts begin with the same sentences. As no token looks at later ones, what the
    model computes for these is the same in all rows (without dropout, which differs).
    So it is computed in one row, and copied into the caches of all, see caches_of.
    backward() adds up the gradients of the copies and takes their sum once through the
    layers. With B separate rows, it would take each one through the same layers and add
    up the results, which is the same. On a CPU, a step takes a quarter less time;
    on a GPU, this has not been measured, and is left out.
    """
    B, T = inputs.shape
    N = len(wanted)
    rows = wanted // T
    columns = wanted % T
    shared = 0
    if model.device.type == "cpu" and model.cfg["drop_rate"] == 0 and B > 1 and N > 0:
        is_same = (inputs == inputs[0]).all(dim=0)  # (T,)
        shared = int(is_same.cumprod(dim=0).sum())  # columns up to a difference
        shared = min(shared, int(columns.min()))  # and up to what is wanted
    # For bfloat16, CPUs prepare a routine for every new shape of matrices, and keep it.
    # So all is padded to few shapes, which takes less time and memory.
    multiple = 8 if model.dtype == torch.bfloat16 else 1
    shared -= shared % multiple
    own_T = math.ceil((T - shared) / multiple) * multiple
    own_T = min(own_T, model.cfg["context_length"] - shared)
    own = F.pad(inputs[:, shared:], (0, own_T - (T - shared)))  # (B, own_T)
    wanted = rows * own_T + columns - shared  # their indices in that
    wanted = F.pad(wanted, (0, -N % (4 * multiple)))
    caches = None
    if shared > 0:
        caches = caches_of(model, inputs[:1, :shared], B, shared + own_T)
    return model(own.to(model.device), wanted.to(model.device), None, caches)[:N]


@torch.no_grad()
def evaluate_model(model, dataset, device):
    """Return the mean loss of a data set, without learning from it.

    The mean is over tokens. In a mean of the batches' means, a token would count more
    if its batch has few scored tokens.
    """
    model.eval()
    loss_sum = 0.0
    n_scored = 0
    by_length = sorted(range(len(dataset)), key=lambda i: len(dataset[i][0]))
    bar = progress_bar(len(dataset), "losses")
    for indices in chunks(by_length, 32):
        inputs, targets = dataset.batch(indices)
        loss, n = calc_loss_batch(inputs, targets, model, device)
        loss_sum += loss.item()
        n_scored += n
        bar.update(len(indices))
    bar.close()
    return loss_sum / n_scored


# a word of letters, with the punctuation around it
WORD = re.compile(r"""["“”„«¿¡(\[]*([^\W\d_]+([-'’.][^\W\d_]+)*)[.,;:!?…"“”»)\]]*""")
# characters of Thai, Lao, Burmese, Khmer, Japanese and Chinese
UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff])"
)


def answer_words(text):
    """Return the words of an answer that are compared.

    As in SQuAD (Rajpurkar et al. 2016, arXiv:1606.05250), these are without case,
    articles, and punctuation around words. SQuAD drops all other signs as well, which
    makes 3.5 equal to 35, and C++ to C; here they stay. If nothing is left, all of the
    text counts. In scripts without spaces between words, each character is a word.
    """
    spaced = UNSPACED.sub(r" \1 ", text.lower())
    words = re.sub(r'(?<!\S)(a|an|the)\s+(?=["“(]?\w)', "", spaced).split()
    for n, word in enumerate(words):
        match = WORD.fullmatch(word)
        words[n] = match[1] if match else word.rstrip(".,;:!?…。、，！？")
    return [word for word in words if word] or text.lower().split()


def token_f1(response, truth):
    """Return how many words two answers share: SQuAD's F1 score, from 0 to 1.

    It is the harmonic mean of precision (the share of the response's words that are in
    the true answer) and recall (the share of the true answer's words that are found),
    2 * precision * recall / (precision + recall).
    """
    response = answer_words(response)
    truth = answer_words(truth)
    if response == truth:
        return 1.0
    n_shared = (Counter(response) & Counter(truth)).total()
    return 2 * n_shared / (len(response) + len(truth))  # the same, but never 0 / 0


def score_model(model, dataset, tokenizer, max_new_tokens):
    """Return {"scores": ..., "responses": ...} of the model for a data set.

    exact_match is the share of responses that have the words of the true answer, in
    their order; token_f1 is the mean of the F1 scores.
    """
    loss = evaluate_model(model, dataset, model.device)
    prompts = [token_ids[:prompt_length] for token_ids, prompt_length in dataset]
    responses = generate_responses(model, prompts, tokenizer, max_new_tokens)
    n_exact = 0
    f1_sum = 0.0
    for response, entry in zip(responses, dataset.entries, strict=True):
        n_exact += answer_words(response) == answer_words(entry["output"])
        f1_sum += token_f1(response, entry["output"])
    exact_match = n_exact / len(dataset)
    scores = {"loss": loss, "perplexity": math.exp(loss), "exact_match": exact_match}
    scores["token_f1"] = f1_sum / len(dataset)
    return {"scores": scores, "responses": responses}


def better(name):
    """Return which way a score is better."""
    return f"{'lower' if name in ('loss', 'perplexity') else 'higher'} is better"


def generate_and_print_sample(model, tokenizer, start_context):
    """Print how the model continues start_context."""
    show("sample answer", respond(model, tokenizer, start_context, max_new_tokens=50))


# ---- 9. Training ---------------------------------------------------------------------
# A training step: take some entries, measure the loss, compute its gradient (for every
# weight, how fast the loss rises with it: "backward"), and move all weights a little
# against it. The learning rate says how little. When all training entries have been
# seen once, an epoch is over. Watch two numbers, which are reported about ten times.
# The training loss nearly always falls. The validation loss is taken over entries that
# are never trained on. Where it rises again, the model has begun to learn entries by
# heart. Then fewer --epochs are better, or --patience, which stops the training and
# goes back to the weights with the lowest validation loss.
def make_optimizer(model, lr):
    """Return AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101), which moves weights.

    It moves each by the mean of its recent gradients divided by their usual size, so
    that all move at a similar pace. Weight decay also pulls matrices towards 0, so that
    no connection grows strong without a reason. Biases and norms connect nothing: a
    bias moves a number, a norm's scale, near 1, sets its size, and to pull these
    towards 0 would only put them out of place.
    """
    weights = list(model.parameters())
    matrices = {"params": [w for w in weights if w.dim() == 2], "weight_decay": 0.1}
    vectors = {"params": [w for w in weights if w.dim() == 1], "weight_decay": 0.0}
    is_fused = model.device.type in ("cpu", "cuda")  # in one pass over the weights
    return torch.optim.AdamW([matrices, vectors], lr=lr, fused=is_fused)


def cosine_schedule(step, n_steps):
    """Return the part of the highest learning rate for a step, counted from 0.

    In the first tenth it rises: AdamW's means are then of few gradients, too few to be
    trusted with large steps. Then it falls along half a cosine (arXiv:1608.03983): with
    large steps, the weights would jump about the best place and not settle there.
    """
    warm_up = math.ceil(n_steps / 10)
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (n_steps - warm_up)))


def plan_training(dataset, args):
    """Return for each step of a whole training the indices of its entries.

    A batch is what passes through the model at once, and all of it needs memory. A step
    is what moves the weights, once. It has --accumulate batches, whose gradients are
    added up before. So 4 batches of 2 entries make the same step as one of 8 (see
    compute_gradients), with less memory and in more time.

    All of it follows from the seed. So a training can be repeated, and one that was
    interrupted goes on at another place of the same plan.
    """
    # N_RANKS: how many processes work together, see Appendix D; usually 1
    step_size = args.batch_size * args.accumulate * N_RANKS
    steps = []
    for epoch in range(args.epochs):
        steps += length_grouped_batches(dataset, step_size, args.seed + epoch)
    return steps


@dataclass
class Progress:
    """What a training remembers; saved, it lets another run go on (Appendix C)."""

    step: int = 0
    is_over: bool = False
    tokens_seen: int = 0
    loss_sum: float = 0.0  # of the scored tokens since the last report
    n_scored: int = 0  # and their number
    epochs: list = field(default_factory=list)  # these have a number for each report
    tokens: list = field(default_factory=list)
    train_losses: list = field(default_factory=list)
    val_losses: list = field(default_factory=list)
    best_weights: dict = field(default_factory=dict)  # with --patience, of the best one

    def reports_since_best(self):
        """Return how many reports ago the validation loss was lowest."""
        return len(self.val_losses) - 1 - self.val_losses.index(min(self.val_losses))


def compute_gradients(model, dataset, indices, args):
    """Compute the gradients of the mean loss of some entries, batch after batch.

    Gradients add up. So if the loss of each batch is divided by the number of *all*
    scored tokens, they sum to the gradients of one large batch. (A mean of the batches'
    means is something else, as some have more scored tokens.) This also holds for
    batches of several processes: N of them make the step of one with N times as many
    entries. Return (loss, number of scored tokens).
    """
    n_scored = sum(len(dataset[i][0]) - dataset[i][1] for i in indices)
    loss_sum = 0.0
    share = indices[RANK::N_RANKS]  # what this process computes; alone, it is all
    # an empty batch for a process without entries, as all have to add up gradients
    for batch in chunks(share, args.batch_size) or [[]]:
        loss, _ = calc_loss_batch(*dataset.batch(batch), model, model.device)
        (loss / n_scored).backward()
        loss_sum += loss.item()
    add_up_gradients(model)
    return sum(of_all_processes(loss_sum)) / n_scored, n_scored


def train_model_simple(
    model, train_set, val_set, optimizer, tokenizer, args, progress=None, save=None
):
    """Train the model with the settings in args, from progress on if that is given.

    Return the Progress, in which all reports are. save(progress) is called after each
    epoch, at the end, and after Ctrl-C, which then raises KeyboardInterrupt. With
    patience, the model gets the weights of the best report in the end.
    """
    progress = progress or Progress()
    steps = plan_training(train_set, args)
    print(f"epochs: {args.epochs}, steps: {len(steps):,} of ", end="")
    print(f"{max(map(len, steps))} entries, highest learning rate: {args.lr:g}")
    prompt = format_input(val_set.entries[0]) + RESPONSE_HEADER
    with (
        progress_bar(len(steps), "steps", progress.step) as bar,
        noting_ctrl_c() as ctrl_c,
    ):
        while not progress.is_over:
            model.train()  # with dropout, if there is any
            optimizer.zero_grad()  # or gradients would add up over the steps, too
            indices = steps[progress.step]
            loss, n_scored = compute_gradients(model, train_set, indices, args)
            # Clipping: all gradients together are one vector. Longer than 1, it is
            # shortened to 1 and keeps its direction, so that no step with odd entries
            # throws the model far off.
            norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
            check_health(loss, norm, progress.step + 1)
            for group in optimizer.param_groups:
                group["lr"] = args.lr * cosine_schedule(progress.step, len(steps))
            optimizer.step()

            bar.update()
            progress.step += 1
            progress.tokens_seen += sum(len(train_set[i][0]) for i in indices)
            progress.loss_sum += loss * n_scored
            progress.n_scored += n_scored
            report_losses(progress, len(steps), model, val_set, args)
            is_epoch_over = progress.step % (len(steps) // args.epochs) == 0
            if is_epoch_over:
                generate_and_print_sample(model, tokenizer, prompt)
            if progress.is_over or is_epoch_over or ctrl_c.is_set():
                if save is not None:
                    save(progress)
                if ctrl_c.is_set():
                    raise KeyboardInterrupt
    if progress.best_weights:
        model.load_state_dict(progress.best_weights, strict=False)
    return progress


def check_health(loss, norm, step):
    """UserError if the loss or the norm of the gradients is beyond all bounds."""
    if not (loss < 100 and norm.isfinite()):  # blind guessing costs log(50257) = 10.8
        raise UserError(
            f"training diverged in step {step}: the loss or a gradient is huge, or not "
            "a number. Try a smaller --lr"
        )


def report_losses(progress, n_steps, model, val_set, args):
    """Report the losses, about ten times in a training, and note when it is over."""
    progress.is_over = progress.step == n_steps
    is_due = progress.step == 1 or progress.step % math.ceil(n_steps / 10) == 0
    if not (is_due or progress.is_over):
        return
    # all processes take the number of the first, so that none stops before the others
    val_loss = of_all_processes(evaluate_model(model, val_set, model.device))[0]
    train_loss = progress.loss_sum / progress.n_scored  # the mean since the last report
    progress.loss_sum = 0.0
    progress.n_scored = 0
    epoch = progress.step * args.epochs / n_steps
    progress.epochs.append(epoch)
    progress.tokens.append(progress.tokens_seen)
    progress.train_losses.append(train_loss)
    progress.val_losses.append(val_loss)
    tqdm.write(  # like print, but it leaves a progress bar whole
        f"  epoch {math.ceil(epoch):>2}   step {progress.step:>5}/{n_steps}"
        f"   train loss {train_loss:.3f}   val loss {val_loss:.3f}"
    )
    if args.patience is None:
        return
    if progress.reports_since_best() == 0:
        weights = model.named_parameters()
        progress.best_weights = {name: w.detach().cpu().clone() for name, w in weights}
    if progress.reports_since_best() >= args.patience:
        progress.is_over = True


# ---- 10. Results ---------------------------------------------------------------------
# What people look at: a picture of the losses, and the answers side by side, on the
# terminal and on a page for the browser.
def plot_losses(epochs_seen, tokens_seen, train_losses, val_losses, path):
    """Draw the losses over epochs (bottom) and tokens seen (top) into a PNG file."""
    from matplotlib.figure import Figure  # only here: these imports take a while
    from matplotlib.ticker import EngFormatter

    end = epochs_seen[-1]
    best = val_losses.index(min(val_losses))
    figure = Figure(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    axis.plot(epochs_seen, train_losses, "o-", markersize=3, label="training loss")
    axis.plot(epochs_seen, val_losses, "o--", markersize=3, label="validation loss")
    label = f"best validation loss: {val_losses[best]:.3f}"
    axis.plot(epochs_seen[best], val_losses[best], "k*", markersize=9, label=label)
    lower, higher = sorted([train_losses[-1], val_losses[-1]])
    axis.text(end, lower, f"  {lower:.2f}", va="top", fontsize=8)
    axis.text(end, higher, f"  {higher:.2f}", va="bottom", fontsize=8)
    for epoch in range(1, math.ceil(end)):  # where one ends and the next begins
        axis.axvline(epoch, color="lightgray", linewidth=1, zorder=0)
    axis.set(xlabel="epochs", ylabel="loss (nats per answer token)")
    axis.set(xlim=(0, 1.08 * end), ylim=(0, 1.1 * max(train_losses + val_losses)))
    axis.legend()
    rate = tokens_seen[-1] / end
    both_ways = (lambda epochs: epochs * rate, lambda tokens: tokens / rate)
    tokens_axis = axis.secondary_xaxis("top", functions=both_ways)
    tokens_axis.set_xlabel("tokens seen")
    tokens_axis.xaxis.set_major_formatter(EngFormatter(sep=""))  # 50k for 50,000
    with whole_file(path) as file:
        figure.savefig(file, format="png", dpi=150)


def visible(text):
    """Return a text with spaces for signs that would upset a terminal."""
    is_fine = str.isprintable
    return "".join(sign if is_fine(sign) or sign in "\n\t" else " " for sign in text)


def one_line(text):
    """Return a visible text in one line."""
    return " ".join(visible(text).split())


def show(label, text, most=130):
    """Print a text, or the beginning of a long one, behind its label."""
    text = one_line(text)
    text = text if len(text) <= most else text[: most - 4] + " ..."
    wrapper = textwrap.TextWrapper(79, f"  {label + ':':<15}", " " * 17)
    wrapper.break_on_hyphens = False
    tqdm.write(wrapper.fill(text))


def show_answers(entries, columns):
    """Print entries with their true answers and others, {label: answers}."""
    for n, entry in enumerate(entries):
        print()
        show("instruction", entry["instruction"])
        if entry.get("input"):
            show("input", entry["input"])
        show("true answer", entry["output"])
        for label, answers in columns.items():
            show(label, answers[n] or "(nothing)")


# The page, and what is on it of each entry. It runs no program and fetches nothing (see
# Content-Security-Policy), and its colors follow the reader's choice of light or dark.
PAGE = string.Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Answers before and after</title>
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
:root { color-scheme: light dark; font: 16px/1.4 system-ui, sans-serif }
body { max-width: 70rem; margin: auto; padding: 1rem }
h1 { font-size: 1.5rem }
img { width: 100%; max-width: 44rem; background: white }
td { padding: 0 1rem 0 0 }
article { border-top: 1px solid gray; padding: .5rem 0; break-inside: avoid }
div { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)) }
p { white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 1rem .2rem 0 }
small { opacity: .7 }
</style>
<h1>Answers before and after fine-tuning</h1>
<p><small>$settings</small></p>
<img alt="training and validation loss" src="data:image/png;base64,$plot">
<table><tr><td><td>base model<td>fine-tuned<td></tr>$scores</table>
<p>$links</p>
$answers
""")
ARTICLE = string.Template("""<article>
<p><small>$mark</small>
<b>$instruction</b>
$input</p>
<div><p><small>true answer</small>
$output</p><p><small>base model</small>
$base_response</p><p><small>fine-tuned</small>
$model_response</p></div></article>
""")


def write_report(path, answers, scores, settings, plot):
    """Write the page of all answers, the best ones first.

    answers: entries with base_response and model_response. plot: the bytes of a PNG.
    """
    rows = ""
    for name, base in scores["base"].items():
        tuned = scores["tuned"][name]
        cells = (name.replace("_", " "), f"{base:.3f}", f"{tuned:.3f}", better(name))
        rows += f"<tr><td>{'<td>'.join(cells)}</tr>\n"
    groups = {"exact": [], "partly": [], "nothing in common": []}
    for answer in answers:
        response = answer["model_response"]
        f1 = token_f1(response, answer["output"])
        group = "partly" if f1 > 0 else "nothing in common"
        if answer_words(response) == answer_words(answer["output"]):
            group = "exact"
        base_f1 = token_f1(answer["base_response"], answer["output"])
        mark = f"{group}: F1 {f1:.2f}, base model {base_f1:.2f}"
        texts = {name: html.escape(visible(str(answer[name]))) for name in answer}
        groups[group].append((f1, ARTICLE.substitute(texts, mark=mark)))
    links = []
    articles = ""
    for name, group in groups.items():
        links.append(f'<a href="#{name[:5]}">{name}: {len(group)}</a>')
        articles += f'<h2 id="{name[:5]}">{name}: {len(group)}</h2>\n'
        group.sort(key=lambda pair: -pair[0])
        articles += "".join(article for _, article in group)
    fields = {"plot": base64.b64encode(plot).decode(), "links": ", ".join(links)}
    fields |= {"settings": html.escape(settings), "scores": rows, "answers": articles}
    with whole_file(path) as file:
        file.write(PAGE.substitute(fields).encode(errors="replace"))


# ---- Appendix A. Files and downloads -------------------------------------------------
# How a file gets onto the disk whole or not at all, and also through a bad network.
def reason(problem):
    """Return what an exception says, in one line."""
    text = one_line(str(problem))
    if "(Caused by " in text:  # by requests, which says all that it has tried
        text = re.sub(r".*(\(Caused by |\): )", "", text).rstrip("\"')")
    return f"{type(problem).__name__}: {text[:300]}"


# Files that are not what their names say: how they begin, and what they are.
IMPOSTORS = {
    b"version https://git-lfs": "a Git LFS pointer to the file: run git lfs pull",
    b"<": "a web page: download the file itself",
    b"GGUF": "a GGUF file: take the model in Hugging Face's format",
    b"PAR1": "a Parquet file: convert it first",
    b"PK\x03\x04": "a ZIP archive, such as PyTorch's .bin and .pth files",
    b"\x1f\x8b": "compressed: unpack it first",
}


def what_it_is(file):
    """Return a text on a file that is not what its name says, or None."""
    with suppress(OSError), open(file, "rb") as opened:
        beginning = opened.read(100).lstrip()
        for sign, name in IMPOSTORS.items():
            is_right = sign.startswith(b"PK") and Path(file).suffix == ".bin"
            if beginning.startswith(sign) and not is_right:
                return f"it is {name}"
    return None


@contextmanager
def reading(what, file=None):
    """Turn whatever a damaged or missing file makes Python raise into a UserError."""
    try:
        yield
    except UserError:
        raise
    except Exception as problem:
        cause = what_it_is(file or what) or reason(problem)
        raise UserError(f"{what} cannot be read ({cause})") from None


@contextmanager
def whole_file(path):
    """Lend a file to write into. It becomes path when all of it is written."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # on the disk, not just on its way there
        os.replace(part, path)  # at once, or not at all
    except (OSError, RuntimeError) as problem:
        cause = problem
        while cause.__context__:  # torch.save wraps the error that came first
            cause = cause.__context__
        if isinstance(cause, KeyboardInterrupt):
            raise cause from None
        raise UserError(f"{path} cannot be written ({reason(cause)})") from None
    finally:
        part.unlink(missing_ok=True)


def save_json(content, path):
    """Write content as JSON that people can read."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    with whole_file(path) as file:
        file.write(text.encode(errors="replace"))


# What the parts of an entry are called in files that people have. Of two names for the
# same part, the first one counts. In a chat, each turn says who speaks.
PARTS = {
    "instruction": ["instruction", "prompt", "question"],
    "input": ["input", "context"],
    "output": ["output", "completion", "response", "answer"],
}
SPEAKERS = {"user": "instruction", "human": "instruction"}
SPEAKERS |= {"assistant": "output", "gpt": "output"}


def parse_json(text):
    """Return the list in a JSON text, or the values that follow each other in it."""
    decoder = json.JSONDecoder()
    spaces = re.compile(r"\s*")
    values = []
    start = spaces.match(text).end()
    while start < len(text) or not values:
        value, end = decoder.raw_decode(text, start)
        values.append(value)
        start = spaces.match(text, end).end()
    if len(values) == 1 and isinstance(values[0], list):
        return values[0]
    if len(values) == 1 and isinstance(values[0], dict):
        lists = [value for value in values[0].values() if isinstance(value, list)]
        return lists[0] if len(lists) == 1 else values
    return values


def flatten_chat(record):
    """Return a record, a chat among them as {part: text}. ValueError.

    A chat is a list of turns: {"role": "user", "content": text}, or "from" and "value".
    """
    turns = record.get("messages", record.get("conversations"))
    is_chat = isinstance(turns, list) and all(isinstance(turn, dict) for turn in turns)
    if "instruction" in record or not is_chat:
        return record
    flat = {name: record[name] for name in record if record[name] is not turns}
    parts = []
    for turn in turns:
        speaker = str(turn.get("role", turn.get("from")))
        flat[SPEAKERS.get(speaker, speaker)] = turn.get("content", turn.get("value"))
        parts += [SPEAKERS[speaker]] if speaker in SPEAKERS else []
    if parts != ["instruction", "output"]:
        raise ValueError("is a chat that is not one question and one answer")
    return flat


def as_entry(record):
    """Return (entry, names of what was not used) of a record in a file. ValueError."""
    if not isinstance(record, dict):
        raise ValueError("is no object with instruction and output")
    record = flatten_chat(record)
    names = {}
    for part, choices in PARTS.items():
        for name in reversed(choices):
            if name in record:
                names[part] = name
    if "instruction" not in names or "output" not in names:
        expected = 'needs "instruction" (or prompt, question) and "output"'
        found = ", ".join(record)[:200]
        raise ValueError(f"{expected} (or completion, ...): it has {found}")
    entry = {"instruction": "", "input": "", "output": ""}
    for part, name in names.items():
        if not isinstance(record[name], str | None):
            raise ValueError(f'has no text under "{name}"')
        entry[part] = record[name] or ""  # None is null in JSON
    return {**record, **entry}, record.keys() - names.values()


def read_entries(path):
    """Return a list of (entry, names of what was not used). UserError."""
    with reading(f"{path}, which has to be JSON in UTF-8,", path):
        records = parse_json(Path(path).read_text(encoding="utf-8-sig"))  # skips a mark
    pairs = []
    for n, record in enumerate(records, start=1):
        try:
            pairs.append(as_entry(record))
        except ValueError as problem:
            raise UserError(f"{path}: entry {n} {problem}") from None
    return pairs


def load_entries(path):
    """Return the entries in a file, JSON or JSON Lines. UserError.

    Say what is not used: other keys, and entries that ask nothing or have no answer.
    """
    pairs = read_entries(path)
    unused = sorted(set().union(*(names for _, names in pairs)))
    if unused:
        print(f"not used in the entries: {one_line(', '.join(unused))[:300]}")
    entries = []
    for entry, _ in pairs:
        if entry["output"].strip() and (entry["instruction"] + entry["input"]).strip():
            entries.append(entry)
    if len(entries) < len(pairs):
        n_empty = len(pairs) - len(entries)
        print(f"left out, without a task or an answer: {n_empty} entries")
    return entries


def download_and_load_file(file_path, url=None):
    """Return the entries in a file, which is fetched from url if it is not there."""
    path = Path(file_path)
    if url and path.exists():
        day = time.strftime("%Y-%m-%d", time.localtime(path.stat().st_mtime))
        print(f"{path} is a copy of {day}: delete it to fetch it anew")
    if url and not path.exists():
        download(url, path, check=read_entries)
    return load_entries(path)


PAUSES = (1, 2, 4)  # seconds before the second, third and fourth try
TIMEOUT = (10, 30)  # seconds: to connect, and of silence


class DownloadError(UserError):
    """Something could not be downloaded. reasons: what happened, as the errors say."""

    def __init__(self, text, reasons=""):
        super().__init__(text)
        self.reasons = reasons


def download(url, path, check):
    """Fetch url into the file path, in several tries.

    Each goes on where the last one, or the last run, stopped. check(file) raises
    UserError if that is not what was wanted. DownloadError if there is no way.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    for attempt, pause in enumerate((*PAUSES, None)):
        try:
            fetch_rest(url, part)
            check(part)
            os.replace(part, path)
            return
        except UserError as wrong:
            part.unlink(missing_ok=True)
            problem = f"{url} sends something else: {wrong}"
            note = problem
        except (requests.RequestException, FileNotFoundError, ValueError) as error:
            problem = f"{url}: {reason(error)}"  # ValueError: of a strange address
            note = f"{url.split('//')[-1].split('/')[0]} does not deliver {path.name}"
        if pause is None:
            raise DownloadError(problem)
        if attempt == 0:
            tqdm.write(f"{note}; trying again")
        time.sleep(pause)


def fetch_rest(url, part):
    """Fetch what the file part still lacks of url. requests.RequestException."""
    start = part.stat().st_size if part.exists() else 0
    # identity: not compressed on the way, so that bytes can be counted
    wanted = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}
    with requests.get(url, headers=wanted, stream=True, timeout=TIMEOUT) as reply:
        hops = {hop.url.split(":")[0] for hop in (*reply.history, reply)}
        if url.startswith("https:") and hops != {"https"}:
            raise requests.exceptions.SSLError(f"leads to {reply.url}, unprotected")
        if reply.status_code == 416:  # there is no more than that
            return
        reply.raise_for_status()
        if not reply.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            start = 0  # whatever was asked for, the server sends all of it
        end = start + int(reply.headers.get("Content-Length", 0))
        bar = tqdm(total=end, initial=start, unit="B", unit_scale=True, disable=None)
        with open(part, "ab") as file, bar:
            if file.tell() < start:
                raise requests.ConnectionError("another run has moved what was there")
            file.truncate(start)
            for chunk in reply.iter_content(chunk_size=1 << 16):
                bar.update(file.write(chunk))
            if file.tell() < end:
                raise requests.ConnectionError(f"broke off at byte {file.tell():,}")


# The weights are at OpenAI's, and at Hugging Face's or at a mirror of it.
OPENAI_URL = "https://openaipublic.blob.core.windows.net/gpt-2/models/{size}/{file}"
OPENAI_WEIGHTS = "model.ckpt.data-00000-of-00001"
OPENAI_FILES = ["hparams.json", "encoder.json", "vocab.bpe", OPENAI_WEIGHTS]
HUB = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
HUB = HUB.rstrip("/").replace("{", "%7B").replace("}", "%7D")
HUB_URL = HUB + "/openai-community/{name}/resolve/main/{file}"
HUB_WEIGHTS = "model.safetensors"
HUB_FILES = ["config.json", "vocab.json", "merges.txt", HUB_WEIGHTS]
HUB_NAMES = {"124M": "gpt2", "355M": "gpt2-medium", "774M": "gpt2-large"}
HUB_NAMES["1558M"] = "gpt2-xl"
KNOWN_SUMS = {  # the SHA-256 sums of some files; the last one is that of 124M
    "encoder.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    "vocab.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
    "vocab.bpe": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    "merges.txt": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    "gpt2": "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
}


def weight_files(folder):
    """Return the files with the weights of a model: one, or several parts."""
    names = [HUB_WEIGHTS, OPENAI_WEIGHTS, "model-*.safetensors", "pytorch_model*.bin"]
    for name in names:
        files = sorted(folder.glob(name))
        if files:
            return files
    return []


def check_folder(folder, sizes):
    """UserError if a folder that the user names holds no model of these sizes.

    Nothing is downloaded into such a folder, as its name may be a slip.
    """
    if weight_files(folder) or any((folder / size).is_dir() for size in sizes):
        return
    if not folder.is_dir():
        raise UserError(f"--weights: there is no folder {folder}")
    names = ", ".join(sorted(path.name for path in folder.iterdir())[:9]) or "nothing"
    advice = f"--weights {folder}: there is no model in it, only {names}"
    if (folder / "adapter_config.json").exists():
        advice += " (an adapter: merge it into its model first)"
    raise UserError(advice)


def find_weights(size, weights_dir):
    """Return the folder of a model: weights_dir itself if it is one, or the one in it.

    The sizes that OpenAI released are downloaded. DownloadError if they cannot be.
    """
    weights_dir = Path(weights_dir)
    model_dir = weights_dir / size
    if weight_files(weights_dir):
        return weights_dir
    if weight_files(model_dir):  # they are fetched last, so the rest is there as well
        return model_dir
    if size not in HUB_NAMES:
        raise UserError(f"there is no model {size} in {weights_dir}: see --weights")
    reasons = []
    for url, names in ((OPENAI_URL, OPENAI_FILES), (HUB_URL, HUB_FILES)):
        try:
            for name in names:
                if not (model_dir / name).exists():
                    address = url.format(size=size, name=HUB_NAMES[size], file=name)
                    check = functools.partial(check_file, name=name, size=size)
                    download(address, model_dir / name, check)
            return model_dir
        except DownloadError as problem:
            reasons.append(str(problem))
    text = (
        f"the weights of {size} are not in {model_dir} and cannot be downloaded "
        f"({'; '.join(reasons)}). Put {', '.join(OPENAI_FILES)} there, or take --model "
        "tiny"
    )
    raise DownloadError(text, "; ".join(reasons))


def check_length(file, settings):
    """UserError if OpenAI's file of arrays does not have the length that it should."""
    weights = empty_model(settings).parameters()
    n_bytes = 4 * sum(weight.numel() for weight in weights)
    with reading(file):
        actual = file.stat().st_size
    if actual != n_bytes:
        raise UserError(f"{file} has {actual:,} bytes and should have {n_bytes:,}")


def check_file(file, name, size):
    """UserError if a file is not what one of that name should be, for a model size."""
    known = KNOWN_SUMS.get(HUB_NAMES[size] if name == HUB_WEIGHTS else name)
    if known and hashlib.sha256(np.memmap(file, "u1", "r")).hexdigest() != known:
        raise UserError(f"{file} does not have the SHA-256 sum {known}")
    settings = {theirs: MODELS[size][ours] for theirs, ours in SIZE_NAMES.items()}
    if name in ("hparams.json", "config.json") and read_settings(file) != settings:
        raise UserError(f"{file} is not of a model with {settings}")
    if name == OPENAI_WEIGHTS:
        check_length(file, settings)
    if name == HUB_WEIGHTS:
        read_hub_weights([file], settings)


# ---- Appendix B. Hugging Face's format -----------------------------------------------
# For models from Hugging Face's hub, or that transformers has saved, and for --export.
NUMBER_FORMATS = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "BF16": "<u2"}
GPT2_CONFIG = {  # what a config.json has to say for the layers of section 5 to fit
    "model_type": "gpt2",
    "activation_function": "gelu_new",  # that of tanh
    "layer_norm_epsilon": 1e-5,
    "n_inner": None,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "tie_word_embeddings": True,
}


def read_merges(folder):
    """Return ({letter: byte}, merges): merges are pairs of texts in these letters.

    A byte that is no visible letter is written as a letter with a code from 256 on, see
    OpenAI's encoder.py.
    """
    visible = [byte for byte in range(256) if chr(byte).isprintable() and byte != 32]
    others = [byte for byte in range(256) if byte not in visible]
    letters = {chr(byte): byte for byte in visible}
    letters |= {chr(256 + n): byte for n, byte in enumerate(others)}
    for name in ("vocab.bpe", "merges.txt"):
        if (folder / name).exists():
            lines = (folder / name).read_text(encoding="utf-8").split("\n")
            return letters, [line.split() for line in lines[1:] if line]
    content = (folder / "tokenizer.json").read_text(encoding="utf-8")  # transformers'
    pairs = json.loads(content)["model"]["merges"]
    return letters, [pair.split() if isinstance(pair, str) else pair for pair in pairs]


def read_settings(file):
    """Return OpenAI's settings from a hparams.json or config.json. UserError."""
    with reading(file), open(file, "rb") as opened:
        config = json.loads(opened.read(10**6))  # no more, whatever it is
        for openai, hub in (("n_vocab", "vocab_size"), ("n_ctx", "n_positions")):
            config[openai] = config.get(hub, config.get(openai))
        if config.get("n_inner") == 4 * config["n_embd"]:
            config["n_inner"] = None
        if config.get("activation_function") in ("gelu_pytorch_tanh", "gelu_fast"):
            config["activation_function"] = "gelu_new"
        for key, usual in GPT2_CONFIG.items():
            if config.get(key, usual) != usual:
                raise UserError(f"{file} is not of GPT-2's architecture: see {key}")
        settings = {name: config[name] for name in SIZE_NAMES}
        are_numbers = all(type(value) is int for value in settings.values())
        if not are_numbers or settings["n_embd"] % settings["n_head"] != 0:
            raise ValueError(f"these are no sizes: {settings}")
        limits = {"n_vocab": 10**6, "n_ctx": 4096, "n_embd": 10**4, "n_layer": 100}
        for name, limit in {**limits, "n_head": 1000}.items():
            if not 0 < settings[name] <= limit:
                raise ValueError(f"{name} is {settings[name]}, where 1 to {limit} fit")
        return settings


def read_hub_weights(files, settings):
    """Return {OpenAI's name: array} of files in Hugging Face's formats. UserError."""
    found = {}
    for file in files:
        with reading(file):
            read = read_pytorch if file.suffix == ".bin" else map_safetensors
            arrays = read(file)
            found |= {
                name.removeprefix("transformer."): arrays[name] for name in arrays
            }
    params = {}
    for openai, hub, _, array in arrays_of(empty_model(settings)):
        if hub not in found or found[hub].shape != array.shape:
            raise UserError(f"{files[-1]}: no {hub} of shape {tuple(array.shape)}")
        params[openai] = found[hub].astype("<f4", copy=False)
    if any(name.startswith(f"h.{settings['n_layer']}.") for name in found):
        raise UserError(f"{files[-1]} has more layers than config.json")
    return params


def leave_out_added_tokens(model_dir, tokenizer, settings, params):
    """Cut settings and params to a tokenizer's tokens, if its <|endoftext|> is theirs.

    Someone may have added tokens behind it, such as one for padding. UserError if not.
    """
    ends = []
    if (model_dir / "config.json").exists():
        with reading(model_dir / "config.json"):
            config = json.loads((model_dir / "config.json").read_text(encoding="utf-8"))
            ends = [config.get("bos_token_id"), config.get("eos_token_id")]
    if tokenizer.eot_token not in ends or settings["n_vocab"] < tokenizer.n_vocab:
        raise UserError(f"{model_dir}: the tokenizer and the model do not match")
    settings["n_vocab"] = tokenizer.n_vocab
    params["wte"] = params["wte"][: tokenizer.n_vocab]


def read_pytorch(file):
    """Return {name: array} of a pytorch_model.bin, of which nothing is executed."""
    state = torch.load(file, map_location="cpu", weights_only=True)
    return {name: tensor.detach().float().numpy() for name, tensor in state.items()}


def map_safetensors(file):
    """Return {name: array}, mapped from a safetensors file.

    The file begins with the length of its table of contents in 8 bytes. The table, in
    JSON, gives type, shape, start and end of each array. Behind it come the arrays.
    """
    with open(file, "rb") as opened:
        first = 8 + int.from_bytes(opened.read(8), "little")
        table = json.loads(opened.read(min(first, 10**7) - 8))
    table.pop("__metadata__", None)
    arrays = {}
    for name, facts in table.items():
        if facts["dtype"] not in NUMBER_FORMATS:  # no weights, but a mask
            continue
        start, end = facts["data_offsets"]
        dtype = np.dtype(NUMBER_FORMATS[facts["dtype"]])
        if start < 0 or math.prod(facts["shape"]) * dtype.itemsize != end - start:
            raise ValueError(f"{name} does not fit: {facts}")
        array = map_array(file, first + start, facts["shape"], dtype)
        if facts["dtype"] == "BF16":  # these bytes are the first half of a float32
            array = (array.astype("<u4") << 16).view("<f4")
        arrays[name] = array
    return arrays


def write_safetensors(model, path):
    """Write the weights of a model into a safetensors file."""
    table = {"__metadata__": {"format": "pt"}}
    end = 0
    for _, hub, _, array in arrays_of(model):
        offsets = [end, end + 4 * array.numel()]
        table[hub] = {"dtype": "F32", "shape": array.shape, "data_offsets": offsets}
        end = offsets[1]
    header = json.dumps(table).encode()
    header += b" " * (-len(header) % 8)  # so that arrays begin at a multiple of 8
    with whole_file(path) as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for _, _, _, array in arrays_of(model):
            file.write(array.contiguous().numpy())


# How other programs make a prompt: transformers of a chat, and Ollama, for which
# llama.cpp's convert_hf_to_gguf.py first has to make model.gguf of the folder.
CHAT = f"""{{% for turn in messages %}}{{% if turn.role == 'user' %}}\
{format_input({"instruction": "{{ turn.content }}"})}{RESPONSE_HEADER}\
{{% elif turn.role == 'assistant' %}}{{{{ turn.content + eos_token }}}}\
{{% endif %}}{{% endfor %}}"""
MODELFILE = f"""FROM ./model.gguf
TEMPLATE \"\"\"{format_input({"instruction": "{{ .Prompt }}"})}{RESPONSE_HEADER}\"\"\"
PARAMETER stop <|endoftext|>
"""


def export(model, model_dir, folder):
    """Write a model and the tokenizer in model_dir in the format of Hugging Face."""
    folder.mkdir(parents=True, exist_ok=True)
    end = model.cfg["vocab_size"] - 1  # <|endoftext|>
    sizes = {theirs: model.cfg[ours] for theirs, ours in SIZE_NAMES.items()}
    n_vocab = sizes.pop("n_vocab")
    ends = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end}
    config = {**GPT2_CONFIG, **ends, **sizes, "architectures": ["GPT2LMHeadModel"]}
    config |= {"vocab_size": n_vocab, "n_positions": sizes["n_ctx"]}
    save_json(config, folder / "config.json")
    save_json({**ends, "do_sample": False}, folder / "generation_config.json")
    with whole_file(folder / "Modelfile") as file:
        file.write(MODELFILE.encode())
    names = ("bos_token", "eos_token", "pad_token", "unk_token")
    tokens = dict.fromkeys(names, "<|endoftext|>")
    tokens |= {"tokenizer_class": "GPT2Tokenizer", "model_max_length": sizes["n_ctx"]}
    save_json({**tokens, "chat_template": CHAT}, folder / "tokenizer_config.json")
    new_names = dict(zip(OPENAI_FILES, HUB_FILES, strict=True))
    for name in (*OPENAI_FILES[1:3], *HUB_FILES[1:3], "tokenizer.json"):
        if (model_dir / name).exists():
            with whole_file(folder / new_names.get(name, name)) as file:
                file.write((model_dir / name).read_bytes())
    write_safetensors(model, folder / HUB_WEIGHTS)


# ---- Appendix C. Interrupted runs ----------------------------------------------------
# For trainings that Ctrl-C or a power cut ends before they are done.
UNFINISHED = "unfinished.pth"


@contextmanager
def noting_ctrl_c():
    """Within this, Ctrl-C sets an event, so that a training can end its step and save.

    A second Ctrl-C acts as usual. So does the first one if there are several processes,
    or if this is not the main thread.
    """
    ctrl_c = threading.Event()
    usual = signal.getsignal(signal.SIGINT)

    def note(*_):
        ctrl_c.set()
        signal.signal(signal.SIGINT, usual)

    if N_RANKS > 1 or threading.current_thread() is not threading.main_thread():
        yield ctrl_c
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield ctrl_c
    finally:
        signal.signal(signal.SIGINT, usual)


def save_training(path, model, optimizer, progress, **others):
    """Write all that it takes to go on as if nothing had happened into one file.

    That includes AdamW's means, and the state of the random numbers that dropout uses.
    """
    content = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "progress": asdict(progress),
        "random": torch.get_rng_state(),
        "random_of_gpus": torch.cuda.get_rng_state_all(),
        **others,
    }
    with whole_file(path) as file:
        torch.save(content, file)


def read_save(path, args):
    """Return (what save_training wrote, its settings); ({}, args) if it wrote nothing.

    Raises UserError if it is damaged, or if the command line contradicts it.
    """
    if not path.exists():
        print(f"There is no {path}: this run starts from the beginning.\n")
        return {}, args
    with reading(f"{path}, the save to go on with,"):
        if zipfile.ZipFile(path).testzip() is not None:
            raise ValueError("its checksums are wrong")
        # weights_only: nothing that is in the file is executed
        saved = torch.load(path, map_location="cpu", weights_only=True)
        settings = saved["settings"]
        needed = {"model", "optimizer", "random", "progress", "base"}
        lacking = needed - saved.keys()
        lacking |= settings_of(args).keys() - settings.keys()
        if lacking:
            raise ValueError(f"it lacks {', '.join(lacking)}")
    for name, value in {**args.given, "ranks": N_RANKS}.items():
        is_free = name in ("out", "resume") or value == "auto"
        if not is_free and settings[name] != value:
            raise UserError(
                f"{path} is of a run with {name} {settings[name]}, not {value}: say no "
                "more than --resume and --out"
            )
    settings |= {"out": args.out, "resume": True, "given": args.given}
    return saved, argparse.Namespace(**settings)


def restore_training(saved, model, optimizer):
    """Bring model, optimizer and random numbers back to a save; return its Progress."""
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    torch.set_rng_state(saved["random"])
    if torch.cuda.device_count() == len(saved["random_of_gpus"]):
        torch.cuda.set_rng_state_all(saved["random_of_gpus"])
    return Progress(**saved["progress"])


# ---- Appendix D. Devices and several processes ---------------------------------------
# For GPUs, number formats, and training by several processes, usually one for each GPU:
#     torchrun --nproc_per_node=4 finetune_gpt2.py
# torchrun starts this script several times. Each process has the whole model and
# computes its share of every step; then all add up their gradients, so that their
# models stay the same. torchrun tells a process its number (its rank), among all and on
# its computer, and how many there are. Without it, there is one.
RANK = int(os.environ.get("RANK", 0))
LOCAL_RANK = int(os.environ.get("LOCAL_RANK", 0))
N_RANKS = int(os.environ.get("WORLD_SIZE", 1))


def of_all_processes(value):
    """Return the list of what all processes call this with; each waits for all."""
    values = [value] * N_RANKS
    if N_RANKS > 1:
        try:
            dist.all_gather_object(values, value)
        except RuntimeError as problem:
            raise UserError(f"another process has ended ({reason(problem)})") from None
    return values


@contextmanager
def one_before_the_others():
    """Within this, the first process of a computer goes first, and the others wait."""
    if LOCAL_RANK > 0:
        of_all_processes(None)  # wait until the first one says that it is done, below
    yield
    if LOCAL_RANK == 0:
        of_all_processes(None)


def add_up_gradients(model):
    """Replace the gradients of the weights by their sums over all processes."""
    if N_RANKS > 1:
        for weight in model.parameters():
            dist.all_reduce(weight.grad)


def progress_bar(total, what, done=0):
    """Return a progress bar, which only shows on a terminal, and only once."""
    is_hidden = True if RANK > 0 or total == 1 else None  # None: as the terminal is
    return tqdm(total=total, initial=done, desc=what, leave=False, disable=is_hidden)


def choose_device(name):
    """Return the torch.device of that name (auto: the best), and connect the processes.

    Raises UserError if it cannot be used.
    """
    if name == "auto":
        name = "mps" if torch.backends.mps.is_available() else "cpu"
        name = "cuda" if torch.cuda.is_available() else name
    try:
        if name == "cuda" and N_RANKS > 1:
            torch.cuda.set_device(LOCAL_RANK)
        torch.ones(1, device=name).item()  # something is stored there and read back
        if name.startswith("cuda"):  # TF32: 11 bits of precision in products, but fast
            torch.set_float32_matmul_precision("high")
        if N_RANKS > 1:  # they may wait an hour, as for a download
            backend = "nccl" if name.startswith("cuda") else "gloo"
            dist.init_process_group(backend, timeout=timedelta(hours=1))
    except Exception as problem:  # PyTorch raises many kinds
        cause = f"--device {name} cannot be used here ({reason(problem)})"
        raise UserError(f"{cause}; try --device cpu") from None
    return torch.device(name)


def choose_threads(cfg):
    """Let small layers be computed by one thread: several mostly wait for each other.

    On two busy cores, the toy took ten seconds with one thread, and minutes with two.
    """
    if cfg["emb_dim"] < 512:
        torch.set_num_threads(1)


def choose_dtype(name, device, cfg):
    """Return the torch.dtype of that name, or for "auto" the faster one."""
    if name != "auto":
        return getattr(torch, name)
    is_faster = False
    if device.type == "cuda":  # NVIDIA's GPUs have circuits for bfloat16 since Ampere
        is_faster = torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu":
        seconds = {dtype: block_time(cfg, dtype) for dtype in ("float32", "bfloat16")}
        is_faster = seconds["bfloat16"] < 0.7 * seconds["float32"]
    return torch.bfloat16 if is_faster else torch.float32


def block_time(cfg, dtype):
    """Return the seconds that a block takes on the CPU: the best of eight."""
    block = TransformerBlock(cfg)
    x = torch.randn(8, 40, cfg["emb_dim"])
    times = []
    for _ in range(8):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            block(x).sum().backward()
        times.append(time.perf_counter() - start)
    return min(times)


def move_model(model, device, dtype, tokenizer):
    """Move a model to its device and number format.

    Raises UserError if it does not compute there what it computes on the CPU: some GPUs
    with some versions of PyTorch give wrong numbers and no error.
    """
    idx = text_to_token_ids("The capital of France is Paris. The capital of", tokenizer)
    with torch.no_grad():
        expected = model.eval()(idx)
        if not all(weight.isfinite().all() for weight in model.parameters()):
            raise UserError("the weights of the model are damaged: not all are numbers")
        model.to(device).dtype = dtype
        error = (model(idx.to(device)).float().cpu() - expected).abs().max()
    # Bits of precision: bfloat16 has 8, TF32 11, float32 24. Some GPUs fall short of
    # 24, so 14 are asked for. Rounding errors of all layers add up, so an error of
    # eight times the last bit is allowed.
    bits = 14
    if device.type == "cuda":
        bits = 11
    if dtype == torch.bfloat16:
        bits = 8
    if not error <= 8 * expected.abs().max() / 2**bits:  # also if it is not a number
        cause = f"{device} computes wrongly: a logit is off by {error:.3g}"
        raise UserError(f"{cause}. Use --device cpu")


# ---- main() --------------------------------------------------------------------------
# run() goes through the table of contents, but for the model, which comes first, as the
# toy has data of its own. use() is for what comes after it.
# How PyTorch says that there is not enough memory:
NO_MEMORY = re.compile("(out of|allocate|enough) memory|ALLOC_FAIL|Invalid buffer size")


def at_least(lowest, kind=int):
    """Return an argparse type: numbers of a kind, from lowest on."""

    def number(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not lowest <= value < 2**63:
            what = "whole number" if kind is int else "number"
            cause = f"{text!r} is no {what} from {lowest} on"
            raise argparse.ArgumentTypeError(cause)
        return value

    return number


def heading(text):
    """Print a heading, and return the time."""
    print(f"\n{text}\n{'-' * len(text)}")
    return time.perf_counter()


def prepare_data(args):
    """Return the entries to train on, to test with and to validate with."""
    own = HERE / "gpt2" / args.model / "instruction-data.json"
    usual = own if own.exists() else HERE / "instruction-data.json"
    args.data = args.data or str(usual)
    file = args.data
    url = None
    if args.data.startswith(("http://", "https://")):
        url = args.data  # kept in a file whose name is made of it
        file = Path(args.out) / re.sub(r"[^A-Za-z0-9.]+", "-", url)[-100:]
    data = download_and_load_file(file, url)
    if args.shuffle:
        order = np.random.default_rng(args.seed).permutation(len(data))
        data = [data[i] for i in order]
    data = data[: args.limit]
    data_sum = hashlib.sha256(json.dumps(data).encode()).hexdigest()
    if getattr(args, "data_sum", data_sum) != data_sum:
        raise UserError(f"{args.data} has changed since the run that is to be resumed")
    args.data_sum = data_sum
    train, test, val = split_data(data)
    print(f"{len(data):,} entries: {len(train):,} to train on, ", end="")
    print(f"{len(test):,} to test, {len(val):,} to validate")
    trained = {format_input(entry) for entry in train}
    n_known = sum(format_input(entry) in trained for entry in test)
    if n_known:
        print(f"{n_known} to test are also trained on: they test only the memory")
    print("\nThe first one:")
    text = format_input(data[0]) + RESPONSE_HEADER + data[0]["output"]
    print(textwrap.indent(visible(text[:2000]), "  | ", lambda line: True))
    return train, test, val


def load_chosen_model(args):
    """Return load_model() of the chosen size; note in args which it is."""
    if weight_files(Path(args.weights)):
        if args.model not in ("auto", Path(args.weights).resolve().name):
            raise UserError(f"{args.weights} is itself a model: leave --model out")
        args.model = Path(args.weights).resolve().name
    if args.model != "auto":
        return load_model(args.model, args.weights)
    try:
        args.model = "124M"
        return load_model(args.model, args.weights)
    except DownloadError as problem:
        folder = Path(args.weights) / args.model
        print(
            "GPT-2 is not on the disk and cannot be downloaded: this is the toy model."
        )
        print(f"For GPT-2, go online, or put {', '.join(OPENAI_FILES)} into {folder}.")
        print(f"(What happened: {problem.reasons})\n")
        args.is_stand_in = True
        args.model = "tiny"
        args.weights = str(HERE / "gpt2")
        return load_model(args.model, args.weights)


def prepare_model(args, device):
    """Return (model, tokenizer, facts about it); note in args what is chosen."""
    with one_before_the_others():  # it may have to download something
        model, tokenizer, folder = load_chosen_model(args)
    choose_threads(model.cfg)
    args.lr = args.lr or (5e-5 if model.cfg["emb_dim"] >= 768 else 3e-4)
    dtype = of_all_processes(choose_dtype(args.dtype, device, model.cfg))[0]
    args.dtype = str(dtype).removeprefix("torch.")
    move_model(model, device, dtype, tokenizer)
    n_parameters = sum(weight.numel() for weight in model.parameters())
    facts = {"model": args.model, "parameters": n_parameters, "weights": str(folder)}
    facts |= {"device": str(device), "dtype": args.dtype}
    for name, fact in facts.items():
        print(f"{name}: {fact:,}" if isinstance(fact, int) else f"{name}: {fact}")
    return model, tokenizer, facts


# A base model hardly ever ends an answer: more tokens than these show nothing more, and
# take many times as long as the answers after the training.
BASE_TOKENS = 40


def show_base_model(model, test_set, tokenizer, args):
    """Show what the model can do before training; return what score_model returns."""
    idx = text_to_token_ids("The capital of Kenya is", tokenizer).to(model.device)
    context_size = model.cfg["context_length"]
    idx = generate_text_simple(model.eval(), idx, 12, context_size)
    show("continues", token_ids_to_text(idx, tokenizer))
    most = min(args.max_new_tokens, BASE_TOKENS)
    print(
        f"It answers the {len(test_set):,} instructions of the test set, in up to ",
        end="",
    )
    print(f"{most} tokens ...")
    base = score_model(model, test_set, tokenizer, most)
    print(f"Loss on the true answers: {base['scores']['loss']:.3f}. Its own answers:")
    show_answers(test_set.entries[:3], {"base model": base["responses"]})
    return base


def fine_tune(model, train_set, val_set, tokenizer, args, saved, base):
    """Train the model, from a save on if there is one. Return the Progress."""
    out = Path(args.out)
    optimizer = make_optimizer(model, args.lr)
    progress = None
    if saved:
        with reading(f"{out / UNFINISHED}, for this model,"):
            progress = restore_training(saved, model, optimizer)
    if not saved and RANK == 0 and (out / UNFINISHED).exists():
        os.replace(out / UNFINISHED, out / "unfinished.old.pth")
        print(f"{UNFINISHED}, not used without --resume, is now unfinished.old.pth")
    print("After each epoch, the model answers this entry of the validation set:")
    show_answers(val_set.entries[:1], {})
    print()

    def save(progress):
        if RANK == 0:
            others = {"settings": settings_of(args), "base": base}
            save_training(out / UNFINISHED, model, optimizer, progress, **others)
            plot_losses(*losses_of(progress).values(), out / "loss-plot.png")

    return train_model_simple(
        model, train_set, val_set, optimizer, tokenizer, args, progress, save
    )


def losses_of(progress):
    """Return what was reported, in the order in which plot_losses takes it."""
    x = {"epochs": progress.epochs, "tokens": progress.tokens}
    return {**x, "train": progress.train_losses, "validation": progress.val_losses}


def settings_of(args):
    """Return the settings of a run as they are saved."""
    settings = {name: value for name, value in vars(args).items() if name != "given"}
    return {**settings, "ranks": N_RANKS}


def compare(entries, base, tuned):
    """Print the scores and some answers before and after the training."""
    print(f"{'':16}{'base model':>12}{'fine-tuned':>12}")
    for name, score in tuned["scores"].items():
        print(f"{name.replace('_', ' '):16}{base['scores'][name]:12.3f}", end="")
        print(f"{score:12.3f}   {better(name)}")
    answers = {"base model": base["responses"], "fine-tuned": tuned["responses"]}
    show_answers(entries[:3], answers)


def write_results(model, entries, base, tuned, metrics, args):
    """Write the weights, the answers and the figures into files."""
    out = Path(args.out)
    weights = out / f"gpt2-{args.model}-sft.pth"  # sft: supervised fine-tuning
    with whole_file(weights) as file:
        torch.save(model.cpu().state_dict(), file)  # so that any machine can load it
    answers = []
    responses = zip(base["responses"], tuned["responses"], strict=True)
    for entry, (before, after) in zip(entries, responses, strict=True):
        answers.append({**entry, "base_response": before, "model_response": after})
    save_json(answers, out / "instruction-data-with-response.json")
    metrics["scores"] = {"base": base["scores"], "tuned": tuned["scores"]}
    save_json(metrics, out / "metrics.json")
    names = ("model", "data", "epochs", "batch_size", "lr", "dtype", "device", "seed")
    settings = ", ".join(f"{name}: {getattr(args, name)}" for name in names)
    plot = (out / "loss-plot.png").read_bytes()
    write_report(out / "report.html", answers, metrics["scores"], settings, plot)
    for leftover in (out / UNFINISHED, *out.glob("*.part")):
        leftover.unlink(missing_ok=True)
    print(f"In {out}:")
    show("answers", "report.html, instruction-data-with-response.json")
    show("figures", "loss-plot.png, metrics.json")
    show("weights", weights.name)


def run(args):
    """Do the whole job with these settings."""
    out = Path(args.out)
    saved = {}
    if args.resume:
        saved, args = read_save(out / UNFINISHED, args)
    device = choose_device(args.device)
    out.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=out).close()  # if it cannot be written to, say so now
    times = [heading("Model")]
    model, tokenizer, facts = prepare_model(args, device)
    heading("Data")
    with one_before_the_others():  # they may have to be downloaded
        parts = prepare_data(args)
    state = (args.model, args.data_sum, saved.get("progress", {}).get("step"))
    if len(set(of_all_processes(state))) > 1:
        raise UserError("the computers have different models, data or saves")
    context_length = model.cfg["context_length"]
    sets = [InstructionDataset(part, tokenizer, context_length) for part in parts]
    train_set, test_set, val_set = sets
    n_left_out = sum(map(len, parts)) - sum(map(len, sets))
    facts["entries too long for the context"] = n_left_out
    print(f"entries too long for the context: {n_left_out}")
    if not all(sets):
        raise UserError("in one part of the data, all entries are too long")
    show_scored_tokens(train_set[0], tokenizer)
    times.append(heading("Baseline: the model as it comes"))
    base = saved.get("base") or show_base_model(model, test_set, tokenizer, args)
    times.append(heading("Fine-tuning"))
    progress = fine_tune(model, train_set, val_set, tokenizer, args, saved, base)
    times.append(heading("Evaluation: the unseen test set"))
    print(f"It answers the same {len(test_set):,} instructions ...")
    tuned = score_model(model, test_set, tokenizer, args.max_new_tokens)
    compare(test_set.entries, base, tuned)
    times.append(heading("Files"))
    stages = ("load", "baseline", "train", "evaluate")
    seconds = dict(zip(stages, np.diff(times).tolist(), strict=True))
    seconds["total"] = time.perf_counter() - times[0]
    if RANK == 0:
        tokens = progress.tokens_seen - saved.get("progress", {}).get("tokens_seen", 0)
        metrics = {**facts, "settings": settings_of(args), "seconds": seconds}
        metrics |= {"steps": progress.step, "losses": losses_of(progress)}
        metrics["train_tokens_per_second"] = tokens / seconds["train"]
        write_results(model, test_set.entries, base, tuned, metrics, args)
    print(f"\nDone in {seconds['total']:.0f} s, ", end="")
    print(f"of which fine-tuning {seconds['train']:.0f}.")
    if hasattr(args, "is_stand_in"):
        print("This was the toy model, not GPT-2: see above, under Model.")
    say_what_next(args)


def say_what_next(args):
    """Print what can be done with the results."""
    command = "python finetune_gpt2.py"
    for name in ("weights", "out"):
        if name in args.given:
            command += f" --{name} {getattr(args, name)}"
    print(f"\nTo read the answers, open {Path(args.out) / 'report.html'} in a browser.")
    print(f'To ask the model: {command} --ask "What is the capital of Kenya?"')
    print(f"To take it along: {command} --export my-model")


def use(args):
    """Ask a fine-tuned model, or export it."""
    if N_RANKS > 1:
        raise UserError("--ask and --export are for one process: leave torchrun out")
    device = choose_device(args.device)
    pattern = f"gpt2-{'*' if args.model == 'auto' else args.model}-sft.pth"
    files = sorted(Path(args.out).glob(pattern), key=lambda file: file.stat().st_mtime)
    if not files:
        raise UserError(f"there is no {pattern} in {args.out}: fine-tune first")
    size = files[-1].name.removeprefix("gpt2-").removesuffix("-sft.pth")
    model, tokenizer, folder = load_model(size, args.weights, tuned=files[-1])
    if args.export:
        target = Path(args.export).resolve()
        bases = [Path(args.weights).resolve() / size for size in ("", *MODELS)]
        if target in (folder.resolve(), *bases):
            raise UserError(f"--export would overwrite a base model in {target}")
        export(model, folder, Path(args.export))
        print(f"{files[-1]} is now in {args.export}, too, in Hugging Face's format")
    if args.ask is None:
        return
    choose_threads(model.cfg)
    move_model(model, device, choose_dtype(args.dtype, device, model.cfg), tokenizer)
    for instruction in wanted_instructions(args):
        entry = {"instruction": instruction, "input": args.input}
        prompt = format_input(entry) + RESPONSE_HEADER
        sampling = {"temperature": args.temperature, "top_k": args.top_k}
        answer = respond(model, tokenizer, prompt, args.max_new_tokens, **sampling)
        print(visible(answer))


def wanted_instructions(args):
    """Yield the instruction after --ask, or those in the lines of standard input."""
    if args.ask:
        yield args.ask.strip()
        return
    print("Type one instruction a line; Ctrl-D ends.", file=sys.stderr)
    with reading("standard input, which has to be a text in UTF-8,"):
        if hasattr(sys.stdin, "reconfigure"):
            sys.stdin.reconfigure(encoding="utf-8-sig", errors="strict")
        for line in sys.stdin:
            if line.strip():
                yield line.strip()


def is_closed(stream):
    """Return whether nothing can be printed to a stream, or read from it."""
    return stream is None or getattr(stream, "closed", False)


def prepare_streams():
    """See to it that there are streams to print to, wherever the script is started."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        # of several processes, only the first one speaks
        if is_closed(stream) or (name == "stdout" and RANK > 0):
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, open to the end
        elif hasattr(stream, "reconfigure"):  # letters that it lacks become "?"
            stream.reconfigure(errors="replace", line_buffering=True)


def check_early(args, is_use):
    """UserError for what would come to light only late, or after something is made.

    is_use: whether use() is next, and not run().
    """
    if args.ask is not None and is_closed(sys.stdout):
        raise UserError("standard output is closed, so an answer would be lost")
    if args.ask == "" and is_closed(sys.stdin):
        raise UserError("standard input is closed: --ask needs an instruction")
    is_address = (args.data or "").startswith(("http://", "https://"))
    # it is read again when the model is there, but a pipe can be read only once
    if args.data and not is_address and not Path(args.data).is_fifo():
        read_entries(args.data)
    if "weights" in args.given:
        sizes = [args.model]
        if args.model == "auto":
            sizes = MODELS if is_use or args.resume else ["124M"]
        check_folder(Path(args.weights), sizes)
    os.environ.pop("MPLBACKEND", None)  # that of a notebook may be of no use here
    try:
        if not is_use:
            import matplotlib.figure  # noqa: F401, plot_losses will need it
    except Exception as problem:  # whatever an installation may have wrong
        cause = f"matplotlib cannot be imported ({reason(problem)})"
        raise UserError(f"{cause}: pip install -r requirements.txt") from None


def main(argv=None):
    """Run the script.

    Exit status: 0 if all went well, 1 with one line if not, 2 for a wrong command line.
    """
    args = parse_args(argv)
    if args.ask is not None and "seed" not in args.given:
        torch.seed()  # another one each time
    else:
        torch.manual_seed(args.seed)
    try:
        is_use = args.export is not None or args.ask is not None
        check_early(args, is_use)
        prepare_streams()
        if is_use:
            use(args)
        else:
            run(args)
    except (UserError, OSError) as problem:
        sys.exit(f"error: {one_line(str(problem))}")
    except (MemoryError, RuntimeError) as problem:
        if not isinstance(problem, MemoryError) and not NO_MEMORY.search(str(problem)):
            raise
        cause = f"error: out of memory ({reason(problem)})"
        sys.exit(f"{cause}: try a smaller --batch-size (with --accumulate) or --model")
    except KeyboardInterrupt:
        sys.exit("stopped: a download goes on where it was, a training with --resume")
    if N_RANKS > 1:  # PyTorch's threads sometimes abort a process that ends as usual
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
