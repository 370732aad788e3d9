"""Data, tokens and batches: what is read, how it is laid out, and which tokens count."""
import io
import json
import math
import re
import shutil
import sys

import pytest
import torch
from conftest import TINY, run_here
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
    (b"{", "line 1 column 2"), (b"3", "entry 1 is no object"),
    (b"\xff\xfe[", "has to be JSON in UTF-8, cannot be read"),
    (b"[1]", "entry 1 is no object"), (json.dumps([ENTRY, [ENTRY]]).encode(), "entry 2 is no object"),
    (json.dumps([ENTRY, {"instruction": "x", "input": ""}]).encode(), "it has instruction, input"),
    (json.dumps([ENTRY, {"input": "x", "output": "y"}]).encode(), "it has input, output"),
    (json.dumps([{**ENTRY, "input": ["red"]}]).encode(), 'entry 1 has no text under "input"'),
    (json.dumps([{**ENTRY, "input": 0}]).encode(), 'entry 1 has no text under "input"'),
    (json.dumps([ENTRY, ENTRY, {**ENTRY, "output": 5}]).encode(), 'entry 3 has no text under "output"')])
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
    assert read == [{**entry, "input": entry.get("input") or ""} for entry in entries]
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
    assert torch.equal(inputs, expected[0]) and torch.equal(targets, expected[1])
    assert inputs[1, -1] == 2047 and targets[1, -1] == ft.IGNORE_INDEX == -100
    n_scored = sum(len(token_ids) - prompt_length for token_ids, prompt_length in (dataset[3], dataset[0]))
    assert (targets != -100).sum() == n_scored and (targets == 2047).sum() == 2  # each has its end


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


@pytest.mark.parametrize("entry", [ENTRY, ODD])
def test_all_tokens_are_shown_and_the_scored_ones_told_apart(tiny_tokenizer, monkeypatch, entry):
    printed, not_scored, scored, (token_ids, prompt_length) = shown(entry, tiny_tokenizer, io.StringIO(), monkeypatch)
    assert scored.endswith("|<|endoftext|>")
    assert f"notscored:{packed(not_scored)}scored:{packed(scored)}{len(token_ids)}tokens" in packed(printed)
    numbers = [int(number) for number in re.findall(r"\d+", printed.splitlines()[-1])]
    assert numbers == [len(token_ids), len(token_ids) - prompt_length]
    assert "\x1b" not in printed and all(line.isprintable() and len(line) < 100 for line in printed.splitlines())


def test_of_many_tokens_the_first_are_shown(tiny_tokenizer, monkeypatch):
    entry = {**ODD, "output": "appropriately punctuation " * 425}
    printed, not_scored, scored, (token_ids, prompt_length) = shown(entry, tiny_tokenizer, io.StringIO(), monkeypatch)
    printed, numbers = packed(printed).split("...")
    before, after = printed.split("scored:")[1:]
    assert before == packed(not_scored) and packed(scored).startswith(after) and 500 < len(after) < 2000
    assert numbers == f"{len(token_ids)}tokensinall,{len(token_ids) - prompt_length}ofthemscored"


def test_tokens_are_colored_on_a_terminal_only(tiny_tokenizer, monkeypatch):
    plain, _, _, _ = shown(ODD, tiny_tokenizer, io.StringIO(), monkeypatch)
    colored, _, scored, _ = shown(ODD, tiny_tokenizer, Terminal(), monkeypatch)
    assert "\x1b" not in plain
    before, within, after = re.split(r"\x1b\[32m|\x1b\[0m", colored)
    assert before + within + after == plain
    assert packed(within) == "scored:" + packed(scored)
    assert colored.index("\x1b[32m") < colored.index("\x1b[0m")


# ---- Entries as people have them ----


def read(tmp_path, content):
    file = tmp_path / "data"
    file.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return ft.download_and_load_file(file)


def parts(entries):
    return [tuple(entry[part] for part in ("instruction", "input", "output")) for entry in entries]


def turns(*texts, who=("user", "assistant"), keys=("role", "content")):
    return [dict(zip(keys, pair, strict=True)) for pair in zip(who, texts, strict=True)]


SHAREGPT = {"who": ("human", "gpt"), "keys": ("from", "value")}
SYSTEM = ("system", "user", "assistant")


