"""Print the tables of gpt2/tiny/README.md: how many new entries the tiny model completes as it comes; and how well it
answers once it is fine-tuned, with what it has learned before and from random weights, and how many questions of
tiny_facts.json it answers rightly.

    python tests/tiny_tables.py                  three seeds, six runs
    python tests/tiny_tables.py --seeds 123      one seed

An entry is completed if what follows is its text, word for word, though there may be several right texts. The functions
of entries_*.py make entries that the model has hardly met; the rows of the tables it has met, in other words and
layouts.

Each run is one of `python finetune_gpt2.py`, in the number format that it chooses. tiny_facts.json lists test entries
that ask for a fact: `sentence` states it and stands in the text that the model was pre-trained on; no training entry
states it, which was looked up with `train_words`. An answer is right if all patterns of `right` are found in it, and
none of `wrong`.
"""
import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "gpt2" / "tiny")]

import make_tiny  # noqa: E402
import statements  # noqa: E402

import finetune_gpt2 as ft  # noqa: E402

FACTS = json.loads((ROOT / "tests" / "tiny_facts.json").read_text(encoding="utf-8"))


def is_right(fact, response):
    """Tell whether a response states a fact of tiny_facts.json."""
    def found(pattern):
        return re.search(pattern, response, re.IGNORECASE)
    return all(map(found, fact["right"])) and not any(map(found, fact.get("wrong", [])))


def facts_among(answers):
    """Return [(fact, response)] of the facts that are asked for in answers, entries with a model_response."""
    asked = {(fact["instruction"], fact["input"]): fact for fact in FACTS}
    keys = [((answer["instruction"], answer["input"]), answer["model_response"]) for answer in answers]
    return [(asked[key], response) for key, response in keys if key in asked]


def new_entries(n_made=5, n_rows=40, seed=77):
    """Return [(kind, entry without its text, text)]: n_made of each function in entries_*.py, and n_rows of each file
    of tables, in one of the layouts of the text that the model was pre-trained on."""
    r = random.Random(seed)
    found = []
    for function, _ in statements.TOPIC_MAKERS:
        found += [(function.__module__.replace("entries_", "made: "), *function(r)) for _ in range(n_made)]
    blocks, _ = make_tiny.read_text()
    for file in sorted({block.file for block in blocks if block.topics}):
        tables = [block for block in blocks if block.file == file and block.topics]
        for _ in range(n_rows):
            parts = None
            while not parts:  # none, if the topic needs another row and there is none
                block = r.choice(tables)
                parts = statements.filled_topic(block, r.choice(block.topics), r.choice(block.rows), r)
            found.append((f"table: {file}", *parts))
    entries = []
    for kind, title, text, *material in found:
        material = f"Material:\n{material[0]}\n\n" if any(material) else ""
        heading = f"{r.choice(statements.INTROS)}\n\nTopic:\n{statements.capital(title)}\n\n"
        entries.append((kind, heading + material + "Text:\n", text))
    return entries


def completed(model, tokenizer, entries):
    """Return {kind: [whether the model completes an entry]}."""
    heads = [tokenizer.encode_ordinary(head) for _, head, _ in entries]
    found = {}
    for (kind, _, text), response in zip(entries, ft.generate_responses(model, heads, tokenizer, 64), strict=True):
        # the text that it learned from has no end of text where another entry follows
        found.setdefault(kind, []).append(response.split("\n\n")[0].strip() == text.split("\n\n")[0].strip())
    return found


def write_random_weights(folder, seed):
    """Write a model of the tiny model's shape and tokenizer, with random weights."""
    folder.mkdir(parents=True)
    for name in ("encoder.json", "vocab.bpe"):
        shutil.copy(make_tiny.TINY / name, folder)
    torch.manual_seed(seed)
    make_tiny.write_model(ft.GPTModel(ft.MODELS["tiny"]), folder)


def run(out, *arguments):
    """Fine-tune, and return (metrics, the facts that were asked for, those answered rightly)."""
    subprocess.run([sys.executable, str(ROOT / "finetune_gpt2.py"), "--out", str(out), *arguments], check=True,
                   stdout=subprocess.DEVNULL)
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    answers = json.loads((out / "instruction-data-with-response.json").read_text(encoding="utf-8"))
    asked = facts_among(answers)
    return metrics, asked, [(fact, response) for fact, response in asked if is_right(fact, response)]


def main():
    parser = argparse.ArgumentParser(description="Print the tables of gpt2/tiny/README.md.")
    parser.add_argument("--seeds", default="123,1,2", help="seeds, with commas between them (default: 123,1,2)")
    parser.add_argument("--out", type=Path, help="folder to keep the runs in (default: a temporary one)")
    args = parser.parse_args()
    model, tokenizer, _ = ft.load_model("tiny", ROOT / "gpt2")
    print("| entries | tried | completed |\n| --- | --- | --- |")
    for kind, marks in completed(model.eval(), tokenizer, new_entries()).items():
        print(f"| {kind} | {len(marks)} | {sum(marks) / len(marks):.0%} |")
    print(flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        out = args.out or Path(temporary)
        print("| seed | | loss | exact match | token F1 | facts | seconds |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for seed in args.seeds.split(","):
            weights = Path(temporary) / f"random-{seed}"
            write_random_weights(weights, int(seed))
            for name, own in (("pre-trained", ["--model", "tiny"]), ("random", ["--weights", str(weights)])):
                metrics, asked, right = run(out / f"{name}-{seed}", *own, "--seed", seed)
                scores = metrics["scores"]["tuned"]
                print(f"| {seed} | {name} | {scores['loss']:.3f} | {scores['exact_match']:.3f} |"
                      f" {scores['token_f1']:.3f} | {len(right)} of {len(asked)} |"
                      f" {metrics['seconds']['total']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
