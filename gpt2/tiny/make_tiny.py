"""Make the toy: a text about a small world, and a small GPT-2 that has learned from it.

    python gpt2/tiny/make_tiny.py      (needs tokenizers, and PyTorch 2.9 or later)

It writes instruction-data.json, hparams.json, encoder.json, vocab.bpe and the weights
beside this script. With the same seed, they are the same, up to rounding.

 1. The text       statements about the world of world.py, some to a document
 2. The entries    instructions about the same world, for fine-tuning
 3. The tokens     byte-pair encoding, learned from both
 4. The training   next-token prediction, as OpenAI did it with GPT-2
 5. The files      what finetune_gpt2.py reads
"""

import argparse
import json
import random
import sys
import time
from collections import namedtuple
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
from torch import nn
from tqdm import tqdm

TINY = Path(__file__).resolve().parent
sys.path[:0] = [str(TINY), str(TINY.parent.parent)]

import world  # noqa: E402, now it is found

import finetune_gpt2 as ft  # noqa: E402, now it is found

# ---- 1. The text ---------------------------------------------------------------------
# A document is a few statements that stand together because they are about the same
# thing, because they are of one kind, or by chance. In each round, every fact is stated
# once, in a wording that is drawn. It takes some hundred rounds, in different wordings,
# until the model knows a fact well enough to answer with it.
ROUNDS = 150
ROUNDS_PER_FORM = 10  # the forms of a sentence follow rules, and need fewer
Fact = namedtuple("Fact", "kind x y")


def with_article(noun):
    """Return a noun with "a" or "an" before it."""
    is_vowel = noun[0].lower() in "aeiou" and not noun.startswith("uni")
    return f"an {noun}" if is_vowel else f"a {noun}"


def fill(text, fact):
    """Return a text of world.py with the sides of a fact in it."""
    articles = {"a_x": with_article(fact.x), "a_y": with_article(fact.y)}
    return text.format(x=fact.x, y=fact.y, **articles)


def capital(text):
    """Return a text with a capital letter in front."""
    return text[0].upper() + text[1:]


def facts_of(kinds):
    """Return all facts of some kinds, {name: Kind}."""
    facts = []
    for name, kind in kinds.items():
        facts += [Fact(name, x, y) for x, y in kind.facts.items()]
    return facts


def state(fact, r):
    """Return a fact as a sentence, or two sentences, in a wording that is drawn."""
    text = fill(r.choice(world.KINDS[fact.kind].wordings), fact)
    if fact.kind in world.FACTS:
        text = r.choice(world.FRAMES).format(s=text)
    return capital(text)


def thing(fact):
    """Return what a fact is about, without its article."""
    return fact.x.removeprefix("a ").removeprefix("an ")


def documents_of(facts, key, r):
    """Return documents, each of some facts that agree in key(fact)."""
    facts = r.sample(facts, len(facts))
    facts.sort(key=key)
    documents = []
    while facts:
        n = r.choice([1, 2, 3, 4, 5])
        some = [fact for fact in facts[:n] if key(fact) == key(facts[0])]
        facts = facts[len(some) :]
        separator = r.choice([" ", "\n"])
        documents.append(separator.join(state(fact, r) for fact in some))
    return documents


def make_text(seed, rounds):
    """Return the documents of all rounds in random order."""
    r = random.Random(seed)
    keys = [thing, lambda fact: fact.kind, lambda fact: 0]
    documents = []
    for n in range(rounds):
        documents += documents_of(facts_of(world.FACTS), keys[n % 3], r)
        if n % ROUNDS_PER_FORM == 0:
            documents += documents_of(facts_of(world.FORMS), r.choice(keys), r)
    r.shuffle(documents)
    return documents


# ---- 2. The entries ------------------------------------------------------------------
# An entry asks for a fact. Those to test and to validate with ask for facts that stand
# in the text, but in no entry to train on: what the model answers there, it can only
# know from the text. The script splits entries by position, so these come last.
N_TRAINING = 748  # 85 % of the entries
N_TEST = 4  # of each of the 22 kinds: 10 % of the entries
N_VALIDATION = 2  # of each kind: 5 %


def facts_to_ask(name, r):
    """Return the facts of one kind that entries may ask for, in random order.

    No sentence is asked for in two forms, and of opposites, only one direction: else
    one entry could tell something about another.
    """
    facts = facts_of({name: world.KINDS[name]})
    if name in world.FORMS:
        n_forms = len(world.FORMS)
        facts = facts[list(world.FORMS).index(name) :: n_forms]
    r.shuffle(facts)
    if name == "opposite":
        facts = list({frozenset(fact[1:]): fact for fact in facts}.values())
    return facts


def split_world(seed=1):
    """Return {"training": facts, "test": ..., "validation": ..., "unused": ...}.

    The unused ones are in no entry. They are further facts to test with.
    """
    r = random.Random(seed)
    parts = {"training": [], "test": [], "validation": [], "unused": []}
    n_held_out = N_TEST + N_VALIDATION
    for name in world.KINDS:
        facts = facts_to_ask(name, r)
        first = n_held_out + len(facts) // 8
        parts["test"] += facts[:N_TEST]
        parts["validation"] += facts[N_TEST:n_held_out]
        parts["unused"] += facts[n_held_out:first]
        parts["training"] += facts[first : first + 38]
    r.shuffle(parts["training"])
    parts["unused"] += parts["training"][N_TRAINING:]
    del parts["training"][N_TRAINING:]
    return parts


def ask(fact, r):
    """Return an entry that asks for a fact."""
    kind = world.KINDS[fact.kind]
    instruction = r.choice(kind.instructions)
    is_named = "{" in instruction
    return {
        "instruction": capital(fill(instruction, fact)),
        "input": "" if is_named else fact.x,
        "output": capital(fill(kind.answer, fact)),
    }


