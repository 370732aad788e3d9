"""Tests of the tiny model that comes with the project, and of the program that makes it."""
import math
import random
import re
import sys

import pytest
import torch
from conftest import ROOT, TINY, checkpoint_layout

import finetune_gpt2 as ft

sys.path.insert(0, str(TINY))

import make_tiny  # noqa: E402
import statements  # noqa: E402
import tiny_tables  # noqa: E402

ONCE = {"rounds": 1, "topics": 1, "prose": 1}

@pytest.fixture(scope="module")
def documents():
    """The text that the model learned from, each sentence of the tables once."""
    return make_tiny.all_documents(123, **ONCE, made=30_000, n_entries=30_000)


@pytest.fixture(scope="module")
def entries():
    return ft.split_data(ft.download_and_load_file(ROOT / "instruction-data.json"))


def test_folder_is_small():
    sizes = [path.stat().st_size for path in TINY.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(sizes) <= 16_000_000


def test_model_is_small_and_has_the_released_layout():
    settings, params = ft.read_checkpoint(TINY)
    assert settings == {theirs: ft.MODELS["tiny"][ours] for theirs, ours in ft.SIZE_NAMES.items()}
    assert list(params) == list(checkpoint_layout(settings))
    assert sum(math.prod(params[name].shape) for name in params) <= 4_000_000
    assert all(torch.isfinite(torch.as_tensor(params[name])).all() for name in params)
    assert settings["n_head"] * 64 == settings["n_embd"]


def test_model_and_tokenizer_load(tiny_tokenizer):
    model, tokenizer, source = ft.load_model("tiny", ROOT / "gpt2")
    assert source == TINY
    assert tokenizer.n_vocab == tiny_tokenizer.n_vocab == model.cfg["vocab_size"]
    longest = max(len(tokenizer.encode_ordinary(text)) for text in make_tiny.prompts())
    assert longest < model.cfg["context_length"]


def test_prompt_header_is_short(tiny_tokenizer):
    header = ft.format_input({"instruction": "", "input": ""}) + ft.RESPONSE_HEADER
    assert len(tiny_tokenizer.encode_ordinary(header)) <= 45


def test_digits_are_single_tokens(tiny_tokenizer):
    pieces = [tiny_tokenizer.decode([token]) for token in tiny_tokenizer.encode_ordinary("In 1492, 12 + 305 = 317.")]
    assert [piece for piece in pieces if re.search(r"\d", piece)] == list("149212305317")


@pytest.mark.slow
def test_text_holds_no_test_or_validation_entry(documents, entries):
    _, test, validation = entries
    text = "\n\n".join(documents)
    held_out = make_tiny.held_out_phrases([*test, *validation])
    assert len(held_out) > len(test) + len(validation)
    assert [phrase for phrase in held_out if phrase in text] == []


def test_held_out_phrases_are_found_and_left_out():
    entries = [{"instruction": "Name the largest ocean on Earth.", "input": "", "output": "It is the Pacific Ocean."}]
    text = ["One. Name the largest ocean on Earth. Two.", "It is the Pacific Ocean.", "Fish swim."]
    assert make_tiny.without(text, make_tiny.held_out_phrases(entries)) == text[1:]  # a short answer may be a fact


@pytest.mark.slow
def test_text_is_neither_question_and_answer_nor_instruction(documents):
    text = "\n".join(documents)
    for sign in ("###", "Below is an instruction", "appropriately completes the request"):
        assert sign not in text
    assert re.findall(r"(?m)^(?:Q|A|Answer|Instruction|Input|Output|Response|Task):.*", text) == []


@pytest.mark.slow
def test_text_is_the_same_each_time():
    few = {**ONCE, "made": 500, "n_entries": 500}
    assert make_tiny.all_documents(1, **few) == make_tiny.all_documents(1, **few)
    assert make_tiny.all_documents(1, **few) != make_tiny.all_documents(2, **few)


@pytest.mark.slow
def test_text_files_are_well_formed():
    blocks, paragraphs = make_tiny.read_text()
    assert len(blocks) > 50 and len(paragraphs) > 100
    for block in blocks:
        rows = [tuple(row.values()) for row in block.rows]
        assert len(set(rows)) == len(rows) > 0, block.name
        assert len(set(block.templates)) == len(block.templates) >= 1, block.name
        for template in block.templates:
            assert statements.fill(template, block.rows[0]).strip()
        for topic in block.topics:
            for row in block.rows:
                parts = statements.filled_topic(block, topic, row, random.Random(1))
                assert parts and parts[0] and parts[1] and "\n" not in parts[0], (block.name, topic)
    assert len(set(paragraphs)) == len(paragraphs)


@pytest.mark.parametrize("text", ["== a: x | y\none", "== a: x\none\n> {y}", "== a: x | y\none | ",
                                  "== a: x\none\n@ {y} => {x}", "== a: x\none\n@ {x}",
                                  "== a: x\none\n@ x => {other_y}"])
def test_malformed_tables_are_refused(text, tmp_path):
    path = tmp_path / "table.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="table.txt, line"):
        statements.read_blocks(path)


@pytest.mark.parametrize("function", [function for function, _ in statements.MAKERS], ids=lambda f: f.__name__)
def test_programs_make_texts(function):
    texts = [function(random.Random(seed)) for seed in range(300)]
    assert all(text.strip() and "None" not in text.replace("none", "") for text in texts)
    assert len(set(texts)) > 30


@pytest.mark.parametrize("function", [function for function, _ in statements.TOPIC_MAKERS], ids=lambda f: f.__name__)
def test_programs_make_entries(function):
    """A title in one line that is no question, a text, and sometimes material."""
    made = [function(random.Random(seed)) for seed in range(300)]
    for title, text, *material in made:
        assert title.strip() and text.strip() and "\n" not in title and not title.endswith(("?", ":"))
        assert len(material) <= 1 and all(part is None or part.strip() for part in material)
    assert len(set(made)) > 10


def test_an_entry_holds_its_parts_in_order():
    block = statements.Block("capitals", ["country", "capital"])
    block.rows = [{"country": "Kenya", "capital": "Nairobi"}, {"country": "Peru", "capital": "Lima"}]
    topic = [["whether {other_capital} is the capital of {country}"], ["{choices_capital}; {Either_capital}"],
             ["It is {capital}."]]
    for seed in range(50):
        r = random.Random(seed)
        title, text, material = statements.filled_topic(block, topic, block.rows[0], r)
        assert title == "whether Lima is the capital of Kenya" and text == "It is Nairobi."
        assert sorted(re.findall(r"\w{3,}", material)) == ["Lima", "Lima", "Nairobi", "Nairobi"]
        document = statements.entry(r, title, text, material)
        places = [document.lower().index(part.lower()) for part in (title, material, text)]
        assert places == sorted(places)


def test_numbers_in_words_and_in_roman_numerals():
    assert statements.in_words(4_561) == "four thousand five hundred sixty-one"
    assert [statements.ordinal_word(n) for n in (1, 12, 20, 42)] == ["first", "twelfth", "twentieth", "forty-second"]
    assert [statements.ordinal_figure(n) for n in (1, 11, 22, 103)] == ["1st", "11th", "22nd", "103rd"]
    assert [statements.roman(n) for n in (4, 49, 1994)] == ["IV", "XLIX", "MCMXCIV"]
    assert statements.clock(0) == "12:00 AM" and statements.clock(13 * 60 + 5) == "1:05 PM"


@pytest.mark.slow
def test_model_knows_english(tiny_tokenizer):
    """On sentences that are put together anew, the model is far better than one that knows only how often each token
    occurs, which is at about 6 nats."""
    model, _, _ = ft.load_model("tiny", ROOT / "gpt2")
    documents = make_tiny.all_documents(99, **ONCE, made=6_000, n_entries=6_000)[:300]
    tokens = make_tiny.tokens_of(documents, tiny_tokenizer)
    windows = tokens[: len(tokens) // make_tiny.WINDOW * make_tiny.WINDOW].view(-1, make_tiny.WINDOW)
    with torch.no_grad():
        assert float(make_tiny.loss_of(model.eval(), windows)) < 2.0


@pytest.mark.slow
def test_make_writes_what_the_script_reads(tmp_path, capsys, monkeypatch):
    cfg = {**ft.MODELS["tiny"], "vocab_size": 400, "emb_dim": 64, "n_layers": 2, "n_heads": 1}
    few = {"part": 0.5, "rounds": 0, "topics": 0, "prose": 1, "made": 600, "n_entries": 100}
    model = make_tiny.make(tmp_path / "tiny", cfg, [few, few], n_steps=2, seed=1, device="cpu")
    monkeypatch.setitem(ft.MODELS, "tiny", cfg)
    read, tokenizer, source = ft.load_model("tiny", tmp_path)
    assert source == tmp_path / "tiny" and tokenizer.n_vocab == 400
    assert "2 steps" in capsys.readouterr().out
    wanted = model.state_dict()
    for name, weight in read.state_dict().items():
        assert torch.equal(weight, wanted[name]), name


def test_random_weights_in_its_shape_are_written_and_read(tmp_path):
    """What tiny_tables.py compares it with, and how make_tiny.py writes: what the script reads is what went in."""
    tiny_tables.write_random_weights(tmp_path / "random", seed=5)
    read, tokenizer, source = ft.load_model("random", tmp_path / "random")
    torch.manual_seed(5)
    written = ft.GPTModel(ft.MODELS["tiny"])
    assert source == tmp_path / "random" and read.cfg == written.cfg and tokenizer.n_vocab == 2048
    assert all(torch.equal(*pair) for pair in zip(read.parameters(), written.parameters(), strict=True))


# ---- Entries that the model completes: tests/tiny_tables.py -------------------------------------------------------

def test_entries_to_complete_are_of_all_kinds():
    entries = tiny_tables.new_entries(n_made=2, n_rows=3)
    kinds = [kind for kind, _, _ in entries]
    assert len([kind for kind in kinds if kind.startswith("made")]) == 2 * len(statements.TOPIC_MAKERS)
    assert {kinds.count(kind) for kind in kinds if kind.startswith("table")} == {3} and len(set(kinds)) == 10
    assert all(head.endswith("\n\nText:\n") and text.strip() for _, head, text in entries)
    assert tiny_tables.new_entries(n_made=2, n_rows=3) == entries


def test_completed_entries_are_counted(tiny_tokenizer):
    model, _, _ = ft.load_model("tiny", ROOT / "gpt2")
    entries = [entry for entry in tiny_tables.new_entries(n_made=1, n_rows=1) if entry[0] == "made: sentences"]
    [marks] = tiny_tables.completed(model.eval(), tiny_tokenizer, entries).values()
    wrong = [(kind, head, text + " No.") for kind, head, text in entries]
    [none] = tiny_tables.completed(model, tiny_tokenizer, wrong).values()
    assert len(marks) == len(none) == len(entries) and sum(marks) > len(marks) / 4 and not any(none)


# ---- The questions about facts: tiny_facts.json ------------------------------------------------------------------

def test_facts_are_asked_by_test_entries_and_their_answers_are_right(entries):
    _, test, _ = entries
    answers = [{**entry, "model_response": entry["output"]} for entry in test]
    asked = tiny_tables.facts_among(answers)
    assert len(asked) == len(tiny_tables.FACTS) > 50
    assert all(tiny_tables.is_right(fact, response) for fact, response in asked)


def test_facts_are_in_no_training_entry(entries):
    """No training entry that is about the same thing has an answer that would be right here."""
    train, _, _ = entries
    for fact in tiny_tables.FACTS:
        for entry in train:
            about = re.search(fact["train_words"][0], entry["instruction"] + " " + entry["input"], re.IGNORECASE)
            assert not (about and tiny_tables.is_right(fact, entry["output"])), (fact, entry)


def test_facts_stand_in_the_text():
    blocks, _ = make_tiny.read_text()
    sentences = "\n".join(statements.fill(template, row) for block in blocks for row in block.rows for template in (
        *block.templates, *(text for _, _, texts in block.topics for text in texts if "_" not in text)))
    assert [fact["sentence"] for fact in tiny_tables.FACTS if fact["sentence"] not in sentences] == []


@pytest.mark.parametrize("response, right", [("The femur is in the thigh.", True), ("It is in the leg", True),
                                             ("In the arm, above the leg.", False), ("It is a bone.", False)])
def test_answers_about_facts_are_judged(response, right):
    [femur] = [fact for fact in tiny_tables.FACTS if "femur" in fact["instruction"]]
    assert tiny_tables.is_right(femur, response) == right
