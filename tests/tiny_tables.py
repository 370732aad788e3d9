"""Print the tables of gpt2/tiny/README.md: how well the tiny model answers once it is fine-tuned, with what it has
learned before and from random weights, and how many questions of tiny_facts.json it answers rightly.

    python tests/tiny_tables.py                  three seeds, six runs
    python tests/tiny_tables.py --seeds 123      one seed

Each run is one of `python finetune_gpt2.py`, in the number format that it chooses. tiny_facts.json lists test entries
that ask for a fact: `sentence` states it and stands in the text that the model was pre-trained on; no training entry
states it, which was looked up with `train_words`. An answer is right if all patterns of `right` are found in it, and
none of `wrong`.
"""
import argparse
import json
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
