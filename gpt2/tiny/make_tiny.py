"""Learn the tokenizer of the tiny model from our own text, and write it in GPT-2's file format.

    python gpt2/tiny/make_tiny.py          (needs the package tokenizers, which comes with tests/requirements.txt)

It writes hparams.json, encoder.json and vocab.bpe beside this script. The text is the training part of
instruction-data.json in the layout of the prompts: neither test nor validation entries are looked at.
"""
import json
import sys
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

TINY = Path(__file__).resolve().parent
sys.path.insert(0, str(TINY.parent.parent))
import finetune_gpt2 as ft  # noqa: E402

END = "<|endoftext|>"


def learn_merges(texts, vocab_size):
    """Return the byte-pair merges, most frequent first, that fill a vocabulary of this size."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(ft.SPLIT_PATTERN), behavior="isolated"),
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


def main():
    cfg = ft.MODELS["tiny"]
    data = ft.download_and_load_file(TINY.parent.parent / "instruction-data.json")
    train_data, _, _ = ft.split_data(data)
    texts = [ft.format_input(entry) + ft.RESPONSE_HEADER + entry["output"] for entry in train_data]
    merges = learn_merges(texts, cfg["vocab_size"])
    tokens = byte_letters() + [first + second for first, second in merges] + [END]
    if len(set(tokens)) != cfg["vocab_size"]:
        sys.exit(f"the text yields {len(set(tokens))} tokens, not {cfg['vocab_size']}")
    encoder = {token: number for number, token in enumerate(tokens)}
    hparams = {theirs: cfg[ours] for theirs, ours in ft.SIZE_NAMES.items()}
    vocab_bpe = "#version: 0.2\n" + "".join(f"{first} {second}\n" for first, second in merges)
    (TINY / "vocab.bpe").write_text(vocab_bpe, encoding="utf-8", newline="\n")
    for name, content in (("encoder.json", encoder), ("hparams.json", hparams)):
        (TINY / name).write_text(json.dumps(content) + "\n", encoding="utf-8", newline="\n")
    tokenizer = ft.load_tokenizer(TINY)
    n_tokens = sum(len(tokenizer.encode_ordinary(text)) for text in texts)
    print(f"{len(merges):,} merges; {len(texts):,} texts of {n_tokens / len(texts):.1f} tokens on average")


if __name__ == "__main__":
    main()
