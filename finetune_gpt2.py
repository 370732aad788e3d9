"""Fine-tune GPT-2 to follow instructions: one file, to be read from the first line to the last.

GPT-2 was trained to continue a text. Asked "What is the capital of Kenya?", it may well continue with a second
question. This script shows it some 1,400 instructions with good answers, and it becomes a model that answers.
    python finetune_gpt2.py                       GPT-2 small; its weights are downloaded once
    python finetune_gpt2.py --model tiny          a toy model, offline, in a minute; --help shows all settings
    python finetune_gpt2.py --ask "Name a fish."  ask what has been trained
 1. Settings     the model sizes and the command line
 2. Data         instructions and their answers, and how a prompt is laid out
 3. Tokens       text to numbers and back
 4. Batches      several entries in one tensor, and which of their tokens count
 5. Model        GPT-2, layer by layer
 6. Weights      OpenAI's trained numbers: fetched, read, put into the layers
 7. Generation   the model writes, one token at a time
 8. Evaluation   how good is it? losses and scores
 9. Training     the loop that learns
10. Results      the plot and the other files, and the model for other programs
11. main()       all of it, in order, and the use of what was trained
In the comments, (B, T, D) is the shape of a tensor. B = batch: texts side by side, T = tokens in a text,
D = embedding: numbers per token, H = attention heads, S = tokens that can be looked at.
"""
import argparse, hashlib, json, math, os, re, signal, string, sys, tempfile, textwrap, time, timeit, zipfile
from collections import Counter
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import requests
import tiktoken
import torch
import torch.distributed as dist
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
    "tiny": {**GPT2, "vocab_size": 2048, "context_length": 256, "emb_dim": 192, "n_layers": 7, "n_heads": 3},
    "124M": {**GPT2, "emb_dim": 768, "n_layers": 12, "n_heads": 12},
    "355M": {**GPT2, "emb_dim": 1024, "n_layers": 24, "n_heads": 16},
    "774M": {**GPT2, "emb_dim": 1280, "n_layers": 36, "n_heads": 20},
    "1558M": {**GPT2, "emb_dim": 1600, "n_layers": 48, "n_heads": 25}}
HERE = Path(__file__).resolve().parent
OUT_OF_MEMORY = re.compile("(out of|allocate|enough) memory|ALLOC_FAILED|Invalid buffer size|start new thread")
DAMAGE = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)  # of a damaged file
class UserError(ValueError):
    """A problem that the user can mend; main() shows it as one line instead of a traceback."""
def require(condition, message):
    if not condition: raise UserError(message)
