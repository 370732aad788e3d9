"""Make the tiny model: from our own text to a small GPT-2 that has learned from it, in GPT-2's file format.

    python gpt2/tiny/make_tiny.py          (needs the package tokenizers, which comes with tests/requirements.txt)

It writes hparams.json, encoder.json, vocab.bpe and model.ckpt.data-00000-of-00001 beside this script. The same text
and the same seed give the same model, up to rounding that differs from machine to machine.

 1. The text      text/*.txt holds tables with sentences to put them into, and prose; statements.py makes the rest
 2. The tokens    byte-pair encoding, learned from that text
 3. The training  next-token prediction, as OpenAI did it with GPT-2
 4. The files     what finetune_gpt2.py reads
"""
import argparse
import json
import math
import random
import re
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
from torch import nn
from tqdm import tqdm

TINY = Path(__file__).resolve().parent
sys.path[:0] = [str(TINY), str(TINY.parent.parent)]
# importing them enters their functions into statements.TOPIC_MAKERS
import entries_code  # noqa: E402, F401
import entries_numbers  # noqa: E402, F401
import entries_sentences  # noqa: E402, F401
import entries_texts  # noqa: E402, F401
import entries_words  # noqa: E402, F401
import statements  # noqa: E402

import finetune_gpt2 as ft  # noqa: E402

END = "<|endoftext|>"

# ---- 1. The text -------------------------------------------------------------------------------------------------
# A document is a few lines that belong together: several facts about one thing, one kind of fact about several
# things, a paragraph of prose, or what a function of statements.py returns.

# Some documents are entries, which name their topic before the text that belongs to it: tables have topic lines for
# them, and entries_*.py functions. The model reads in two stages: first of everything alike, to learn the language and
# to copy, then mostly entries and facts. part: of the whole training; rounds: how often each row of a table meets each
# of its sentences; topics: how often it meets each of its topic lines; prose: how often each paragraph occurs; made and
# n_entries: calls of the functions in statements.py and in entries_*.py.
STAGES = [
    {"part": 0.6, "rounds": 5, "topics": 5, "prose": 12, "made": 120_000, "n_entries": 190_000},
    {"part": 0.4, "rounds": 1, "topics": 6, "prose": 4, "made": 20_000, "n_entries": 150_000},
]

SMALL_WORDS = re.compile("(a|an|the|of|to|in|on|at|by|for|from|with|as|and|or|but|so|that|which|who|whose|it|its|is|are"
                         "|was|were|be|been|has|have|had|do|does|did|not|no|this|these|those|there|their|his|her|he|she|they"
                         "|we|you|i|can|will|would|may|must|should|if|when|than|then)", re.IGNORECASE)


def card(sentence, r):
    """Return an index card: a few words of a sentence, in any order, and the sentence; or one with a gap."""
    words = re.findall(r"[\w'-]+", sentence)
    weighty = [word for word in words if not SMALL_WORDS.fullmatch(word)]
    if len(weighty) < 2:
        return sentence
    if r.random() < 0.15:
        word = r.choice(weighty[-3:])
        gap = re.sub(rf"\b{re.escape(word)}\b", "____", sentence)
        return r.choice([f"{gap}\n\n{sentence}", f"{gap}\n\n{word}", f'In "{gap}" the missing word is "{word}."',
                         f"The word that is missing here is {word}.\n\n{gap}\n\n{sentence}"])
    keep = weighty[:-1] if r.random() < 0.8 else weighty  # mostly, the last one is what the card is to tell
    keys = r.sample(keep, min(len(keep), r.choice([1, 2, 2, 3, 4])))
    if r.random() < 0.6:
        keys.sort(key=words.index)
    keys = r.choice([", ", " ", " ", " and "]).join(keys)
    keys = statements.capital(keys) if r.random() < 0.7 else keys
    if r.random() < 0.6:
        sign = r.choice(["", ":", "."])
        return f"{keys}{sign if ' ' in keys else ''}\n\n{sentence}"  # "Answer:" would look like a question's answer
    top = r.choice(["Words", "Topic", "Subject", "Title", "Note", "Card", "About", "Key words"])
    bottom = r.choice(["Sentence", "Text", "Fact", "Entry", "Statement", "In full"])
    return r.choice([f"{top}:\n{keys}\n\n{bottom}:\n{sentence}", f"{top}: {keys}\n{bottom}: {sentence}"])


LABEL = re.compile(r"(?<=[.!?]) (?=[A-Z][a-z ]*: )")  # before a label, such as "Title: ", a new line may begin


