"""Data, tokens and batches: what is read, how it is laid out, and which tokens count."""
import json
import math

import pytest
import torch

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
    (b"{", "line 1 column 3"), (b"3", "must hold a list"), (b"\xff\xfe[", "this is not JSON in UTF-8"),
    (b"[1]", "entry 1 is not an object"),
    (json.dumps([ENTRY, {"instruction": "x", "input": ""}]).encode(),
     'entry 2 has no text under "output"'),
    (json.dumps([{**ENTRY, "input": None}]).encode(), 'entry 1 has no text under "input"'),
    (json.dumps([ENTRY, ENTRY, {**ENTRY, "output": " "}]).encode(), 'the "output" of entry 3 is empty')])
def test_bad_data_is_named(tmp_path, content, says):
    (tmp_path / "data.json").write_bytes(content)
    with pytest.raises(ft.UserError) as problem:
        ft.download_and_load_file(tmp_path / "data.json")
    assert says in str(problem.value) and "data.json" in str(problem.value)


def test_byte_order_mark_and_missing_file(tmp_path):
    (tmp_path / "data.json").write_bytes(b"\xef\xbb\xbf" + json.dumps([ENTRY]).encode())
    assert ft.download_and_load_file(tmp_path / "data.json") == [ENTRY]
    with pytest.raises(FileNotFoundError):
        ft.download_and_load_file(tmp_path / "none.json")


def test_whole_file_or_nothing(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyError), ft.whole_file(path, 4) as file:
        file.write(b"half")
        raise KeyError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with ft.whole_file(path, 3) as file:
        file.write(b"new")
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


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
    (tmp_path / "vocab.json").write_bytes((gpt2_bpe / "encoder.json").read_bytes())
    assert ft.load_tokenizer(tmp_path).encode_ordinary("Hello world") == [15496, 995]


def test_changed_tables_are_read_afresh_and_checked(tmp_path):
    tiny = ft.HERE / "gpt2" / "tiny"
    for name in ("vocab.bpe", "encoder.json"):
        (tmp_path / name).write_bytes((tiny / name).read_bytes())
    ft.load_tokenizer(tmp_path)
    (tmp_path / "vocab.bpe").write_bytes((tiny / "vocab.bpe").read_bytes().rsplit(b"\n", 2)[0] + b"\n")
    with pytest.raises(ft.UserError, match="do not match"):
        ft.load_tokenizer(tmp_path)
    (tmp_path / "vocab.bpe").unlink()
    with pytest.raises(ft.UserError, match="missing"):
        ft.load_tokenizer(tmp_path)


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


def test_entries_longer_than_the_context(tiny_tokenizer):
    """A long answer is cut; a prompt that fills the context is left out; the last one that fits scores one token."""
    length = len(ft.InstructionDataset([ENTRY], tiny_tokenizer)[0][0])
    prompt_length = ft.InstructionDataset([ENTRY], tiny_tokenizer)[0][1]
    data = [ENTRY, {**ENTRY, "output": "Blue " * 100}, {**ENTRY, "input": "word " * 100}]
    dataset = ft.InstructionDataset(data, tiny_tokenizer, context_length=length + 5)
    assert (len(dataset), dataset.left_out, dataset.entries) == (2, 1, data[:2])
    inputs, targets = ft.custom_collate_fn(list(dataset), allowed_max_length=length + 5)
    assert inputs.shape == (2, length + 5) and tiny_tokenizer.eot_token not in targets[1]
    just = ft.InstructionDataset([ENTRY], tiny_tokenizer, context_length=prompt_length)
    _, targets = ft.custom_collate_fn(list(just), allowed_max_length=prompt_length)
    assert len(just) == 1 and (targets != -100).sum() == 1
    assert len(ft.InstructionDataset([ENTRY], tiny_tokenizer, context_length=prompt_length - 1)) == 0


@pytest.mark.parametrize("n, batch_size", [(1, 8), (7, 8), (8, 8), (1000, 8), (999, 7)])
def test_every_entry_once_an_epoch(n, batch_size):
    lengths = [20 + (i * 37) % 61 for i in range(n)]
    batches = ft.length_grouped_batches(lengths, batch_size, seed=3)
    assert sorted(i for batch in batches for i in batch) == list(range(n))
    assert len(batches) == math.ceil(n / batch_size) and all(0 < len(batch) <= batch_size for batch in batches)


def test_batches_are_grouped_and_random():
    lengths = torch.randint(40, 120, (2000,), generator=torch.Generator().manual_seed(0)).tolist()
    batches = ft.length_grouped_batches(lengths, 8, seed=3)
    padding = sum(max(lengths[i] for i in batch) * len(batch) - sum(lengths[i] for i in batch) for batch in batches)
    assert padding < 0.02 * sum(lengths)
    assert batches == ft.length_grouped_batches(lengths, 8, seed=3) != ft.length_grouped_batches(lengths, 8, seed=4)
    firsts = [lengths[batch[0]] for batch in batches]
    assert firsts != sorted(firsts)  # short and long batches are mixed