def one_line(text):
    """Return a text without line breaks and without letters that would upset a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
def reason(problem):
    """Return the telling part of what an exception says."""
    return one_line(str(problem).split("(Caused by ")[-1])[:300] or type(problem).__name__
@contextmanager
def explained(message, errors=DAMAGE):
    """Turn errors into a UserError: message, with the reason for {}. Lack of memory and PermissionError pass."""
    try: yield
    except errors as problem:
        if OUT_OF_MEMORY.search(str(problem)) or isinstance(problem, (MemoryError, PermissionError)): raise
        cause = f"{type(problem).__name__}: {reason(problem)}".removeprefix("UserError: ")
        raise UserError(message.replace("{}", cause)) from None
def parse_args(argv=None):
    """Return the settings on the command line, or in the list of words argv."""
    parser = argparse.ArgumentParser(description="Fine-tune GPT-2 to follow instructions, and show what it learned.")
    add = parser.add_argument
    add("--model", choices=["auto", *MODELS], default="auto", help="auto: 124M, or tiny if that cannot be had")
    add("--data", metavar="WHERE", default=str(HERE / "instruction-data.json"), help="a file or an address: see README")
    add("--weights", metavar="DIR", default=str(HERE / "gpt2"), help="a model, or a folder with models by size")
    add("--weights-url", metavar="URL", help="a server with OpenAI's files at URL/<size>/<file>")
    add("--out", metavar="DIR", default="outputs", help="folder for the results (default: outputs)")
    add("--epochs", type=int, metavar="N", default=2, help="how often each training entry is seen (default: 2)")
    add("--batch-size", type=int, metavar="N", default=8, help="entries computed at once in training (default: 8)")
    add("--accumulate", type=int, metavar="N", default=1, help="batches per training step (default: 1)")
    add("--lr", type=float, metavar="RATE", help="highest learning rate (default: 5e-5; tiny: 1e-4)")
    add("--schedule", choices=["cosine", "constant"], default="cosine", help="of the learning rate (default: cosine)")
    add("--patience", type=int, metavar="N", help="stop after N reports (10 a run) without a lower validation loss")
    add("--max-new-tokens", type=int, metavar="N", default=128, help="longest answer, in tokens (default: 128)")
    add("--limit", type=int, metavar="N", help="use only the first N entries, for a quick try")
    add("--device", default="auto", help="cpu, cuda, cuda:1, mps (default: auto, a GPU if there is one)")
    add("--dtype", choices=["auto", "float32", "bfloat16"], default="auto", help="number format (auto: the faster one)")
    add("--seed", type=int, metavar="N", default=123, help="where the random numbers start (default: 123)")
    add("--resume", action="store_true", help="go on with an interrupted run: repeat its settings, and add this")
    add = parser.add_argument_group("with a model that is fine-tuned: the newest in --out, or of --model").add_argument
    add("--ask", metavar="TEXT", nargs="?", const="", help="answer an instruction; without TEXT, one after another")
    add("--input", metavar="TEXT", default="", help="what the instruction is about")
    add("--temperature", type=float, metavar="T", default=0.0, help="0 (default): the likeliest answer; 1: varied ones")
    add("--top-k", type=int, metavar="K", help="draw each token from the K likeliest")
    add("--export", metavar="DIR", help="write a folder that transformers, and much else, can load")
    args = parser.parse_args(argv)
    for name, value in vars(args).items():
        lowest, limit = 0 if name in ("seed", "temperature") else 1e-99, 2**63 if type(value) is int else math.inf
        wrong = type(value) in (int, float) and not lowest <= value < limit
        if name == "weights_url" and value: wrong = not re.fullmatch(r"https?://[^\s{}]+", value)
        if wrong: parser.error(f"--{name.replace('_', '-')} cannot be {value}")
    return args
# torchrun starts this script once for each GPU and numbers the processes: RANK of N_RANKS, LOCAL_RANK on its computer
RANK, LOCAL_RANK, N_RANKS = (int(os.environ.get(*name)) for name in (("RANK", 0), ("LOCAL_RANK", 0), ("WORLD_SIZE", 1)))
def of_all_ranks(value):
    """Return the list of what all processes call this with; each waits for the others."""
    if N_RANKS == 1: return [value]
    values = [None] * N_RANKS
    with explained("another process has ended ({})", RuntimeError): dist.all_gather_object(values, value)
    return values
def choose_device(name):
    """Return the torch.device of that name (auto: the best one), and connect the processes. UserError if it fails."""
    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    name = best if name == "auto" else name
    with explained(f"--device {name} cannot be used here ({{}}); try --device cpu", Exception):  # of many kinds
        if name == "cuda" and N_RANKS > 1: torch.cuda.set_device(LOCAL_RANK)
        torch.ones(1, device=name).item()  # something is stored there and read back
        if name.startswith("cuda"): torch.set_float32_matmul_precision("high")  # TF32, where the GPU has it
        if N_RANKS > 1:  # an hour: so long may they wait for a download
            dist.init_process_group("nccl" if name.startswith("cuda") else "gloo", timeout=timedelta(hours=1))
        return torch.device(name)

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
def save_bytes(content, path):
    with whole_file(path, len(content)) as file: file.write(content)
def save_json(content, path):
    """Write content as readable JSON."""
    save_bytes((json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode(errors="replace"), path)
PAUSES, TIMEOUT = (1, 2, 4), (10, 30)  # seconds before another try; to connect, and of silence
def fetch_rest(url, part):
    """Fetch what the file `part` still lacks of url. requests.RequestException if the network fails."""
    start = part.stat().st_size if part.exists() else 0
    wanted = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}  # identity: not compressed
    with requests.get(url, headers=wanted, stream=True, timeout=TIMEOUT) as reply:
        if url.startswith("https:") and not all(hop.url.startswith("https:") for hop in (*reply.history, reply)):
            raise requests.exceptions.SSLError(f"{url} leads to {reply.url}, which is not protected")
        if reply.status_code == 416: return  # there is no more
        reply.raise_for_status()
        if not reply.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            start = 0  # whatever was asked, the server sends all of it
        length = int(re.sub(r"\D", "", reply.headers.get("Content-Length", "")) or 0)
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
    """Fetch url into the file `path`, in several tries that go on where the last one, or the last run, stopped.
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
    with explained(f"{path}: this is not JSON in UTF-8: {{}}"):
        text = path.read_text(encoding="utf-8-sig")  # sig: with or without a byte-order mark
        if text.lstrip().startswith("{"):  # JSON Lines: each line is an entry, and lacks the comma of a list
            text = "[" + re.sub(r"\n(?=.*\S)", ",\n", text.strip()) + "]"
        data = json.loads(text)
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
    """Return the tiktoken.Encoding of vocab.bpe and encoder.json, merges.txt and vocab.json, or tokenizer.json."""
    folder = Path(model_dir)
    files = ["vocab.bpe", "encoder.json"] if (folder / "vocab.bpe").exists() else ["merges.txt", "vocab.json"]
    os.environ["TIKTOKEN_CACHE_DIR"] = ""  # no cache: it goes by a file's path, not by what is in it
    problem = f"{' and '.join(files)} in {model_dir} are missing, damaged, or do not match"
    with tempfile.TemporaryDirectory() as spare, explained(problem, (FileNotFoundError, AssertionError, *DAMAGE)):
        if (folder / "tokenizer.json").exists() and not any((folder / file).exists() for file in files):
            both, folder = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"], Path(spare)
            merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in both["merges"]]
            save_bytes("\n".join(["#version: 0.2", *merges, ""]).encode(), folder / files[0])
            save_json(both["vocab"], folder / files[1])
        ranks = data_gym_to_mergeable_bpe_ranks(*(str(folder / file) for file in files))
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
# instruction tuning: only the answer is scored, since the prompt is given, and its <|endoftext|> is scored with it, or
# the model would never learn to stop. A target of -100 means "not scored" to PyTorch's loss.
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
        fitting = [i for i, prompt in enumerate(prompts) if len(prompt) <= context_length]
        self.entries, self.left_out = [data[i] for i in fitting], len(data) - len(fitting)
        self.items = [(prompts[i] + answers[i] + [tokenizer.eot_token], len(prompts[i])) for i in fitting]
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
# that. Both *add* to the vector rather than replace it, so that depth does no harm. In the end the vector is compared
# with each token's embedding: the best match is the likeliest next one. PyTorch has two of the layers ready ("fused"):
FUSED = True  # False: use the formulas, which differ in speed and rounding only
class LayerNorm(nn.Module):
    """Bring the vector of each token to mean 0 and variance 1, then to a learned scale and shift."""
    def __init__(self, emb_dim):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(emb_dim))
        self.shift = nn.Parameter(torch.zeros(emb_dim))
    def forward(self, x):  # (B, T, D) to (B, T, D)
        if FUSED: return F.layer_norm(x, x.shape[-1:], self.scale, self.shift, eps=1e-5)
        mean, variance = x.mean(dim=-1, keepdim=True), x.var(dim=-1, keepdim=True, unbiased=False)
        return self.scale * (x - mean) / torch.sqrt(variance + 1e-5) + self.shift  # 1e-5: never divide by 0
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
        """queries: (B, H, T, D/H); keys, values: (B, H, S, D/H); hidden: (T, S) or (B, 1, T, S), where not to look."""
        queries = queries / math.sqrt(keys.shape[-1])  # or scores grow with the vectors, and one takes all
        scores = queries @ keys.transpose(2, 3)  # (B, H, T, S): how well each query fits each key
        weights = torch.softmax(scores.masked_fill(hidden, -math.inf), dim=-1)  # positive, and the sum of a row is 1
        return self.dropout(weights) @ values