def table_documents(block, r):
    """Return documents in which each row of a table is put into each of its templates once."""
    documents = []
    for row in block.rows:  # several facts about one thing
        sentences = [statements.fill(template, row) for template in block.templates]
        r.shuffle(sentences)
        while sentences:
            n = r.choice([1, 1, 1, 2, 3])
            text = r.choice([" ", " ", "\n"]).join(sentences[:n])
            documents.append(card(text, r) if n == 1 and "\n" not in text and r.random() < 0.4 else text)
            sentences = sentences[n:]
    for template in block.templates:  # the same fact about several things
        rows = r.sample(block.rows, min(4, len(block.rows)))
        documents.append("\n".join(statements.fill(template, row) for row in rows))
    return [LABEL.sub("\n", document) if r.random() < 0.5 else document for document in documents]


def topic_documents(block, r):
    """Return an entry for each row and each topic of a table."""
    filled = [statements.filled_topic(block, topic, row, r) for topic in block.topics for row in block.rows]
    return [statements.entry(r, *parts) for parts in filled if parts]


def read_text():
    """Return (blocks, paragraphs) of the text files."""
    blocks, paragraphs = [], []
    for path in sorted((TINY / "text").glob("*.txt")):
        if path.name.startswith("prose"):
            paragraphs += [line.strip() for line in path.read_text(encoding="utf-8").splitlines()
                           if line.strip() and not line.startswith("#")]
        else:
            for block in statements.read_blocks(path):
                block.file = path.stem
                blocks += [block] if block.templates else []
    return blocks, paragraphs


def made_documents(n, r):
    """Return n documents that the functions of statements.py make."""
    functions, shares = zip(*statements.MAKERS, strict=True)
    documents = []
    for function in r.choices(functions, shares, k=n):
        k = r.choice([1, 1, 1, 2, 3])
        documents.append(r.choice(["\n", "\n\n"]).join(function(r) for _ in range(k)))
    return documents


def instruction_data():
    """Return the training, test and validation entries of the instruction data."""
    return ft.split_data(ft.download_and_load_file(TINY.parent.parent / "instruction-data.json"))


def held_out_phrases(entries):
    """Return what must not occur in the text: the instructions of entries, and their longer inputs and answers. Short
    answers may be facts that stand in many texts ("Lima", "It is a noun.")."""
    least_words = {"instruction": 1, "input": 4, "output": 7}
    return [entry[key] for entry in entries for key, n in least_words.items() if len(entry[key].split()) >= n]


def without(documents, phrases):
    """Return the documents that hold none of the phrases."""
    text = "\0".join(documents)
    found = [phrase for phrase in phrases if phrase in text]
    return [document for document in documents if not any(phrase in document for phrase in found)]


def made_entries(n, r):
    """Return n entries that the functions of entries_*.py make."""
    functions, shares = zip(*statements.TOPIC_MAKERS, strict=True)
    return [statements.entry(r, *function(r)) for function in r.choices(functions, shares, k=n)]


def all_documents(seed, rounds, topics, prose, made, n_entries=0):
    """Return the documents of a stage (see STAGES), in random order. None holds an entry that the fine-tuned model is
    tested or validated on."""
    r = random.Random(seed)
    blocks, paragraphs = read_text()
    _, test_data, validation_data = instruction_data()
    documents = [document for block in blocks for _ in range(rounds) for document in table_documents(block, r)]
    documents += paragraphs * prose
    documents += made_documents(made, r)
    entries = [document for block in blocks for _ in range(topics) for document in topic_documents(block, r)]
    entries += made_entries(n_entries, r)
    r.shuffle(entries)
    while entries:  # mostly one entry alone, sometimes two or three after each other
        n = r.choice([1, 1, 1, 1, 2, 3])
        documents.append("\n\n".join(entries[-n:]))
        del entries[-n:]
    documents = without(documents, held_out_phrases(test_data + validation_data))
    r.shuffle(documents)
    return documents


# ---- 2. The tokens -----------------------------------------------------------------------------------------------
# Byte-pair encoding begins with single bytes and joins, again and again, the two neighbors that are together most
# often. The training part of the instruction data takes part, so that what stands in every prompt is short.

def learn_merges(texts, vocab_size):
    """Return the byte-pair merges, most frequent first, that fill a vocabulary of this size."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(ft.PIECES), behavior="isolated"),
        pre_tokenizers.Split(Regex(r"\p{N}"), behavior="isolated"),  # each digit is a token: sums are easier so
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - 1,  # one number is kept for the end of text
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return [tuple(merge) for merge in json.loads(tokenizer.to_str())["model"]["merges"]]


def byte_letters():
    """Return GPT-2's letters for the 256 bytes, in the order of their token numbers: printable ones first."""
    printable = [byte for byte in range(256) if chr(byte).isprintable() and chr(byte) != " "]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + n) for n in range(len(others))]


