"""Tests of the toy that comes with the project, and of the program that makes it."""

import itertools
import math
import re
import sys

import pytest
import torch
from conftest import ROOT, TINY, checkpoint_layout

import finetune_gpt2 as ft

sys.path.insert(0, str(TINY))

import make_tiny  # noqa: E402, it is found only now
import world  # noqa: E402, it is found only now


@pytest.fixture(scope="module")
def documents():
    """Every fact in each grouping, and every sentence in each form."""
    return make_tiny.make_text(123, rounds=3)


@pytest.fixture(scope="module")
def entries():
    """The instruction data: to train on, to test with and to validate with."""
    path = TINY / "instruction-data.json"
    return ft.split_data(ft.download_and_load_file(path))


@pytest.fixture(scope="module")
def toy():
    return ft.load_model("tiny", ROOT / "gpt2")


def words_of(text):
    """Return a text as its words, with a space at each end, to look others up in."""
    words = re.findall(r"[\w-]+", text.lower())
    return f" {' '.join(words)} "


def states(text, fact):
    """Return whether a text, as words_of returns it, holds both sides of a fact."""
    return words_of(fact.x) in text and words_of(fact.y) in text


# ---- The folder ----


def test_folder_is_small():
    files = [path for path in TINY.rglob("*") if path.suffix not in (".pyc", "")]
    assert sum(path.stat().st_size for path in files) <= 8_000_000
    code = [path.read_text(encoding="utf-8") for path in TINY.parent.rglob("*.py")]
    assert sum(text.count("\n") for text in code) <= 800


def test_model_is_small_and_has_the_released_layout():
    settings, params = ft.read_checkpoint(TINY)
    cfg = ft.MODELS["tiny"]
    assert settings == {name: cfg[ours] for name, ours in ft.SIZE_NAMES.items()}
    assert list(params) == list(checkpoint_layout(settings))
    assert sum(math.prod(params[name].shape) for name in params) <= 2_000_000
    assert all(torch.isfinite(torch.as_tensor(params[name])).all() for name in params)


def test_model_and_tokenizer_load(toy):
    model, tokenizer, source = toy
    assert source == TINY
    assert tokenizer.n_vocab == model.cfg["vocab_size"]


def test_prompts_are_short_and_fit_into_the_context(toy, entries):
    model, tokenizer, _ = toy
    header = ft.format_input({"instruction": "", "input": ""}) + ft.RESPONSE_HEADER
    assert len(tokenizer.encode_ordinary(header)) <= 45
    for part in entries:
        dataset = ft.InstructionDataset(part, tokenizer, model.cfg["context_length"])
        assert len(dataset) == len(part)


# ---- The world ----


@pytest.mark.parametrize("name", world.KINDS)
def test_kinds_are_well_formed(name):
    kind = world.KINDS[name]
    assert len(kind.facts) >= 20 and len(kind.wordings) >= 5
    for x, y in kind.facts.items():
        assert x != y and x == x.strip() != "" and y == y.strip() != ""
    for texts in (kind.wordings, kind.instructions):
        assert len(set(texts)) == len(texts)
        assert all(text == " ".join(text.split()) != "" for text in texts)
    for text in kind.wordings:  # hold both sides of a fact
        assert re.search(r"\{(a_)?x\}", text) and re.search(r"\{(a_)?y\}", text)
    for instruction in kind.instructions:  # do not hold the answer
        assert not re.search(r"\{(a_)?y\}", instruction)
        assert instruction[-1] in ".?"


def test_what_is_read_from_tables():
    assert world.pairs("a: b; c d:\n  e f") == {"a": "b", "c d": "e f"}
    assert world.groups("x: a, b;\n y: c") == {"a": "x", "b": "x", "c": "y"}
    assert world.both_ways({"hot": "cold"}) == {"hot": "cold", "cold": "hot"}
    assert world.successors("a b c, d e") == {"a": "b", "b": "c", "d": "e"}
    for wrong in ("a: b; a: c", "a: b: c", "a"):
        with pytest.raises((AssertionError, ValueError)):
            world.pairs(wrong)


def test_no_word_has_two_opposites():
    words = [*world.OPPOSITES, *world.OPPOSITES.values()]
    assert len(set(words)) == len(words)


def test_languages_and_continents_are_of_countries():
    for facts in (world.LANGUAGES, world.CONTINENTS):
        assert set(facts) <= set(world.CAPITALS)


def test_sentences_have_their_forms():
    sentence = "The cook washes the chair."
    assert [kind.facts[sentence] for kind in world.FORMS.values()] == [
        "The cook washed the chair.",
        "The cook will wash the chair.",
        "The cook does not wash the chair.",
        "Does the cook wash the chair?",
        "The cooks wash the chair.",
        "The chair is washed by the cook.",
    ]
    changed = [text for kind in world.FORMS.values() for text in kind.facts.values()]
    assert len(set(changed)) == len(changed) >= 2000