class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own part of the vector, mixed by a linear layer."""
    def __init__(self, cfg):
        super().__init__()
        D, length, self.n_heads = cfg["emb_dim"], cfg["context_length"], cfg["n_heads"]
        self.W_query = nn.Linear(D, D, bias=cfg["qkv_bias"])
        self.W_key = nn.Linear(D, D, bias=cfg["qkv_bias"])
        self.W_value = nn.Linear(D, D, bias=cfg["qkv_bias"])
        self.attention = CausalAttention(cfg["drop_rate"])
        self.out_proj = nn.Linear(D, D)
        self.register_buffer("mask", torch.ones(length, length, dtype=torch.bool, device="cpu").triu(diagonal=1))
    def forward(self, x, padding=None, cache=None, past=0):
        (B, T, D), S = x.shape, past + x.shape[1]
        heads = (B, T, self.n_heads, D // self.n_heads)
        queries, keys, values = self.W_query(x).view(heads), self.W_key(x).view(heads), self.W_value(x).view(heads)
        if cache is not None:  # the keys and values of `past` earlier tokens are there, see section 7
            cache[0, :, past:S], cache[1, :, past:S] = keys, values
            keys, values = cache[:, :, :S]  # (B, S, H, D/H)
        hidden = self.mask[past:S, :S]  # row t of the mask hides all after token t
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
    def forward(self, x, *context):  # (B, T, D) to (B, T, D)
        x = x + self.dropout(self.att(self.norm1(x), *context))
        return x + self.dropout(self.ff(self.norm2(x)))
def choose_dtype(name, device, cfg):
    """Return torch.float32, or torch.bfloat16 (8 bits of precision instead of 24): the one that is named, or for "auto"
    the faster one here. The weights stay float32: a step changes them by less than bfloat16 can tell apart."""
    if name != "auto": return getattr(torch, name)
    faster = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)  # built in since Ampere
    if device.type == "cpu":  # measured: the best of eight, as near ties would fall now this way and now that
        block, x, seconds = TransformerBlock(cfg), torch.randn(8, 40, cfg["emb_dim"]), ([], [])
        for half in (False, True) * 8:
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                seconds[half].append(timeit.timeit(lambda: block(x).sum().backward(), number=1))
        faster = min(seconds[True]) < 0.7 * min(seconds[False])
    return torch.bfloat16 if faster else torch.float32

class GPTModel(nn.Module):
    """GPT-2 of the size in cfg, a row of MODELS, with random weights, much as GPT-2's own training began."""
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.bfloat16 = False  # the choice of choose_dtype; the weights are float32 either way
        V, T, D = cfg["vocab_size"], cfg["context_length"], cfg["emb_dim"]
        self.tok_emb, self.pos_emb = nn.Embedding(V, D), nn.Embedding(T, D)
        self.dropout = nn.Dropout(cfg["drop_rate"])
        self.trf_blocks = nn.ModuleList(TransformerBlock(cfg) for _ in range(cfg["n_layers"]))
        self.final_norm, self.out_head = LayerNorm(D), nn.Linear(D, V, bias=False)
        self.out_head.weight = self.tok_emb.weight  # "tied": one table both reads tokens and writes them
        for weight in self.parameters():
            if weight.dim() == 2: nn.init.normal_(weight, std=0.02)  # as OpenAI's training began (model.py)
    def autocast(self):
        return torch.autocast(self.tok_emb.weight.device.type, torch.bfloat16, enabled=self.bfloat16)
    def forward(self, in_idx, scored=None, padding=None, caches=None, past=0):
        """Return the logits, a score for each possible next token: (B, T) to (B, T, vocab_size), or for only N scored
        ones of the B * T tokens to (N, vocab_size), as out_head is costly. padding, caches and past: see section 7."""
        places = torch.arange(past, past + in_idx.shape[1], device=in_idx.device)
        if padding is not None: places = (places - padding[:, None]).clamp(min=0)  # a text begins after its padding
        with self.autocast():
            # sparse: its gradient is a few rows, not a table of zeros as large as that of the (tied) output layer
            tokens = F.embedding(in_idx, self.tok_emb.weight, sparse=in_idx.device.type == "cpu")
            x = self.dropout(tokens + self.pos_emb(places))  # (B, T, D)
            for block, cache in zip(self.trf_blocks, caches or [None] * len(self.trf_blocks), strict=True):
                x = block(x, padding, cache, past)
            x = x if scored is None else x.flatten(0, 1)[scored]  # (N, D)
            return self.out_head(self.final_norm(x))

# ---- 6. Weights ------------------------------------------------------------------------------------------------
# OpenAI published what its training learned as TensorFlow checkpoints: float32 arrays, one after the other, sorted by
# name. Hugging Face serves the same numbers as model.safetensors, which opens with a table of contents in JSON. Either
# will do, found on disk or downloaded once. No file is trusted: under its name, a sign-in page may have been stored.
OPENAI_FILES = ("hparams.json", "encoder.json", "vocab.bpe", "model.ckpt.data-00000-of-00001")
OPENAI_URL = "https://openaipublic.blob.core.windows.net/gpt-2/models/{size}/{file}"
HUB_FILES = ("config.json", "vocab.json", "merges.txt", "model.safetensors")
HUB_URL = "https://huggingface.co/openai-community/{name}/resolve/main/{file}"
HUB_NAMES = {"124M": "gpt2", "355M": "gpt2-medium", "774M": "gpt2-large", "1558M": "gpt2-xl"}
KNOWN_FILES = {  # size in bytes and SHA-256 sum
    "encoder.json": (1_042_301, "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"),
    "vocab.bpe": (456_318, "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"),
    "124M/model.safetensors": (548_105_171, "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707")}
KNOWN_FILES |= {"vocab.json": KNOWN_FILES["encoder.json"], "merges.txt": KNOWN_FILES["vocab.bpe"]}
# how the sizes are called in OpenAI's hparams.json, and here
SIZE_NAMES = {"n_vocab": "vocab_size", "n_ctx": "context_length", "n_embd": "emb_dim", "n_head": "n_heads",
              "n_layer": "n_layers"}
