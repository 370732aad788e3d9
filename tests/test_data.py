"""Data, tokens and batches: what is read, how it is laid out, and which tokens count."""
import io
import json
import math
import re
import shutil
import sys

import pytest
import torch
from conftest import TINY
from tiktoken.load import data_gym_to_mergeable_bpe_ranks

import finetune_gpt2 as ft

ENTRY = {"instruction": "Name a color.", "input": "", "output": "Blue"}


def test_prompt_layout():
    prompt = ("Below is an instruction that describes a task. Write a response that appropriately completes the "
              "request.\n\n### Instruction:\nName a color.")
    assert ft.format_input(ENTRY) == prompt
    assert ft.format_input({**ENTRY, "input": "red"}) == prompt + "\n\n### Input:\nred"
    assert ft.RESPONSE_HEADER == "\n\n### Response:\n"


@pytest.mark.parametrize("n, sizes", [(10, (8, 1, 1)), (100, (85, 10, 5)), (1656, (1407, 165, 84))])
def test_split_in_file_order(n, sizes):
    parts = ft.split_data(list(range(n)))
    assert tuple(len(part) for part in parts) == sizes
    assert [i for part in parts for i in part] == list(range(n))


def test_split_needs_ten():
    with pytest.raises(ft.UserError, match="9 entries are too few"):
        ft.split_data(list(range(9)))


@pytest.mark.parametrize("content, says", [
    (b"{", "line 1 column 3"), (b"3", "must hold a list"), (b"\xff\xfe[", "has to be JSON in UTF-8, cannot be read"),
    (b"[1]", "entry 1 is no object"), (json.dumps([ENTRY, [ENTRY]]).encode(), "entry 2 is no object"),
    (json.dumps([ENTRY, {"instruction": "x", "input": ""}]).encode(), 'entry 2 has no text under "output"'),
    (json.dumps([ENTRY, {"input": "x", "output": "y"}]).encode(), 'entry 2 has no text under "instruction"'),
    (json.dumps([{**ENTRY, "input": ["red"]}]).encode(), 'entry 1 has no text under "input"'),
    (json.dumps([{**ENTRY, "input": 0}]).encode(), 'entry 1 has no text under "input"'),
    (json.dumps([ENTRY, ENTRY, {**ENTRY, "output": " "}]).encode(), 'entry 3 has no text under "output"')])
def test_bad_data_is_named(tmp_path, content, says):
    (tmp_path / "data.json").write_bytes(content)
    with pytest.raises(ft.UserError) as problem:
        ft.download_and_load_file(tmp_path / "data.json")
    assert says in str(problem.value) and "data.json" in str(problem.value)


@pytest.mark.parametrize("as_lines", [False, True])
def test_entries_without_input_and_with_null_have_none(tmp_path, tiny_tokenizer, as_lines):
    """They become the same prompt and the same tokens as one with an empty input."""
    bare = {"instruction": "Name a color.", "output": "Blue"}
    entries = [bare, {**bare, "input": None}, {**bare, "input": ""}, {**bare, "input": "red"}]
    lines = "\n".join(json.dumps(entry) for entry in entries)
    (tmp_path / "data").write_text(lines if as_lines else json.dumps(entries))
    read = ft.download_and_load_file(tmp_path / "data")
    assert read == entries
    prompts = [ft.format_input(entry) for entry in read]
    assert prompts[0] == prompts[1] == prompts[2] == ft.format_input(ENTRY)
    assert prompts[3] == prompts[0] + "\n\n### Input:\nred"
    items = list(ft.InstructionDataset(read, tiny_tokenizer))
    assert items[0] == items[1] == items[2] != items[3]


def test_byte_order_mark_and_missing_file(tmp_path):
    (tmp_path / "data.json").write_bytes(b"\xef\xbb\xbf" + json.dumps([ENTRY]).encode())
    assert ft.download_and_load_file(tmp_path / "data.json") == [ENTRY]
    with pytest.raises(ft.UserError, match="none.json.* cannot be read .*No such file"):
        ft.download_and_load_file(tmp_path / "none.json")