def write_tokenizer(merges, folder):
    """Write encoder.json and vocab.bpe."""
    tokens = byte_letters() + [first + second for first, second in merges] + [END]
    encoder = {token: number for number, token in enumerate(tokens)}
    vocab_bpe = "#version: 0.2\n" + "".join(f"{first} {second}\n" for first, second in merges)
    (folder / "vocab.bpe").write_text(vocab_bpe, encoding="utf-8", newline="\n")
    (folder / "encoder.json").write_text(json.dumps(encoder) + "\n", encoding="utf-8", newline="\n")


def prompts():
    """Return the training part of the instruction data, laid out as prompts with answers."""
    return [ft.format_input(entry) + ft.RESPONSE_HEADER + entry["output"] for entry in instruction_data()[0]]


# ---- 3. The training ---------------------------------------------------------------------------------------------
# All documents, one after the other with <|endoftext|> between them, are one long row of tokens, cut into windows.
# Every token of a window is to be predicted from those before it. An hour or two is little, so the matrices inside the
# model learn by Muon instead of AdamW: after 320 steps its loss was 3.2 where that of AdamW was 4.1.

WINDOW = 256  # tokens: the model's context
BATCH = 16  # windows per step
ADAM_RATE, MUON_RATE = 3e-3, 2e-2  # the highest learning rates


def orthogonal(matrices):
    """Return the matrices, (N, rows, columns), with all their singular values brought to about 1, by five steps of a
    Newton-Schulz iteration (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/)."""
    x = matrices.bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
    return (x.mT if tall else x).float()


class Muon:
    """Moves each matrix by the mean of its recent gradients, made orthogonal: so all its directions learn alike, also
    those that are rare in the gradients."""
    def __init__(self, matrices):
        self.alike = {}  # matrices of one shape are computed together
        for matrix in matrices:
            self.alike.setdefault(matrix.shape, []).append(matrix)
        self.means = {shape: torch.zeros(len(group), *shape, device=group[0].device)
                      for shape, group in self.alike.items()}

    @torch.no_grad()
    def step(self, rate):
        for (rows, columns), group in self.alike.items():
            gradients = torch.stack([matrix.grad for matrix in group])
            mean = self.means[rows, columns].lerp_(gradients, 0.05)
            moves = orthogonal(gradients.lerp(mean, 0.95)) * max(1, rows / columns) ** 0.5
            for matrix, move in zip(group, moves, strict=True):
                matrix.mul_(1 - 0.05 * rate).sub_(move, alpha=rate)  # 0.05: weight decay


def tokens_of(documents, tokenizer):
    """Return the documents as one row of tokens, each ended by <|endoftext|>."""
    parts = []
    for chunk in ft.chunks(documents, 10_000):  # as arrays at once: lists of numbers take ten times the memory
        rows = [[*document, tokenizer.eot_token] for document in tokenizer.encode_ordinary_batch(chunk)]
        parts.append(np.concatenate(rows, dtype=np.int32))
    return torch.from_numpy(np.concatenate(parts))


def loss_of(model, windows):
    """Return the mean loss of predicting each next token in windows, (B, WINDOW + 1)."""
    windows = windows.long()
    logits = model(windows[:, :-1]).flatten(0, 1).float()
    return F.cross_entropy(logits, windows[:, 1:].flatten())


def rate_factor(step, done):
    """Return by what the highest learning rates are multiplied: a warm-up, then half a cosine. done: 0 to 1."""
    return min(1, (step + 1) / 50) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * done)))


def windows_of(tokens, randomness):
    """Yield batches of windows, (BATCH, WINDOW + 1), for ever: through the text in random order, and again with other
    borders between the windows."""
    while True:
        offset = int(torch.randint(WINDOW, (), generator=randomness))
        starts = torch.arange(offset, len(tokens) - WINDOW - 1, WINDOW)
        starts = starts[torch.randperm(len(starts), generator=randomness)].tolist()
        for some in ft.chunks(starts, BATCH):
            yield torch.stack([tokens[start : start + WINDOW + 1] for start in some])