# what else there is in a config.json, and has to be so
GPT2_CONFIG = {"model_type": "gpt2", "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "n_inner": None,
               "scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "tie_word_embeddings": True}
# the arrays of a block: OpenAI's name, ours, and the shape in units of D; c_attn is query, key and value side by side
BLOCK_ARRAYS = {
    "ln_1/g": ("norm1.scale", [1]), "ln_1/b": ("norm1.shift", [1]),
    "ln_2/g": ("norm2.scale", [1]), "ln_2/b": ("norm2.shift", [1]),
    "attn/c_attn/w": ("att.W_{}.weight", [1, 3]), "attn/c_attn/b": ("att.W_{}.bias", [3]),
    "attn/c_proj/w": ("att.out_proj.weight", [1, 1]), "attn/c_proj/b": ("att.out_proj.bias", [1]),
    "mlp/c_fc/w": ("ff.layers.0.weight", [1, 4]), "mlp/c_fc/b": ("ff.layers.0.bias", [4]),
    "mlp/c_proj/w": ("ff.layers.2.weight", [4, 1]), "mlp/c_proj/b": ("ff.layers.2.bias", [1])}
def sizes_of(cfg):
    """Return the sizes of a model under OpenAI's names."""
    return {theirs: cfg[ours] for theirs, ours in SIZE_NAMES.items()}
def checkpoint_layout(settings):
    """Return {name: shape} of an OpenAI checkpoint, matrices as (in, out), sorted like the file: h10 before h2."""
    D, N = settings["n_embd"], settings["n_layer"]
    layout = {"wte": (settings["n_vocab"], D), "wpe": (settings["n_ctx"], D), "ln_f/g": (D,), "ln_f/b": (D,)}
    layout |= {f"h{n}/{key}": tuple(D * i for i in shape) for key, (_, shape) in BLOCK_ARRAYS.items() for n in range(N)}
    return dict(sorted(layout.items()))
def hub_name(name):
    """Return Hugging Face's name of an array: h0/attn/c_attn/w is h.0.attn.c_attn.weight there, wte is wte.weight."""
    name = re.sub("/[gw]$", ".weight", re.sub("/b$", ".bias", name if "/" in name else f"{name}/w"))
    return re.sub("^h", "h.", name).replace("/", ".")
def table_of_contents(layout):
    """Return safetensors' table of arrays that lie one after the other: {name: type, shape, (start, end) in bytes}."""
    table, end = {}, 0
    for name, shape in layout.items():
        offsets = [end, end := end + 4 * math.prod(shape)]
        table[hub_name(name)] = {"dtype": "F32", "shape": list(shape), "data_offsets": offsets}
    return table
def array_names(n_layers):
    """Return {OpenAI's name of an array: our names of the tensors that it holds}."""
    names = {"wte": ["tok_emb.weight"], "wpe": ["pos_emb.weight"]}
    names |= {"ln_f/g": ["final_norm.scale"], "ln_f/b": ["final_norm.shift"]}
    for theirs, (ours, _) in BLOCK_ARRAYS.items():
        parts = [ours.format(part) for part in ("query", "key", "value")] if "{}" in ours else [ours]
        names |= {f"h{n}/{theirs}": [f"trf_blocks.{n}.{part}" for part in parts] for n in range(n_layers)}
    return names
def read_settings(file):
    """Return the sizes in a hparams.json or config.json under OpenAI's names. DAMAGE, OSError."""
    require(file.stat().st_size < 10**6, "it is too long")
    config = json.loads(file.read_text(encoding="utf-8"))
    config = {"n_vocab": config.get("vocab_size"), "n_ctx": config.get("n_positions"), **config}
    settings = {name: config[name] for name in SIZE_NAMES}
    odd = {key: config[key] for key, usual in GPT2_CONFIG.items() if config.get(key, usual) != usual}
    require(not odd, f"this is not GPT-2's architecture: {odd}")
    sound = all(type(n) is int and 0 < n < 10**6 for n in settings.values()) and settings["n_layer"] < 1000
    require(sound and settings["n_embd"] % settings["n_head"] == 0, f"these are no sizes: {settings}")
    return settings
def find_arrays(file, settings, openai):
    """Return {name: array on disk} of a checkpoint or safetensors file; DAMAGE if it is not what these settings say."""
    layout, starts, first, end, actual = checkpoint_layout(settings), {}, 0, 0, file.stat().st_size
    table, names = table_of_contents(layout), {hub_name(name): name for name in layout}
    if not openai:  # the length of the table in 8 bytes, the table in JSON, then the arrays
        with open(file, "rb") as opened:
            first = 8 + int.from_bytes(opened.read(8), "little")
            require(first <= min(actual, 10**7), f"a header of {first - 8:,} bytes is too long")
            table = json.loads(opened.read(first - 8))
    table.pop("__metadata__", None)
    for hub, array in sorted(table.items(), key=lambda item: item[1]["data_offsets"]):
        start, stop = array["data_offsets"]
        if name := names.pop(hub.removeprefix("transformer."), None):
            n_bytes = 4 * math.prod(layout[name])
            fits = (array["dtype"], tuple(array["shape"]), stop - start) == ("F32", layout[name], n_bytes)
        else:  # the causal mask, or the output layer, which is wte once more
            fits = hub.endswith((".attn.bias", ".attn.masked_bias", "lm_head.weight")) and stop >= start
        # neither gap nor overlap
        require(fits and start == end and type(start) is type(stop) is int, f"{hub} does not fit: {array}")
        if name: starts[name] = first + start
        end = stop
    require(first + end == actual and not names, f"it has {actual:,} bytes, not {first + end:,}; {len(names)} missing")
    return {name: np.memmap(file, "<f4", "c", start, layout[name]) for name, start in starts.items()}
def files_in(model_dir):
    """Return OPENAI_FILES or HUB_FILES, whichever there are more of in the folder."""
    return max(OPENAI_FILES, HUB_FILES, key=lambda files: sum((Path(model_dir) / file).exists() for file in files))
def read_checkpoint(model_dir):
    """Return (settings, params) of a folder in OpenAI's or in Hugging Face's layout: n_vocab, n_ctx, n_embd, n_head,
    n_layer, and the float32 NumPy arrays under OpenAI's names. UserError if a file is missing or damaged."""
    files = files_in(model_dir)
    settings_file, data_file = Path(model_dir) / files[0], Path(model_dir) / files[-1]
    for file in (settings_file, data_file): require(file.exists(), f"{file} is missing")
    with explained(f"{settings_file} is damaged ({{}})"): settings = read_settings(settings_file)
    with explained(f"{data_file} is damaged ({{}})"):
        return settings, find_arrays(data_file, settings, files is OPENAI_FILES)
def check_file(file, size, name):
    """UserError if `file` is not what a file called `name` of a model size should be; OSError if it is not there."""
    actual, settings = file.stat().st_size, sizes_of(MODELS[size])
    n_bytes, digest = KNOWN_FILES.get(name) or KNOWN_FILES.get(f"{size}/{name}") or (actual, None)
    with explained(f"{file} is not what its name says: {{}}"):
        require(actual == n_bytes, f"it has {actual:,} bytes and should have {n_bytes:,}")
        found = hashlib.sha256(np.memmap(file, "u1", "r")).hexdigest() if digest else None
        require(found == digest, f"its SHA-256 sum is {found} and should be {digest}")
        if name in (OPENAI_FILES[0], HUB_FILES[0]):
            require(read_settings(file) == settings, f"{size} has {settings}, it {read_settings(file)}")
        if name in (OPENAI_FILES[-1], HUB_FILES[-1]): find_arrays(file, settings, name == OPENAI_FILES[-1])
def find_weights(size, weights_dir, weights_url=None):
    """Return weights_dir if it is a model, else the folder there with all files of a model size, downloaded first (from
    weights_url, if given) if they are not there or not right; requests.RequestException if that cannot be done."""
    if (Path(weights_dir) / files_in(weights_dir)[0]).exists(): return Path(weights_dir)
    require(size in MODELS, f"{size} is not the name of a model size: say with --weights where its base model is")
    model_dir, reasons = Path(weights_dir) / size, []
    if size == "tiny": return model_dir if model_dir.exists() else HERE / "gpt2" / size  # it comes with this script
    def is_right(file):  # if it is there, but wrong, it is moved out of the way
        with suppress(FileNotFoundError):  # also if a run beside this one moves it first
            try: return check_file(model_dir / file, size, file) is None
            except UserError as problem: reasons.append(f"{problem}. It is kept as {file}.old and fetched again")
            print(reasons[-1])
            os.replace(model_dir / file, model_dir / f"{file}.old")
    if all([*map(is_right, files_in(model_dir))]): return model_dir
    mirror = [(OPENAI_FILES, f"{weights_url}/{{size}}/{{file}}")]
    for files, url in mirror if weights_url else [(OPENAI_FILES, OPENAI_URL), (HUB_FILES, HUB_URL)]:
        try:
            for file in (file for file in files if not is_right(file)):
                download(url.format(size=size, name=HUB_NAMES[size], file=file), model_dir / file,
                         check=lambda part, file=file: check_file(part, size, file))
            return model_dir
        except requests.RequestException as problem: reasons.append(f"{url.split('/')[2]}: {reason(problem)}")
    raise requests.ConnectionError(f"the weights of {size} are not in {model_dir} and cannot be downloaded"
                                   f" ({'; '.join(reasons)}). Put {', '.join(OPENAI_FILES)} there, or use --model tiny")
def load_weights_into_gpt(gpt, params):
    """Copy params (see read_checkpoint) into the model; UserError if an array is missing, extra or misshapen."""
    names = array_names(gpt.cfg["n_layers"])
    odd = sorted(names.keys() ^ params.keys())
    require(not odd, f"the weights do not fit the model; missing or unexpected: {', '.join(odd)}")
    state = {}
    for theirs, shape in checkpoint_layout(sizes_of(gpt.cfg)).items():
        array = torch.as_tensor(params[theirs])
        require(array.shape == shape, f"{theirs} in the weights has shape {tuple(array.shape)}, not {shape}")
        array = array.T if theirs.endswith("/w") else array  # PyTorch keeps matrices as (out, in)
        for name, tensor in zip(names[theirs], array.chunk(len(names[theirs])), strict=True):
            state[name] = tensor.clone(memory_format=torch.contiguous_format)
    # not strict, as the masks are not among them; a model without memory of its own ("meta") takes the tensors over
    gpt.load_state_dict(state, strict=False, assign=gpt.tok_emb.weight.is_meta)
    gpt.out_head.weight = gpt.tok_emb.weight
def weights_of(gpt):
    """Yield (OpenAI's name, tensor) of the arrays of a model, in their order: load_weights_into_gpt the other way."""
    state, names = gpt.state_dict(), array_names(gpt.cfg["n_layers"])
    for theirs in checkpoint_layout(sizes_of(gpt.cfg)):
        array = torch.cat([state[name] for name in names[theirs]]).float().cpu()
        yield theirs, (array.T if theirs.endswith("/w") else array).contiguous()
def load_model(size, weights_dir, weights_url=None, tuned=None):
    """Return (model, tokenizer, where its weights are from); tuned: a file with a state dict to use instead."""
    model_dir = find_weights(size, weights_dir, weights_url)
    tokenizer = load_tokenizer(model_dir)
    settings, params = read_checkpoint(model_dir)
    require(tokenizer.n_vocab == settings["n_vocab"], f"{model_dir}: the tokenizer and the model do not match")
    with torch.device("meta"):  # shapes only: no memory, no random numbers
        model = GPTModel({**GPT2, **{ours: settings[theirs] for theirs, ours in SIZE_NAMES.items()}})
    if not tuned: load_weights_into_gpt(model, params)
    else:
        with explained(f"{tuned} is damaged, or not of the model in {model_dir} ({{}})", Exception):
            model.load_state_dict(torch.load(tuned, map_location="cpu", weights_only=True), assign=True)
        model.out_head.weight = model.tok_emb.weight
    return model, tokenizer, model_dir
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
    require(error <= allowed, f"{device} computes wrongly: a logit is off by {error:.3g}. Use --device cpu")

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
    """(B, vocab_size) to (B,): the likeliest next token, or above temperature 0 one that is drawn from the top_k."""
    if temperature == 0: return logits.max(dim=-1).indices  # the same, but argmax is slow in bfloat16 on a CPU
    logits = logits.float() / temperature
    worst_allowed = logits.topk(min(top_k or math.inf, logits.shape[-1])).values[:, -1:]
    logits = logits.masked_fill(logits < worst_allowed, -math.inf)
    return torch.multinomial(torch.softmax(logits, dim=-1), num_samples=1).squeeze(1)
@torch.no_grad()
def generate(model, idx, max_new_tokens, context_size, temperature=0.0, top_k=None, eos_id=None, padding=None):
    """Continue each row of idx, (B, T), by n <= max_new_tokens, until all have said eos_id: (B, T + n); who is done
    repeats it. padding, (B,): how many tokens at the start of a row are no text, but make it as long as the others."""
    (B, T), device, cfg = idx.shape, idx.device, model.cfg
    tokens, end = F.pad(idx, (0, max_new_tokens), value=eos_id or 0), T
    rows = torch.arange(B, device=device)  # those that are still being written
    done = rows < 0  # and which of them have just ended
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
def generate_responses(model, prompts, tokenizer, max_new_tokens, temperature=0.0, top_k=None, batch_size=96):
    """Return the model's answers to prompts, lists of tokens, in their order; all processes share the work."""
    eos_id, responses, device = tokenizer.eot_token, {}, model.tok_emb.weight.device
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for batch in chunks(order, max(1, min(batch_size, math.ceil(len(prompts) / N_RANKS))))[RANK::N_RANKS]:
        T = len(prompts[batch[-1]])  # the longest one
        padding = [T - len(prompts[i]) for i in batch]
        idx = torch.tensor([[eos_id] * n + prompts[i] for n, i in zip(padding, batch, strict=True)], device=device)
        output = generate(model.eval(), idx, max_new_tokens, model.cfg["context_length"], temperature, top_k, eos_id,
                          torch.tensor(padding, device=device))
        for i, row in zip(batch, output.tolist(), strict=True):
            answer = row[T:] + [eos_id]
            responses[i] = tokenizer.decode(answer[: answer.index(eos_id)]).strip()
    responses = {i: text for part in of_all_ranks(responses) for i, text in part.items()}
    return [responses[i] for i in range(len(prompts))]
def respond(model, tokenizer, prompt, max_new_tokens=128, temperature=0.0, top_k=None):
    """Return the model's answer to one prompt, a text."""
    prompts = [tokenizer.encode_ordinary(prompt)]
    return generate_responses(model, prompts, tokenizer, max_new_tokens, temperature, top_k)[0]

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
    total = F.cross_entropy(logits, targets.to(device), ignore_index=IGNORE_INDEX, reduction="sum")
    return total / max(1, n_scored), n_scored
def calc_loss_loader(data_loader, model, device):
    """Return the mean loss over all scored tokens: not over batches, of which some have more and some fewer."""
    total, n_tokens = 0.0, 0
    for i, (input_batch, target_batch) in enumerate(data_loader):
        if i % N_RANKS != RANK: continue  # another process does it
        loss, n = calc_loss_batch(input_batch, target_batch, model, device)
        total, n_tokens = total + n * loss.detach(), n_tokens + n
    total, n_tokens = map(sum, zip(*of_all_ranks((float(total), n_tokens)), strict=True))
    return total / n_tokens
@torch.no_grad()
def evaluate_model(model, data_loader, device):
    """Return the mean loss over a loader, without learning from it."""
    return calc_loss_loader(data_loader, model.eval(), device)
def show(label, text):  # tqdm.write is like print, but leaves a progress bar whole
    tqdm.write(f"  {label + ':':<15}{textwrap.shorten(one_line(text), width=100, placeholder=' ...')}")
def generate_and_print_sample(model, tokenizer, start_context):
    """Print how the model continues start_context."""
    show("sample answer", respond(model, tokenizer, start_context, max_new_tokens=50))
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
    prompts = [token_ids[:prompt_length] for token_ids, prompt_length in dataset]
    responses = generate_responses(model, prompts, tokenizer, max_new_tokens)
    pairs = [(response, entry["output"]) for response, entry in zip(responses, dataset.entries, strict=True)]
    exact = sum(answer_words(response) == answer_words(truth) for response, truth in pairs) / len(pairs)
    f1 = sum(token_f1(response, truth) for response, truth in pairs) / len(pairs)
    return {"loss": loss, "perplexity": math.exp(loss), "exact_match": exact, "token_f1": f1}, responses

# ---- 9. Training -----------------------------------------------------------------------------------------------
# Show the model a batch, measure the loss, compute for each weight in which direction the loss falls (backward), and
# move all weights a little that way (the optimizer). Watch two numbers: the training loss nearly always falls; where
# the validation loss, over entries that are never trained on, turns up, the model begins to learn entries by heart.
def make_optimizer(model, lr):
    """Return AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101): a weight moves by the mean of its recent gradients,
    divided by their usual size, so that all move at a like pace. Weight decay pulls the matrices towards 0, too."""
    groups = [{"params": [weight for weight in model.parameters() if weight.dim() == dim], "weight_decay": decay,
               "highest_lr": lr} for dim, decay in ((2, 0.1), (1, 0.0))]
    fused = model.tok_emb.weight.device.type in ("cpu", "cuda")  # one pass over the weights instead of a dozen
    return torch.optim.AdamW(groups, lr=lr, fused=fused)
def cosine_schedule(step, n_steps):
    """Return the part of the highest learning rate for a step, counted from 0: in the first tenth it rises, as AdamW
    has seen few gradients so far, and then it falls along half a cosine (arXiv:1608.03983), to end with small steps."""
    warm_up = math.ceil(n_steps / 10)
    if step < warm_up: return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (n_steps - warm_up)))