def test_whole_file_or_nothing(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    for problem in (KeyError("key"), KeyboardInterrupt(), ft.UserError("wrong")):
        with pytest.raises(type(problem)) as raised, ft.whole_file(path) as file:
            file.write(b"half")
            raise problem
        assert raised.value is problem
        assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with ft.whole_file(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"  # until all of it is written
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "file"
    with pytest.raises(ft.UserError) as problem, ft.whole_file(path) as file:
        file.write(b"half")
        raise OSError(28, "No space left on device")
    assert str(problem.value).startswith(f"{path} cannot be written (") and "No space left" in str(problem.value)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ft.UserError, match="cannot be written .*No such file"):
        ft.save_json([], tmp_path / "none" / "file")


def test_tiny_tokenizer_round_trips(tiny_tokenizer):
    assert tiny_tokenizer.n_vocab == 2048 and tiny_tokenizer.eot_token == 2047
    for text in ("The capital of Kenya is Nairobi.", "¿Qué? 日本語 🙂\n\ttabs  and   spaces", "", "<|endoftext|>"):
        ids = ft.text_to_token_ids(text, tiny_tokenizer)
        assert ids.shape[0] == 1 and ids.dtype == torch.int64
        assert ft.token_ids_to_text(ids, tiny_tokenizer) == text
        assert tiny_tokenizer.eot_token not in ids


def test_gpt2_tokenizer_gives_the_known_numbers(gpt2_bpe):
    tokenizer = ft.load_tokenizer(gpt2_bpe)
    assert tokenizer.n_vocab == 50257 and tokenizer.eot_token == 50256
    assert ft.text_to_token_ids("Hello world", tokenizer).tolist() == [[15496, 995]]
    assert tokenizer.encode_ordinary("Every effort moves you") == [6109, 3626, 6100, 345]
    assert tokenizer.decode([50256]) == "<|endoftext|>"
    for text in ("It's 3.14 o'clock,  isn't it?\n\nYes — naïve café 日本", "a" * 1000):
        assert ft.token_ids_to_text(ft.text_to_token_ids(text, tokenizer), tokenizer) == text


def test_gpt2_tokenizer_from_hugging_face_names(gpt2_bpe, tmp_path):
    (tmp_path / "merges.txt").write_bytes((gpt2_bpe / "vocab.bpe").read_bytes())
    assert ft.load_tokenizer(tmp_path).encode_ordinary("Hello world") == [15496, 995]


@pytest.mark.parametrize("name", ["tiny", "GPT-2"])
def test_merges_alone_give_the_numbers_of_the_table(request, monkeypatch, name):
    """Of every token: tiktoken reads the table that is beside the merges, and checks that both say the same."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    folder = TINY if name == "tiny" else request.getfixturevalue("gpt2_bpe")
    table = data_gym_to_mergeable_bpe_ranks(str(folder / "vocab.bpe"), str(folder / "encoder.json"))
    tokenizer = ft.load_tokenizer(folder)
    assert len(table) == tokenizer.eot_token == tokenizer.n_vocab - 1
    assert all(tokenizer.decode_single_token_bytes(number) == token for token, number in table.items())


def test_changed_tables_are_read_afresh_and_checked(tmp_path):
    shutil.copytree(TINY, tmp_path / "tiny", ignore=shutil.ignore_patterns("*.py", "text"))
    merges = tmp_path / "tiny" / "vocab.bpe"
    assert ft.load_model("tiny", tmp_path)[1].n_vocab == 2048
    merges.write_bytes(merges.read_bytes().rsplit(b"\n", 2)[0] + b"\n")  # one less
    assert ft.load_tokenizer(tmp_path / "tiny").n_vocab == 2047
    with pytest.raises(ft.UserError, match="tiny: the tokenizer and the model do not match"):
        ft.load_model("tiny", tmp_path)
    merges.write_bytes(merges.read_bytes() + b"\xff")
    with pytest.raises(ft.UserError, match="the tokenizer in .*tiny cannot be read"):
        ft.load_tokenizer(tmp_path / "tiny")
    merges.unlink()
    with pytest.raises(ft.UserError, match="the tokenizer in .*tiny cannot be read .*No such file"):
        ft.load_tokenizer(tmp_path / "tiny")


def test_collate_by_hand():
    """Two entries: prompt 1 2 3, answer 4 5, end 9; and prompt 6, answer 7, end 9. Padded with 9, the end itself."""
    batch = [([1, 2, 3, 4, 5, 9], 3), ([6, 7, 9], 1)]
    inputs, targets = ft.custom_collate_fn(batch, pad_token_id=9)
    assert inputs.tolist() == [[1, 2, 3, 4, 5], [6, 7, 9, 9, 9]]
    assert targets.tolist() == [[-100, -100, 4, 5, 9], [7, 9, -100, -100, -100]]
    assert inputs.dtype == targets.dtype == torch.int64
    inputs, targets = ft.custom_collate_fn(batch, pad_token_id=0, ignore_index=-1, allowed_max_length=3)
    assert inputs.tolist() == [[1, 2, 3], [6, 7, 0]]
    assert targets.tolist() == [[-1, -1, 4], [7, 9, -1]]


def test_collate_defaults_are_those_of_gpt2():
    inputs, targets = ft.custom_collate_fn([([1, 2, 50256], 1), ([3, 4, 5, 6, 50256], 1)])
    assert inputs.tolist() == [[1, 2, 50256, 50256], [3, 4, 5, 6]]
    assert targets.tolist() == [[2, 50256, -100, -100], [4, 5, 6, 50256]]
    assert inputs.device.type == "cpu"


def test_dataset_items(tiny_tokenizer):
    dataset = ft.InstructionDataset([ENTRY], tiny_tokenizer)
    token_ids, prompt_length = dataset[0]
    assert len(dataset) == 1 and token_ids[-1] == tiny_tokenizer.eot_token
    prompt = ft.format_input(ENTRY) + "\n\n### Response:\n"
    assert tiny_tokenizer.decode(token_ids[:prompt_length]) == prompt
    assert tiny_tokenizer.decode(token_ids[prompt_length:-1]) == "Blue"
    # the border is where it would be, had prompt and answer been encoded in one go
    assert token_ids[:-1] == tiny_tokenizer.encode_ordinary(prompt + "Blue")


def test_batch_of_entries(tiny_tokenizer):
    data = [{**ENTRY, "output": "word " * n} for n in range(1, 6)]
    dataset = ft.InstructionDataset(data, tiny_tokenizer)
    inputs, targets = dataset.batch([3, 0])
    expected = ft.custom_collate_fn([dataset[3], dataset[0]], pad_token_id=2047)
    T = expected[0].shape[1]
    assert torch.equal(inputs[:, :T], expected[0]) and torch.equal(targets[:, :T], expected[1])
    assert inputs.shape == targets.shape and inputs.shape[1] == ft.round_up(T, 8)  # what is added is not scored
    assert (inputs[:, T:] == 2047).all() and (targets[:, T:] == ft.IGNORE_INDEX).all()
    assert inputs[1, -1] == 2047 and targets[1, -1] == ft.IGNORE_INDEX == -100
    n_scored = sum(len(token_ids) - prompt_length for token_ids, prompt_length in (dataset[3], dataset[0]))
    assert (targets != -100).sum() == n_scored and (targets == 2047).sum() == 2  # each has its end


def test_batches_are_not_rounded_up_beyond_the_context(tiny_tokenizer):
    entry = {**ENTRY, "output": "word " * 3}
    longest = len(ft.InstructionDataset([entry], tiny_tokenizer)[0][0]) - 1  # what is read: all but the end
    for context_length in range(longest, longest + 10):
        inputs, targets = ft.InstructionDataset([entry], tiny_tokenizer, context_length).batch([0])
        assert inputs.shape == targets.shape and longest <= inputs.shape[1] <= context_length


def test_round_up():
    assert [ft.round_up(n, 8) for n in (0, 1, 8, 9, 16)] == [0, 8, 8, 16, 16]


def test_entries_longer_than_the_context_are_left_out(tiny_tokenizer):
    """A long answer, a long prompt, both. What fits is whole, to the last token; the end itself is only a target."""
    tokens, prompt_length = ft.InstructionDataset([ENTRY], tiny_tokenizer)[0]
    data = [{**ENTRY, "output": "Blue " * 100}, ENTRY, {**ENTRY, "input": "word " * 100},
            {**ENTRY, "input": "word " * 100, "output": "Blue " * 100}, {**ENTRY, "output": "Blue, blue"}]
    length = len(ft.InstructionDataset(data[-1:], tiny_tokenizer)[0][0]) - 1
    everything = ft.InstructionDataset(data, tiny_tokenizer)
    assert len(everything) == 5 and everything.entries == data
    dataset = ft.InstructionDataset(data, tiny_tokenizer, context_length=length)
    assert dataset.entries == [data[1], data[4]] and list(dataset) == [everything[1], everything[4]]
    inputs, targets = dataset.batch([0, 1])
    assert inputs.shape == (2, length)
    for (token_ids, n), row in zip(dataset, targets, strict=True):
        assert row[row != -100].tolist() == token_ids[n:] and token_ids[-1] == 2047
    # one token less in the context, and the second one no longer fits
    assert ft.InstructionDataset(data, tiny_tokenizer, context_length=length - 1).entries == [data[1]]
    assert list(ft.InstructionDataset([ENTRY], tiny_tokenizer, context_length=len(tokens) - 1)) == [dataset[0]]
    for context_length in (len(tokens) - 2, prompt_length + 1, prompt_length, prompt_length - 1, 1):
        assert len(ft.InstructionDataset([ENTRY], tiny_tokenizer, context_length=context_length)) == 0


def items_of(lengths):
    """Return items like those of a data set, with so many tokens."""
    return [([0] * length, 10) for length in lengths]


@pytest.mark.parametrize("n, batch_size", [(1, 8), (7, 8), (8, 8), (1000, 8), (999, 7)])
def test_every_entry_once_an_epoch(n, batch_size):
    batches = ft.length_grouped_batches(items_of([20 + (i * 37) % 61 for i in range(n)]), batch_size, seed=3)
    assert sorted(i for batch in batches for i in batch) == list(range(n))
    assert len(batches) == math.ceil(n / batch_size) and all(0 < len(batch) <= batch_size for batch in batches)


def test_batches_are_grouped_and_random():
    lengths = torch.randint(40, 120, (2000,), generator=torch.Generator().manual_seed(0)).tolist()
    items = items_of(lengths)
    batches = ft.length_grouped_batches(items, 8, seed=3)
    padding = sum(max(lengths[i] for i in batch) * len(batch) - sum(lengths[i] for i in batch) for batch in batches)
    assert padding < 0.02 * sum(lengths)
    assert batches == ft.length_grouped_batches(items, 8, seed=3) != ft.length_grouped_batches(items, 8, seed=4)
    firsts = [lengths[batch[0]] for batch in batches]
    assert firsts != sorted(firsts)  # short and long batches are mixed


# ---- The first entry, token by token ----


class Terminal(io.StringIO):
    def isatty(self):
        return True


ODD = {"instruction": "Say  it\nin Japanese: \x1b[31m naïve|café", "input": "some words " * 30,
       "output": "日本語 🙂\n\tis " + "the longest of all answers " * 20}


def packed(text):
    """Return a text without white space, which is where lines break."""
    return "".join(text.split())


def shown(entry, tokenizer, stream, monkeypatch):
    """Return (what is printed of an entry, its tokens as they should be shown: not scored, scored)."""
    (item,) = ft.InstructionDataset([entry], tokenizer)
    token_ids, prompt_length = item
    pieces = [tokenizer.decode([token]) for token in token_ids]
    pieces = [piece.replace("\n", "\\n").replace("\t", "\\t").replace("\x1b", "\\x1b") for piece in pieces]
    with monkeypatch.context() as context:
        context.setattr(sys, "stdout", stream)
        ft.show_scored_tokens(item, tokenizer)
    return stream.getvalue(), "|".join(pieces[:prompt_length]), "|".join(pieces[prompt_length:]), item


@pytest.mark.parametrize("entry", [ENTRY, ODD, {**ODD, "output": "appropriately punctuation " * 425}])
def test_all_tokens_are_shown_and_the_scored_ones_told_apart(tiny_tokenizer, monkeypatch, entry):
    printed, not_scored, scored, (token_ids, prompt_length) = shown(entry, tiny_tokenizer, io.StringIO(), monkeypatch)
    assert scored.endswith("|<|endoftext|>")
    assert f"notscored:{packed(not_scored)}scored:{packed(scored)}{len(token_ids)}tokens" in packed(printed)
    numbers = [int(number) for number in re.findall(r"\d+", printed.splitlines()[-1])]
    assert numbers == [len(token_ids), len(token_ids) - prompt_length]
    assert "\x1b" not in printed and all(line.isprintable() and len(line) < 100 for line in printed.splitlines())


def test_tokens_are_colored_on_a_terminal_only(tiny_tokenizer, monkeypatch):
    plain, _, _, _ = shown(ODD, tiny_tokenizer, io.StringIO(), monkeypatch)
    colored, _, scored, _ = shown(ODD, tiny_tokenizer, Terminal(), monkeypatch)
    assert "\x1b" not in plain
    before, within, after = re.split(r"\x1b\[32m|\x1b\[0m", colored)
    assert before + within + after == plain
    assert packed(within) == "scored:" + packed(scored)
    assert colored.index("\x1b[32m") < colored.index("\x1b[0m")