def pretrain(model, texts, n_steps, seed, minutes=math.inf, compiled=False):
    """Train the model on texts, a list of (part of the training, row of tokens), for n_steps or minutes, whichever is
    over first. Return the number of steps and the mean loss of the last hundred."""
    loss_function = torch.compile(loss_of, dynamic=False) if compiled else loss_of
    inside = [weight for weight in model.trf_blocks.parameters() if weight.dim() == 2]
    ids = set(map(id, inside))
    others = [weight for weight in model.parameters() if id(weight) not in ids]  # embeddings, biases, norms
    muon, adam = Muon(inside), torch.optim.AdamW(others, lr=ADAM_RATE, betas=(0.9, 0.98), weight_decay=0)
    device = others[0].device
    randomness = torch.Generator().manual_seed(seed)
    stages = [windows_of(tokens, randomness) for _, tokens in texts]
    ends = np.cumsum([part for part, _ in texts])[:-1]  # of all stages but the last, as parts of the training
    losses, begin = [], time.perf_counter()
    model.train()
    for step in tqdm(range(n_steps), desc="pre-training", unit="step", disable=None):
        done = max(step / n_steps, (time.perf_counter() - begin) / (60 * minutes))
        if done > 1:
            break
        windows = next(stages[sum(done >= ends)])
        if step % 4:  # attention takes less time in short windows; one step in four learns the later positions
            windows = torch.cat([windows[:, : WINDOW // 2 + 1], windows[:, WINDOW // 2 :]])
        factor = rate_factor(step, done)
        loss = loss_function(model, windows.to(device))
        model.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(others, max_norm=1.0)
        muon.step(MUON_RATE * factor)
        for group in adam.param_groups:
            group["lr"] = ADAM_RATE * factor
        adam.step()
        losses.append(loss.item())  # a number: thousands of small tensors would scatter the memory
        if step % 250 == 249 or step == n_steps - 1:
            tqdm.write(f"  step {step + 1:>6}/{n_steps}   loss {np.mean(losses[-250:]):.3f}")
    return len(losses), float(np.mean(losses[-100:]))


# ---- 4. The files ------------------------------------------------------------------------------------------------

def write_model(model, folder):
    """Write hparams.json and the weights."""
    sizes = {theirs: model.cfg[ours] for theirs, ours in ft.SIZE_NAMES.items()}
    (folder / "hparams.json").write_text(json.dumps(sizes) + "\n", encoding="utf-8", newline="\n")
    with ft.whole_file(folder / ft.OPENAI_FILES[-1]) as file:
        for _, _, _, array in ft.arrays_of(model):
            file.write(array.contiguous().numpy())


def make(folder, cfg, stages, n_steps=None, seed=123, device="cpu", dtype="auto", minutes=math.inf,
         compiled=False):
    """Do the whole job: write the four files into the folder, and return the model. It trains for n_steps (default: as
    many as the texts of the stages have windows) or minutes, whichever is over first."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [all_documents(seed + i, **{key: n for key, n in stage.items() if key != "part"})
             for i, stage in enumerate(stages)]
    held_out, texts[0] = texts[0][:200], texts[0][200:]
    write_tokenizer(learn_merges(texts[0][:400_000] + 20 * prompts(), cfg["vocab_size"]), folder)
    tokenizer = ft.load_tokenizer(folder)
    for i, documents in enumerate(texts):
        texts[i] = stages[i]["part"], tokens_of(documents, tokenizer)
        letters = sum(map(len, documents))
        print(f"{len(documents):,} documents, {letters:,} letters, {len(texts[i][1]):,} tokens", flush=True)
    torch.manual_seed(seed)
    device = torch.device(device)
    model = ft.GPTModel(cfg).to(device)
    model.dtype = ft.choose_dtype(dtype, device, cfg)
    start = time.perf_counter()
    n_steps = n_steps or sum(len(tokens) for _, tokens in texts) // (BATCH * WINDOW)
    n, loss = pretrain(model, texts, n_steps, seed, minutes, compiled)
    took = (time.perf_counter() - start) / 60
    windows = tokens_of(held_out, tokenizer)
    windows = windows[: len(windows) // (WINDOW + 1) * (WINDOW + 1)].view(-1, WINDOW + 1)
    with torch.no_grad():
        held_out_loss = float(loss_of(model.eval(), windows.to(device)))
    print(f"{n:,} steps of {BATCH * WINDOW:,} tokens in {took:.1f} minutes on {device};"
          f" loss per token: {loss:.3f} at the end, {held_out_loss:.3f} on {windows.numel():,} tokens held out")
    write_model(model.cpu(), folder)
    return model


def main():
    parser = argparse.ArgumentParser(description="Pre-train the tiny model and write its files beside this script.")
    parser.add_argument("--steps", type=int, metavar="N", help="steps (default: as many as it takes to read all once)")
    parser.add_argument("--minutes", type=float, metavar="N", default=math.inf, help="stop after so long at the latest")
    parser.add_argument("--seed", type=int, metavar="N", default=123, help="where random numbers start (default: 123)")
    parser.add_argument("--device", default="auto", help="cpu, cuda, mps (default: auto, a GPU if there is one)")
    parser.add_argument("--dtype", choices=["auto", "float32", "bfloat16"], default="auto",
                        help="number format of the matrix products (default: auto, the faster one here)")
    parser.add_argument("--compile", action="store_true", help="compile the model first: faster, needs a C++ compiler")
    parser.add_argument("--out", metavar="DIR", default=TINY, type=Path,
                        help="where to write (default: beside this script)")
    args = parser.parse_args()
    device = ft.choose_device(args.device)
    make(args.out, ft.MODELS["tiny"], STAGES, args.steps, args.seed, device, args.dtype, args.minutes,
         args.compile)


if __name__ == "__main__":
    main()