def backward_step(inputs, targets, model, device, n_parts):
    """Compute the gradients of a batch's mean loss. To save memory, it is cut into n_parts, and the processes share
    these out. Return (the mean loss, the number of scored tokens), both of the whole batch."""
    extra, n_scored, total = -len(inputs) % n_parts, int((targets != IGNORE_INDEX).sum()), 0.0
    inputs, targets = F.pad(inputs, (0, 0, 0, extra)), F.pad(targets, (0, 0, 0, extra), value=IGNORE_INDEX)  # more rows
    parts = list(zip(inputs.chunk(n_parts), targets.chunk(n_parts), strict=True))[RANK::N_RANKS]
    for i, part in enumerate(parts):
        # processes exchange gradients at their last part only; DDP averages over processes, we need the sum: * N_RANKS
        with model.no_sync() if N_RANKS > 1 and i + 1 < len(parts) else nullcontext():
            loss, n = calc_loss_batch(*part, model, device)
            loss = loss * n / n_scored  # of the batch; the mean of means would favor parts with few tokens
            (loss * N_RANKS).backward()
        total = total + loss.detach()
    if N_RANKS > 1: dist.all_reduce(total)
    return total, n_scored
def train_model_simple(model, train_set, val_loader, optimizer, device, num_epochs, batch_size, eval_freq,
                       start_context, tokenizer, seed, progress=None, save=lambda progress: None, accumulate=1,
                       schedule=cosine_schedule, patience=None):
    """Train, and return three lists with a number for each report, every eval_freq steps: training loss (the mean since
    the last one, each before the model learned from it), validation loss, tokens seen. save(progress) is called after
    each epoch, at the end, and before KeyboardInterrupt; with that progress, another call goes on. With patience, that
    many reports without a lower validation loss end the training, and the model gets the weights of the best report."""
    now = SimpleNamespace(**progress or {"step": 0, "tokens_seen": 0, "train_losses": [], "val_losses": [], "best": {},
                                         "track_tokens_seen": [], "losses": [], "n_scored": [], "over": False})
    n_parts, steps_per_epoch = accumulate * N_RANKS, math.ceil(len(train_set) / (batch_size * accumulate * N_RANKS))
    n_steps = num_epochs * steps_per_epoch
    bar = tqdm(total=n_steps, initial=now.step, desc="fine-tuning", unit="step", leave=False, disable=RANK > 0 or None)
    parallel, ctrl_c, usual = model, [], signal.getsignal(signal.SIGINT)
    if N_RANKS > 1:  # the same model, which exchanges gradients
        parallel = nn.parallel.DistributedDataParallel(model, gradient_as_bucket_view=True)
        parallel.cfg = model.cfg
    with bar, ExitStack() as afterwards:
        if N_RANKS == 1:  # Ctrl-C is noted, to stop after the step; pressed again, it does the usual
            afterwards.callback(signal.signal, signal.SIGINT, usual)
            signal.signal(signal.SIGINT, lambda *_: (ctrl_c.append(True), signal.signal(signal.SIGINT, usual)))
        while not now.over:
            epoch, n_done = divmod(now.step, steps_per_epoch)
            for inputs, targets in make_loader(train_set, batch_size * n_parts, tokenizer, model.cfg["context_length"],
                                               seed + epoch, n_done):  # another seed, another order
                model.train()  # dropout, if there is any; without it while the model is watched
                optimizer.zero_grad()  # or gradients would add up over the steps
                loss, n = backward_step(inputs, targets, parallel, device, n_parts)
                norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)  # no odd batch may throw us far off
                for group in optimizer.param_groups: group["lr"] = group["highest_lr"] * schedule(now.step, n_steps)
                optimizer.step()
                # tensors, as to read a number is to wait for a GPU; 0 * norm is not a number if a gradient is not
                now.losses.append(loss + 0 * norm)
                now.n_scored.append(n)
                now.tokens_seen, now.step = now.tokens_seen + inputs.numel(), now.step + 1
                bar.update()
                report = now.step in (1, n_steps) or now.step % eval_freq == 0
                epoch_over, stop = now.step % steps_per_epoch == 0, bool(ctrl_c)
                if report or epoch_over or stop:
                    now.losses = [float(loss) for loss in now.losses]  # of the steps since the last report
                    n_odd = len(now.losses) - [*(loss < 100 for loss in now.losses), False].index(False)
                    require(n_odd == 0, f"training diverged in step {now.step - n_odd + 1}: the loss or a gradient is"
                            " huge, or not a number. Try a smaller --lr")
                if report:
                    now.train_losses.append(float(np.average(now.losses, weights=now.n_scored)))
                    now.val_losses.append(evaluate_model(model, val_loader, device))
                    now.track_tokens_seen.append(now.tokens_seen)
                    tqdm.write(f"  epoch {epoch + 1:>2}   step {now.step:>5}/{n_steps}   train loss"
                               f" {now.train_losses[-1]:.3f}   val loss {now.val_losses[-1]:.3f}")
                    now.losses, now.n_scored = [], []
                    n_worse = len(now.val_losses) - 1 - now.val_losses.index(min(now.val_losses))
                    now.over = n_worse == patience
                    if patience and n_worse == 0:
                        now.best = {name: weight.detach().cpu().clone() for name, weight in model.named_parameters()}
                now.over |= now.step == n_steps
                if epoch_over: generate_and_print_sample(model, tokenizer, start_context)
                if epoch_over or stop or now.over: save(vars(now))
                if ctrl_c and (stop or now.over): raise KeyboardInterrupt
                if now.over: break
    if now.best: model.load_state_dict(now.best, strict=False)
    return now.train_losses, now.val_losses, now.track_tokens_seen