@pytest.mark.parametrize("record, expected, unused", [
    ({"instruction": "Q", "output": "A"}, ("Q", "", "A"), ""), ({"prompt": "Q", "completion": "A"}, ("Q", "", "A"), ""),
    ({"question": "Q", "answer": "A"}, ("Q", "", "A"), ""), ({"prompt": "Q", "response": "A"}, ("Q", "", "A"), ""),
    ({"question": "Q", "context": "C", "answer": "A", "id": 7}, ("Q", "C", "A"), "id"),
    ({"instruction": "Q", "context": "C", "response": "A", "category": "closed_qa"}, ("Q", "C", "A"), "category"),
    ({"instruction": "Q", "context": "", "response": "A"}, ("Q", "", "A"), ""),
    ({"instruction": "Q", "input": "C", "output": "A", "history": [["x", "y"]], "system": "S"}, ("Q", "C", "A"),
     "history, system"),
    ({"instruction": "Q", "input": "C", "output": "A", "text": "QCA", "prompt": "no", "answer": "no", "context": "no"},
     ("Q", "C", "A"), "answer, context, prompt, text"),
    ({"output": "A", "input": None, "instruction": "Q"}, ("Q", "", "A"), ""),
    ({"instruction": "", "input": "C", "output": "A"}, ("", "C", "A"), ""),
    ({"instruction": None, "context": "C", "response": "A"}, ("", "C", "A"), ""),
    ({"messages": turns("Q", "A")}, ("Q", "", "A"), ""),
    ({"messages": turns("S", "Q", "A", who=SYSTEM)}, ("Q", "", "A"), "system"),
    ({"conversations": turns("Q", "A", **SHAREGPT)}, ("Q", "", "A"), ""),
    ({"conversations": turns("S", "Q", "A", who=("system", "human", "gpt"), keys=("from", "value"))}, ("Q", "", "A"),
     "system"),
    ({"conversations": turns("Q", "A", **SHAREGPT), "system": "S", "id": "7"}, ("Q", "", "A"), "id, system"),
    ({"conversations": turns("Q", "A")}, ("Q", "", "A"), ""), ({"messages": turns("Q", "A", **SHAREGPT)},
    ("Q", "", "A"), ""),
    ({"instruction": "Q", "output": "A", "messages": turns("x", "y")}, ("Q", "", "A"), "messages")])
def test_other_shapes_of_the_same_are_taken(tmp_path, capsys, record, expected, unused):
    """What is not used is named, once for all entries."""
    for content in ([record] * 12, "\n".join([json.dumps(record)] * 12), {"data": [record] * 12, "version": "1"}):
        read_entries = read(tmp_path, content)
        assert parts(read_entries) == [expected] * 12
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == bool(unused) and all(line.endswith(f": {unused}") and "not used" in line for line in lines)
    assert ft.format_input(read_entries[0]) == ft.format_input(dict(zip(ENTRY, expected, strict=True)))


def test_one_file_may_have_several_shapes(tmp_path, capsys):
    records = [{"prompt": "Q", "completion": "1", "b": 1}, {"messages": turns("Q", "2")}, ENTRY,
    {**ENTRY, "a": 2, "b": 3}]
    assert [entry["output"] for entry in read(tmp_path, records)] == ["1", "2", "Blue", "Blue"]
    assert [line.split(": ")[1] for line in capsys.readouterr().out.splitlines()] == ["a, b"]


@pytest.mark.parametrize("record, says", [
    ({"text": "Q A"}, "it has text"),
    ({"prompt": "Q", "chosen": "A", "rejected": "B"}, "it has prompt, chosen, rejected"),
    ({"Instruction": "Q", "Output": "A"}, "it has Instruction, Output"), ({"output": "A"}, "it has output"),
    ({"query": "Q", "context": "C", "answer": "A"}, "it has query, context, answer"),
    ({"input": "Q", "output": "A"}, "it has input, output"),
    ({"instruction": "Q", "input": "C"}, "it has instruction, input"),
    ({"question": "Q", "context": "C", "answers": {"text": ["A"]}}, "it has question, context, answers"),
    ({"messages": turns("Q", "A", "Q", "A", who=("user", "assistant") * 2)}, "a chat that is not one question and one"),
    ({"conversations": turns("A", "Q", who=("gpt", "human"), keys=("from", "value"))}, "a chat that is not one"),
    ({"messages": turns("Q", who=("user",))}, "a chat that is not one question"),
    ({"messages": []}, "a chat that is not"),
    ({"messages": turns("S", "A", who=("system", "assistant"))}, "a chat that is not"),
    ({"prompt": "Q", "messages": turns("Q", "A", "Q", "A", who=("user", "assistant") * 2)}, "a chat that is not one"),
    ({"messages": ["Q", "A"]}, "it has messages"), ({"messages": "Q"}, "it has messages"),
    ({"messages": [{"role": ["user"], "content": "Q"}, {"role": None}]}, "a chat that is not"),
    ({"messages": turns([{"type": "text", "text": "Q"}], "A")}, 'no text under "instruction"'),
    ({"prompt": turns("Q", who=("user",)), "completion": turns("A", who=("assistant",))}, 'no text under "prompt"'),
    ({"question": "Q", "answer": 4}, 'no text under "answer"'),
    ({"instruction": ["Q"], "output": ["A"]}, 'under "instruction"')])