def test_articles():
    nouns = ["owl", "cook", "hour glass", "university", "Italian"]
    found = [make_tiny.with_article(noun) for noun in nouns]
    assert found == ["an owl", "a cook", "a hour glass", "a university", "an Italian"]


# ---- The text ----


def test_text_is_the_same_each_time(documents):
    assert make_tiny.make_text(123, rounds=3) == documents
    assert make_tiny.make_text(124, rounds=3) != documents


def test_text_is_neither_instruction_nor_question_and_answer(documents, entries):
    text = "\n".join(documents)
    for sign in ("#", "{", "}", "Below is an instruction", "appropriately"):
        assert sign not in text
    assert not re.findall(r"(?m)^(Q|A|Answer|Instruction|Input|Response|Task):", text)
    instructions = [entry["instruction"] for entry in itertools.chain(*entries)]
    imperatives = {text.split()[0] for text in instructions if text.endswith(".")}
    assert imperatives >= {"Name", "Rewrite", "Say"}
    assert imperatives.isdisjoint(re.findall(r"\b[A-Z][a-z]*", text))
    questions = set(world.FORMS["question form"].facts.values())
    assert set(re.findall(r"[A-Z][^.?!:\"\n]*\?", text)) <= questions
    assert not [instruction for instruction in instructions if instruction in text]


# ---- The entries ----


def test_entries_are_those_that_the_program_makes(entries):
    made = make_tiny.make_entries()
    assert list(itertools.chain(*entries)) == made
    asked = [(entry["instruction"], entry["input"]) for entry in made]
    assert len(set(asked)) == len(asked) and 700 <= len(asked) <= 1000


def test_each_part_has_all_kinds(entries):
    parts = make_tiny.split_world()
    kinds = set(world.KINDS)
    for name, part in zip(("training", "test", "validation"), entries, strict=True):
        assert {fact.kind for fact in parts[name]} == kinds
        outputs = [
            make_tiny.ask(fact, make_tiny.random.Random(1))["output"]
            for fact in parts[name]
        ]
        assert sorted(outputs) == sorted(entry["output"] for entry in part)


def test_held_out_facts_stand_in_the_text_and_in_no_training_entry(documents, entries):
    sentences = [
        words_of(text) for doc in documents for text in re.split(r"(?<=[.?]) |\n", doc)
    ]
    training = [words_of(" ".join(entry.values())) for entry in entries[0]]
    parts = make_tiny.split_world()
    for fact in [*parts["test"], *parts["validation"], *parts["unused"]]:
        assert not [text for text in training if states(text, fact)], fact
        if fact.kind in world.FORMS:  # nor does the sentence in another form
            assert not [text for text in training if words_of(fact.x) in text], fact
            assert any(fact.x in doc and fact.y in doc for doc in documents), fact
        else:
            assert any(states(text, fact) for text in sentences), fact


# ---- The model ----


def test_model_knows_the_world_before_fine_tuning(toy):
    """It goes on rightly after the beginning of most facts that entries only test."""
    model, tokenizer, _ = toy
    beginnings = []
    endings = []
    parts = make_tiny.split_world()
    for fact in parts["test"] + parts["validation"]:
        # "A cow" and "Gold is" may also begin something else that is true
        if fact.kind in world.FACTS and fact.kind not in ("sound", "category"):
            statement = make_tiny.fill(world.KINDS[fact.kind].wordings[0], fact)
            endings.append(fact.y)
            beginnings.append(make_tiny.capital(statement.removesuffix(fact.y).strip()))
    prompts = [tokenizer.encode_ordinary(text) for text in beginnings]
    answers = ft.generate_responses(model, prompts, tokenizer, 8)
    n_right = 0
    for answer, ending in zip(answers, endings, strict=True):
        n_right += answer.removeprefix("a ").startswith(ending)
    assert n_right >= 0.8 * len(answers), list(zip(beginnings, answers, strict=True))


def test_model_goes_on_with_the_sentence_of_the_run(toy):
    model, tokenizer, _ = toy
    idx = ft.text_to_token_ids("The capital of Kenya is", tokenizer)
    idx = ft.generate_text_simple(model, idx, 12, model.cfg["context_length"])
    text = ft.token_ids_to_text(idx, tokenizer)
    assert text.startswith("The capital of Kenya is Nairobi.")


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="PyTorch before 2.9")
def test_a_short_rebuild_writes_what_the_script_reads(tmp_path, capsys):
    make_tiny.make(tmp_path / "tiny", seed=1, rounds=2, n_steps=2)
    assert "loss" in capsys.readouterr().out
    model, tokenizer, _ = ft.load_model("tiny", tmp_path)
    assert (
        tokenizer.n_vocab == model.cfg["vocab_size"] == ft.MODELS["tiny"]["vocab_size"]
    )
    for name in ("instruction-data.json", "hparams.json"):
        assert (tmp_path / "tiny" / name).read_bytes() == (TINY / name).read_bytes()