def save_training(path, model, optimizer, **others):
    """Write what it takes to go on with a training into one file: weights, optimizer, random state, and the others."""
    with whole_file(path, 12 * sum(weight.numel() for weight in model.parameters())) as file:  # AdamW has two averages
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "bfloat16": model.bfloat16,
                    "random": [torch.get_rng_state(), *torch.cuda.get_rng_state_all()], **others}, file)
def resume_training(path, model, optimizer, settings):
    """Restore what save_training wrote; return the others. UserError if it is damaged or of other settings."""
    with explained(f"{path} is damaged ({{}}). Delete it, and start without --resume", Exception):
        require(zipfile.ZipFile(path).testzip() is None, "its checksums are wrong")
        saved = torch.load(path, map_location="cpu", weights_only=True)  # only data: nothing in it is executed
        others = {name: saved["settings"][name] for name in settings if saved["settings"][name] != settings[name]}
        if not others:
            model.load_state_dict(saved.pop("model"))
            optimizer.load_state_dict(saved.pop("optimizer"))
            torch.set_rng_state(saved["random"][0])
            torch.cuda.set_rng_state_all(saved["random"][1:][: torch.cuda.device_count()])
            model.bfloat16, _, _ = saved["bfloat16"], saved["progress"]["step"], saved["base"]
    require(not others, f"{path} is of a run with {others}: repeat its settings, or start without --resume")
    return saved