def test_what_is_in_doubt_is_refused_with_its_keys(tmp_path, record, says):
    for content in ([ENTRY, ENTRY, record], "\n".join(json.dumps(each) for each in (ENTRY, ENTRY, record))):
        with pytest.raises(ft.UserError) as problem:
            read(tmp_path, content)
        line = str(problem.value)
        assert "data: entry 3 " in line and says in line and line.isprintable()
        if "it has" in says:  # and what is expected
            assert '"instruction"' in line and "prompt" in line and '"output"' in line and "completion" in line


@pytest.mark.parametrize("records", [[{"x" * 400_000: 1}], {str(n): ENTRY for n in range(60_000)},
                                     [{f"\x1b[31m{n}": 1 for n in range(50_000)}]])
def test_many_and_long_keys_are_no_long_line(tmp_path, records):
    """Such as of a dict with a number for each entry."""
    (tmp_path / "data").write_text(json.dumps(records))
    _, err = run_here("--model", "tiny", "--device", "cpu", "--data", "data", cwd=tmp_path, status=1)
    assert err.startswith("error: data: entry 1 ") and len(err) < 2500 and err[:-1].isprintable()


def test_many_and_long_unused_keys_are_no_long_line(tmp_path, capsys):
    assert len(read(tmp_path, [{**ENTRY, f"key {n}": n, "\x1b[31m" + "k" * n: n} for n in range(1000)])) == 1000
    [line] = capsys.readouterr().out.splitlines()
    assert line.isprintable() and 100 < len(line) < 500


