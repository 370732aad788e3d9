"""Print how often the toy answers rightly what no training entry tells it.

    python tests/tiny_tables.py                     three seeds
    python tests/tiny_tables.py --weights gpt2/tiny /tmp/other --seeds 123

For each folder of weights (another one is `make_tiny.py --seed 1 --out DIR`) and each
seed, the script fine-tunes the model, and then a model of the same shape and tokenizer
with random weights. The figures are exact matches: on the test entries, of the base
model and of the fine-tuned one, and on all that is held out, which is also the
validation entries, and entries about those facts of the world that the instruction data
does not hold at all. The second table is about the latter, over all runs.
Other settings, such as --epochs, are passed on to the script.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
TINY = ROOT / "gpt2" / "tiny"
sys.path[:0] = [str(ROOT), str(TINY)]

import make_tiny  # noqa: E402, now it is found

import finetune_gpt2 as ft  # noqa: E402, now it is found


def held_out():
    """Return [(kind, entry)] of all facts that no training entry tells."""
    parts = make_tiny.split_world()
    r = random.Random(1)
    facts = parts["test"] + parts["validation"] + parts["unused"]
    return [(fact.kind, make_tiny.ask(fact, r)) for fact in facts]


def write_random_weights(source, folder, seed):
    """Write a model of the shape and with the tokenizer of another, untrained."""
    folder.mkdir(parents=True)
    for name in ("encoder.json", "vocab.bpe"):
        shutil.copy(source / name, folder)
    torch.manual_seed(seed)
    make_tiny.write_model(ft.GPTModel(ft.MODELS["tiny"]), folder)


def fine_tune(weights, seed, out, others):
    """Run the script. Return (its metrics, the fine-tuned model, the tokenizer)."""
    command = [sys.executable, str(ROOT / "finetune_gpt2.py"), "--model", "tiny"]
    command += ["--data", str(TINY / "instruction-data.json"), "--seed", str(seed)]
    command += ["--weights", str(weights.parent), "--out", str(out), *others]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    tuned = out / "gpt2-tiny-sft.pth"
    model, tokenizer, _ = ft.load_model("tiny", weights.parent, tuned=tuned)
    return metrics, model, tokenizer


def marks_of(model, tokenizer, entries):
    """Return {kind: [whether an answer is an exact match]}."""
    prompts = [ft.format_input(entry) + ft.RESPONSE_HEADER for _, entry in entries]
    prompts = [tokenizer.encode_ordinary(prompt) for prompt in prompts]
    answers = ft.generate_responses(model, prompts, tokenizer, 40)
    marks = defaultdict(list)
    for (kind, entry), answer in zip(entries, answers, strict=True):
        is_right = ft.answer_words(answer) == ft.answer_words(entry["output"])
        marks[kind].append(is_right)
    return marks


def share(marks):
    """Return the share of right answers, as a text."""
    return f"{sum(marks) / len(marks):.3f}"


def print_row(*cells):
    """Print a row of a table."""
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def compare(source, seed, folder, others):
    """Fine-tune the model in source and a random one; return the marks of the first."""
    entries = held_out()
    shutil.copytree(source, folder / "own" / "tiny")
    write_random_weights(source, folder / "random" / "tiny", seed)
    found = []
    for name in ("random", "own"):
        weights = folder / name / "tiny"
        metrics, *loaded = fine_tune(weights, seed, folder / name / "out", others)
        marks = marks_of(*loaded, entries)
        everything = [mark for some in marks.values() for mark in some]
        base, tuned = (
            metrics["scores"][key]["exact_match"] for key in ("base", "tuned")
        )
        found += [f"{base:.3f}", f"{tuned:.3f}", share(everything)]
        seconds = metrics["seconds"]["total"]
    print_row(source, seed, *found[3:], f"{seconds:.0f}", *found[1:3])
    return marks


def main():
    """Print both tables: of all runs, and of all kinds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--weights", nargs="+", type=Path, default=[TINY], help="folders of models")
    add("--seeds", nargs="+", type=int, default=[123, 1, 2], help="of fine-tunings")
    args, others = parser.parse_known_args()  # others are settings of the script
    columns = [
        "base",
        "fine-tuned",
        "all held out",
        "seconds",
        "random",
        "all held out",
    ]
    print_row("weights", "seed", *columns)
    print_row(*["---"] * 8)
    of_kind = defaultdict(list)
    for source in args.weights:
        for seed in args.seeds:
            with tempfile.TemporaryDirectory() as folder:
                marks = compare(source, seed, Path(folder), others)
            for kind, some in marks.items():
                of_kind[kind] += some
    print()
    print_row("kind", "answers", "exact match")
    print_row(*["---"] * 3)
    for kind, marks in of_kind.items():
        print_row(kind, len(marks), share(marks))


if __name__ == "__main__":
    main()