# ---- 10. Results -----------------------------------------------------------------------------------------------
# What remains when the program ends: a picture of the losses, the answers next to the true ones, the figures, and the
# weights, for this program and, in the format of Hugging Face, for others.
def plot_losses(epochs_seen, tokens_seen, train_losses, val_losses, path):
    """Draw training and validation loss against epochs (bottom) and tokens seen (top) into a PNG file."""
    from matplotlib.figure import Figure  # only here: to import it takes longer than to draw
    axis = (figure := Figure(figsize=(7, 4), layout="constrained")).subplots()
    axis.plot(epochs_seen, train_losses, "o-", epochs_seen, val_losses, "o--", markersize=3)
    axis.set(xlabel="epochs", ylabel="loss (nats per answer token)", ylim=(0, None))
    axis.legend(["training loss", "validation loss"])
    rate = tokens_seen[-1] / epochs_seen[-1]
    axis.secondary_xaxis("top", functions=(lambda e: e * rate, lambda t: t / rate)).set_xlabel("tokens seen")
    with whole_file(path, 100_000) as file: figure.savefig(file, format="png", dpi=150)
MODEL_CARD = f"""A GPT-2, fine-tuned with finetune_gpt2.py to answer prompts of this form, where "### Input:" and its
text may be missing. OpenAI's weights, that script's toy model and data are under the MIT License; others may differ.
```
{format_input({'instruction': '{instruction}', 'input': '{input}'})}{RESPONSE_HEADER}```
"""
def export(model, model_dir, folder):
    """Write a model into a folder in the format of Hugging Face, with the tokenizer in model_dir. OSError."""
    sizes, end_of_text = sizes_of(model.cfg), model.cfg["vocab_size"] - 1
    folder.mkdir(parents=True, exist_ok=True)
    tokens = {"bos_token_id": end_of_text, "eos_token_id": end_of_text}
    save_json({"architectures": ["GPT2LMHeadModel"], **GPT2_CONFIG, **tokens, "vocab_size": sizes["n_vocab"],
               "n_positions": sizes["n_ctx"], **sizes, "torch_dtype": "float32"}, folder / "config.json")
    save_json({**tokens, "pad_token_id": end_of_text, "do_sample": False}, folder / "generation_config.json")
    save_json({"tokenizer_class": "GPT2Tokenizer", "model_max_length": sizes["n_ctx"], "bos_token": "<|endoftext|>",
               "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}, folder / "tokenizer_config.json")
    for name in {*OPENAI_FILES[1:3], *HUB_FILES[1:3], "tokenizer.json"} & {file.name for file in model_dir.iterdir()}:
        new_name = dict(zip(OPENAI_FILES, HUB_FILES, strict=True)).get(name, name)
        save_bytes((model_dir / name).read_bytes(), folder / new_name)
    if not (folder / "README.md").exists(): save_bytes(MODEL_CARD.encode(), folder / "README.md")
    header = json.dumps({"__metadata__": {"format": "pt"}} | table_of_contents(checkpoint_layout(sizes))).encode()
    with whole_file(folder / HUB_FILES[-1], sum(weight.nbytes for weight in model.parameters())) as file:
        header += b" " * (-len(header) % 8)  # so that the arrays begin at a multiple of 8
        file.write(len(header).to_bytes(8, "little") + header)
        for _, array in weights_of(model): file.write(array.numpy())
def show_answers(entries, columns):
    """Print entries with the true answers and others, {label: answers}."""
    for i, entry in enumerate(entries):
        texts = {"instruction": entry["instruction"], "input": entry["input"], "true answer": entry["output"]}
        texts |= {label: answers[i] or "(nothing)" for label, answers in columns.items()}
        print()
        for label in filter(texts.get, texts): show(label, texts[label])

# ---- 11. main() ------------------------------------------------------------------------------------------------
# The table of contents come true: run. And what comes after it, --ask and --export: use.
def heading(text):
    print(f"\n{text}\n{'-' * len(text)}")
    return time.perf_counter()
def run(args):
    """Do the whole job with these settings."""
    device, out, start = choose_device(args.device), Path(args.out), heading("Data")
    out.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=out).close()  # better to learn now that nothing can be written there
    is_url = args.data.startswith(("http://", "https://"))  # then it is kept under a name made of the address
    data_file = out / re.sub(r"[^A-Za-z0-9.]+", "-", args.data)[-100:] if is_url else args.data
    if LOCAL_RANK: of_all_ranks(None)  # wait for the first process on this machine: it may have to download something
    data = download_and_load_file(data_file, args.data if is_url else None)[: args.limit]
    parts = split_data(data)
    print("{:,} entries: {:,} to train on, {:,} to test, {:,} to validate".format(len(data), *map(len, parts)))
    print("\nThe first one:", *(format_input(data[0]) + RESPONSE_HEADER + data[0]["output"]).split("\n"), sep="\n  | ")
    heading("Model")
    own, note = (Path(args.weights) / files_in(args.weights)[0]).exists(), ""
    require(not own or args.model == "auto", f"{args.weights} is a model, which has its size: leave --model out")
    size = Path(args.weights).resolve().name if own else "124M" if args.model == "auto" else args.model
    try: model, tokenizer, source = load_model(size, args.weights, args.weights_url)
    except requests.RequestException as problem:
        if args.model != "auto": raise
        size, note = "tiny", "This was the toy model, not GPT-2: see above, under Model."
        print(f"This is the toy model, not GPT-2, because {problem}\n")
        model, tokenizer, source = load_model(size, args.weights)
    if not LOCAL_RANK: of_all_ranks(None)  # now the others
    move_model(model, device, of_all_ranks(choose_dtype(args.dtype, device, model.cfg))[0], tokenizer)
    lr = args.lr or (5e-5 if model.cfg["emb_dim"] >= 768 else 1e-4)
    settings = {name: value for name, value in vars(args).items() if name not in ("out", "resume", "weights_url")} | {
        "model": size, "lr": lr, "ranks": N_RANKS, "data_sha256": hashlib.sha256(json.dumps(data).encode()).hexdigest()}
    optimizer, unfinished, saved = make_optimizer(model, lr), out / "unfinished.pth", {"progress": {}}
    states = of_all_ranks((size, settings["data_sha256"], args.resume and unfinished.exists()))
    require(len(set(states)) == 1, f"the computers have different weights, data, or {unfinished}: {states}")
    if states[0][2]: saved = resume_training(unfinished, model, optimizer, settings)
    n_parameters, context_size = sum(weight.numel() for weight in model.parameters()), model.cfg["context_length"]
    train_set, test_set, val_set = sets = [InstructionDataset(part, tokenizer, context_size) for part in parts]
    facts = {"model": size, "parameters": n_parameters, "weights": str(source), "device": str(device),
             "dtype": "bfloat16" if model.bfloat16 else "float32",
             "entries too long for the context": sum(part.left_out for part in sets)}
    print(*(f"{name}: {fact:,}" if type(fact) is int else f"{name}: {fact}" for name, fact in facts.items()), sep="\n")
    require(all(sets), "in one part of the data, no entry is shorter than the context")
    loaded = heading("Baseline: the model as it comes")
    if saved["progress"]: base_scores, base_responses = saved["base"]
    else:
        idx = text_to_token_ids("The capital of France is", tokenizer).to(device)
        idx = generate_text_simple(model.eval(), idx, max_new_tokens=12, context_size=context_size)
        print(f"It continues texts: {token_ids_to_text(idx, tokenizer)!r}")
        base_scores, base_responses = score_model(model, test_set, tokenizer, args.max_new_tokens, device)
        print(f"On the answers of the test set, its loss is {base_scores['loss']:.3f}. Its own answers:")
        show_answers(test_set.entries[:3], {"base model": base_responses})
    train_start = heading("Fine-tuning")
    step_size, sample = args.batch_size * args.accumulate * N_RANKS, val_set.entries[0]
    steps_per_epoch = math.ceil(len(train_set) / step_size)
    n_steps, eval_freq = args.epochs * steps_per_epoch, math.ceil(args.epochs * steps_per_epoch / 10)
    print(f"epochs: {args.epochs}, steps: {n_steps:,} of {step_size} entries, learning rate: {lr:g} ({args.schedule})")
    if not (args.resume or RANK) and unfinished.exists():
        print(f"{unfinished}, not used without --resume, is kept as", unfinished.replace(out / "unfinished.old.pth"))
    show_answers([sample], {})
    epochs_seen = [step / steps_per_epoch for step in sorted({1, n_steps, *range(eval_freq, n_steps, eval_freq)})]
    def save(now):
        if RANK: return  # the first process writes for all
        save_training(unfinished, model, optimizer, progress=now, settings=settings, base=(base_scores, base_responses))
        plot_losses(epochs_seen[: len(now["val_losses"])], now["track_tokens_seen"], now["train_losses"],
                    now["val_losses"], out / "loss-plot.png")
    train, val, tokens = train_model_simple(
        model, train_set, make_loader(val_set, 32, tokenizer, context_size), optimizer, device, args.epochs,
        args.batch_size, eval_freq, format_input(sample) + RESPONSE_HEADER, tokenizer, args.seed, saved["progress"],
        save, args.accumulate, cosine_schedule if args.schedule == "cosine" else lambda *_: 1.0, args.patience)
    trained = heading(f"Evaluation: the unseen test set{', with the best weights' if args.patience else ''}")
    scores, responses = score_model(model, test_set, tokenizer, args.max_new_tokens, device)
    print(f"{'':16}{'base model':>12}{'fine-tuned':>12}")
    for key in scores: print(f"{key.replace('_', ' '):16}{base_scores[key]:12.3f}{scores[key]:12.3f}")
    show_answers(test_set.entries[:3], {"base model": base_responses, "fine-tuned": responses})
    if RANK: return
    evaluated = heading("Files")
    with whole_file(out / f"gpt2-{size}-sft.pth", 4 * n_parameters) as file:
        torch.save(model.cpu().state_dict(), file)  # from the CPU, so that any machine can load it
    answers = [{**entry, "base_response": base, "model_response": tuned} for entry, base, tuned in zip(
        test_set.entries, base_responses, responses, strict=True)]
    save_json(answers, out / "instruction-data-with-response.json")
    seconds = {"load": loaded - start, "baseline": train_start - loaded, "train": trained - train_start,
               "evaluate": evaluated - trained, "total": time.perf_counter() - start}
    losses = {"epochs": epochs_seen[: len(val)], "tokens": tokens, "train": train, "validation": val}
    save_json({**facts, "settings": settings, "losses": losses, "seconds": seconds, "scores": {"base": base_scores,
        "tuned": scores}, "steps": round(losses["epochs"][-1] * steps_per_epoch), "train_tokens_per_second": (
        tokens[-1] - saved["progress"].get("tokens_seen", 0)) / seconds["train"]}, out / "metrics.json")
    for leftover in [unfinished, *(out.glob("*.part") if args.resume else [])]: leftover.unlink(missing_ok=True)
    print(f"{out}: loss-plot.png, instruction-data-with-response.json, gpt2-{size}-sft.pth, metrics.json")
    print(f"\nDone in {seconds['total']:.0f} s, of which fine-tuning {seconds['train']:.0f}. {note}")
def use(args):
    """Do with a fine-tuned model what these settings ask for."""
    require(N_RANKS == 1, "--ask and --export are the work of one process: start them without torchrun")
    device, names = choose_device(args.device), f"gpt2-{'*' if args.model == 'auto' else args.model}-sft.pth"
    files = sorted(Path(args.out).glob(names), key=lambda file: file.stat().st_mtime)
    require(files, f"there is no {names} in {args.out}: fine-tune first, without --ask and --export")
    size = files[-1].name.removeprefix("gpt2-").removesuffix("-sft.pth")
    model, tokenizer, source = load_model(size, args.weights, args.weights_url, tuned=files[-1])
    if args.export: export(model, source, Path(args.export))
    if args.ask is None: return print(f"{files[-1]} is now in {args.export}, too, in the format of Hugging Face")
    move_model(model, device, choose_dtype(args.dtype, device, model.cfg), tokenizer)
    with suppress(EOFError):  # Ctrl-D
        for instruction in [args.ask] if args.ask else iter(lambda: input("> "), None):
            prompt = format_input({"instruction": instruction, "input": args.input}) + RESPONSE_HEADER
            print(respond(model, tokenizer, prompt, args.max_new_tokens, args.temperature, args.top_k))
def main(argv=None):
    """Run the script: exit status 0 if all went well, 1 with one line if not, 2 for a wrong command line."""
    args = parse_args(argv)
    if RANK: sys.stdout = open(os.devnull, "w")  # of several processes, the first one speaks  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter shows "?", and a log is never behind
        if hasattr(stream, "reconfigure"): stream.reconfigure(errors="replace", line_buffering=True)
    torch.manual_seed(args.seed)
    try:
        (use if args.export or args.ask is not None else run)(args)
        if N_RANKS > 1: os._exit(0)  # PyTorch's threads sometimes abort a process that ends in the usual way
    except (UserError, OSError) as problem:
        sys.exit(f"error: {problem}")
    except (MemoryError, RuntimeError) as problem:
        if not isinstance(problem, MemoryError) and not OUT_OF_MEMORY.search(str(problem)): raise
        sys.exit(f"error: out of memory ({reason(problem)}): try a smaller --batch-size (with --accumulate) or --model")
    except KeyboardInterrupt:
        sys.exit(f"stopped; a download goes on where it was, a training with --resume ({args.out}/unfinished.pth)")
if __name__ == "__main__": main()