@pytest.mark.parametrize("start, says", [
    (b"<!DOCTYPE html><html>", "web page"), (b"\n  <html>", "web page"), (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b\x08\0", "compressed"),
    (b"PAR1\x15\x04", "Parquet"), (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\n", "git lfs pull")])
def test_other_files_are_called_what_they_are(tmp_path, start, says):
    (tmp_path / "data.json").write_bytes(start + bytes(range(256)))
    with pytest.raises(ft.UserError, match=rf"data\.json.* cannot be read \(it is .*{says}"):
        ft.load_entries(tmp_path / "data.json")


# ---- What is shown of them ----


@pytest.mark.parametrize("text", ["把下面的句子翻译成英文。" * 100, "x" * 1000, "ok " + "x" * 1000, "word " * 300])
@pytest.mark.parametrize("most", [130, 400])
def test_of_a_long_text_the_beginning_is_shown(capsys, text, most):
    """Also where there are no spaces to cut it at."""
    ft.show("label", text, most)
    printed = packed(capsys.readouterr().out).removeprefix("label:")
    beginning = printed.removesuffix("...")
    assert beginning != printed and packed(text).startswith(beginning) and 0.6 * most < len(beginning) <= most - 4


ONCE = ["--model", "tiny", "--data", "data.json", "--epochs", 1, "--max-new-tokens", 2, "--device", "cpu",
        "--dtype", "float32"]
HOSTILE = "\x1b]0;title\x07 \x1b[31m red \x9b31m \u202e \u2028 \x00"


def test_no_sign_of_the_data_reaches_the_terminal(small_weights, tmp_path):
    """From no place of it: keys, instructions, inputs, answers. The file of the answers has them all the same."""
    data = [{"instruction": f"{n} {HOSTILE}", "input": HOSTILE, "output": HOSTILE + "x", HOSTILE: n} for n in range(20)]
    (tmp_path / "data.json").write_text(json.dumps(data))
    out, err = run_here(*ONCE, "--weights", small_weights, cwd=tmp_path)
    assert all(sign.isprintable() or sign in "\n\t" for sign in out + err)
    answers = json.loads((tmp_path / "outputs" / "instruction-data-with-response.json").read_text(encoding="utf-8"))
    assert {entry["input"] for entry in answers} == {HOSTILE}


@pytest.mark.parametrize("part", ["instruction", "input", "output"])
def test_a_huge_first_entry_is_not_printed_whole(small_weights, tmp_path, part):
    """Here, it is then too long for the context, and another is the first that the model sees."""
    data = [{**ENTRY, "instruction": f"Name {n}."} for n in range(20)]
    data[0][part] = "start " + "a long text " * 30_000
    (tmp_path / "data.json").write_text(json.dumps(data))
    out, _ = run_here(*ONCE, "--weights", small_weights, cwd=tmp_path)
    assert len(out) < 12_000 and max(map(len, out.splitlines())) < 2500 and "start a long text" in out
    metrics = json.loads((tmp_path / "outputs" / "metrics.json").read_text())
    assert "entries too long for the context: 1\n" in out and metrics["entries too long for the context"] == 1


# ---- Which entries train and which test ----


def prepare(tmp_path, entries, *arguments):
    (tmp_path / "data.json").write_text(json.dumps(entries))
    return ft.prepare_data(ft.parse_args(["--data", str(tmp_path / "data.json"), *map(str, arguments)]))


SORTED = [{"instruction": f"Do {kind} {n}.", "input": "", "output": kind} for kind in "abcde" for n in range(40)]


def test_the_order_of_the_file_is_kept_unless_shuffle_is_asked_for(tmp_path):
    train, test, val = prepare(tmp_path, SORTED)
    assert train + test + val == SORTED and {entry["output"] for entry in test} == {"e"}
    train, test, val = mixed = prepare(tmp_path, SORTED, "--shuffle")
    assert (len(train), len(test), len(val)) == (170, 20, 10)
    assert train + test + val != SORTED and sorted(map(str, train + test + val)) == sorted(map(str, SORTED))
    assert len({entry["output"] for entry in test}) >= 3
    assert prepare(tmp_path, SORTED, "--shuffle") == mixed != prepare(tmp_path, SORTED, "--shuffle", "--seed", 4)


def test_a_limit_takes_the_first_of_the_shuffled(tmp_path):
    everything = sum(prepare(tmp_path, SORTED, "--shuffle"), [])
    some = sum(prepare(tmp_path, SORTED, "--shuffle", "--limit", 30), [])
    assert some == everything[:30] and len({entry["output"] for entry in some}) >= 3
    assert sum(prepare(tmp_path, SORTED, "--limit", 30), []) == SORTED[:30]


@pytest.mark.parametrize("entries, n", [
    ([ENTRY] * 30, 3), (SORTED, 0),
    ([{**ENTRY, "output": str(n)} for n in range(30)], 3),  # the same question is enough
    ([{**ENTRY, "input": str(n)} for n in range(30)], 0), (SORTED[:38] + SORTED[:2], 0),  # these are to validate with
    (SORTED[:34] + SORTED[:1] + SORTED[40:45], 1), (SORTED[:34] + SORTED[40:41] * 4 + SORTED[50:52], 0)])
def test_test_entries_that_are_trained_on_are_counted(tmp_path, capsys, entries, n):
    prepare(tmp_path, entries)
    line = re.search(r"^(\d+) to test are also trained on", capsys.readouterr().out, re.MULTILINE)
    assert (line is None) if n == 0 else int(line[1]) == n


def test_a_model_may_have_data_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(ft, "HERE", tmp_path)
    (tmp_path / "gpt2" / "small").mkdir(parents=True)
    (tmp_path / "instruction-data.json").write_text(json.dumps(SORTED))
    (tmp_path / "gpt2" / "small" / "instruction-data.json").write_text(json.dumps(SORTED[:40]))
    (tmp_path / "third.json").write_text(json.dumps(SORTED[:20]))
    for model, words, n in (("124M", [], 200), ("small", [], 40),
    ("small", ["--data", str(tmp_path / "third.json")], 20)):
        args = ft.parse_args(words)
        args.model = model
        assert sum(ft.prepare_data(args), []) == SORTED[:n]
        assert args.data.endswith(".json") and args.given.keys() <= {"data"}