def make_entries(seed=1):
    """Return the entries in order: to train on, to test with, to validate with."""
    r = random.Random(seed)
    parts = split_world(seed)
    entries = []
    for part in ("training", "test", "validation"):
        entries += [ask(fact, r) for fact in r.sample(parts[part], len(parts[part]))]
    return entries


# ---- 3. The tokens -------------------------------------------------------------------
# Byte-pair encoding begins with single bytes and joins, again and again, the two
# neighbors that stand together most often. The prompts take part, so that they become
# few tokens.
def write_tokenizer(texts, vocab_size, folder):
    """Learn byte-pair encoding from texts, and write encoder.json and vocab.bpe."""
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(ft.PIECES), behavior="isolated")
    letters = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, letters])
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - 1,  # one number is kept for the end of text
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    encoder, merges = map(Path, tokenizer.model.save(str(folder)))
    tokens = json.loads(encoder.read_text(encoding="utf-8"))
    tokens["<|endoftext|>"] = len(tokens)
    encoder.unlink()
    write_json(tokens, folder / "encoder.json")
    merges.replace(folder / "vocab.bpe")


def write_json(content, path):
    """Write content in one line."""
    path.write_text(json.dumps(content) + "\n", encoding="utf-8", newline="\n")


# ---- 4. The training -----------------------------------------------------------------
# All documents, each ended by <|endoftext|>, make one long row of tokens. It is cut
# into windows, and every token of a window is to be predicted from those before it.
# The matrices of the blocks learn by Muon (https://kellerjordan.github.io/posts/muon/),
# which gives all directions of a step the same length, also those that are rare in the
# gradients. With AdamW alone, the loss falls half as fast.
BATCH = 4  # windows in a step
ADAM_RATE = 5e-3  # the highest learning rates
MUON_RATE = 2e-2


def tokens_of(documents, tokenizer):
    """Return the documents as one row of tokens."""
    row = []
    for document in documents:
        row += [*tokenizer.encode_ordinary(document), tokenizer.eot_token]
    return torch.tensor(row)


def loss_of(model, windows):
    """Return the mean loss of predicting each next token in windows."""
    logits = model(windows[:, :-1]).flatten(0, 1)
    return F.cross_entropy(logits, windows[:, 1:].flatten())


def optimizers_of(model):
    """Return [(optimizer, its highest learning rate)]: Muon, and AdamW for the rest."""
    matrices = [w for w in model.trf_blocks.parameters() if w.dim() == 2]
    of_muon = set(map(id, matrices))
    others = [w for w in model.parameters() if id(w) not in of_muon]
    muon = torch.optim.Muon(matrices, weight_decay=0.05)
    adam = torch.optim.AdamW(others, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    return [(muon, MUON_RATE), (adam, ADAM_RATE)]


def pretrain(model, tokens, n_steps=None):
    """Train the model on a row of tokens, each of which it sees once."""
    context = model.cfg["context_length"]
    windows = tokens[: len(tokens) // context * context].view(-1, context)
    batches = windows[torch.randperm(len(windows))].split(BATCH)[:n_steps]
    optimizers = optimizers_of(model)
    losses = []
    model.train()
    for step, batch in enumerate(tqdm(batches, unit="step", disable=None)):
        if step % 4:  # short windows are faster; the others train the later places
            batch = torch.cat(batch.chunk(2, dim=1))
        model.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        for optimizer, rate in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * ft.cosine_schedule(step, len(batches))
            optimizer.step()
        losses.append(loss.item())
        if step % 250 == 249 or step == len(batches) - 1:
            recent = losses[-250:]
            mean = sum(recent) / len(recent)
            tqdm.write(f"  step {step + 1:>6}/{len(batches)}   loss {mean:.3f}")


# ---- 5. The files --------------------------------------------------------------------
def write_model(model, folder):
    """Write hparams.json and the weights."""
    sizes = {theirs: model.cfg[ours] for theirs, ours in ft.SIZE_NAMES.items()}
    write_json(sizes, folder / "hparams.json")
    with ft.whole_file(folder / ft.OPENAI_WEIGHTS) as file:
        for _, _, _, array in ft.arrays_of(model):
            file.write(array.contiguous().numpy())


def make(folder, seed, rounds=ROUNDS, n_steps=None):
    """Do the whole job, and write everything into the folder."""
    start = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    cfg = ft.MODELS["tiny"]
    entries = make_entries()
    ft.save_json(entries, folder / "instruction-data.json")
    text = make_text(seed, rounds)
    prompts = [ft.format_input(e) + ft.RESPONSE_HEADER for e in entries[:N_TRAINING]]
    write_tokenizer(text[:100_000] + prompts, cfg["vocab_size"], folder)
    tokenizer = ft.load_tokenizer(folder)
    tokens = tokens_of(text, tokenizer)
    print(f"{len(text):,} documents, {len(tokens):,} tokens", flush=True)
    torch.manual_seed(seed)
    model = ft.GPTModel(cfg)
    pretrain(model, tokens, n_steps)
    write_model(model, folder)
    print(f"done in {(time.perf_counter() - start) / 60:.1f} minutes")


def main():
    """Read the command line, and make the toy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--out", type=Path, default=TINY, help="where to write (beside this script)")
    add("--seed", type=int, default=123, help="of random numbers (123)")
    add("--rounds", type=int, default=ROUNDS, help=f"of all facts ({ROUNDS})")
    args = parser.parse_args()
    make(args.out, args.seed, args.rounds)


if __name__ == "__main__":
    main()
