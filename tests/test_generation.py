"""generate against the plain loop, until the context is full: the cache, many rows, rows of different lengths."""
import pytest
import torch

import finetune_gpt2 as ft


def random_idx(rows, length, seed=0):
    return torch.randint(0, 97, (rows, length), generator=torch.Generator().manual_seed(seed))


def in_front(n_padded):
    """Return the padding of generate for rows with so many tokens of padding in front."""
    return torch.stack([torch.zeros_like(n_padded), n_padded], dim=1)


def plain_until_full(model, idx, new, context_size=40):
    """Return what the plain loop appends as long as all of the text is in the context."""
    return ft.generate_text_simple(model, idx, new, context_size)[:, : max(idx.shape[1], context_size)]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("rows, length, new", [(1, 1, 20), (1, 12, 25), (7, 12, 28), (3, 39, 1), (2, 40, 1)])
def test_greedy_equals_the_plain_loop(small_model, monkeypatch, fused, rows, length, new):
    monkeypatch.setattr(ft, "FUSED", fused)
    idx = random_idx(rows, length)
    plain = ft.generate_text_simple(small_model, idx, new, 40)
    assert plain.shape == (rows, length + new) and torch.equal(plain[:, :length], idx)
    assert torch.equal(ft.generate(small_model, idx, new, 40), plain[:, :40])
    assert len(plain[:, length:].unique()) > 3 or new < 3  # not one token over and over


@pytest.mark.parametrize("length", [30, 38, 39, 40, 41, 60])
def test_beyond_the_context(small_model, length):
    """generate stops where the context is full; the plain loop's window slides: it forgets the oldest tokens."""
    idx = random_idx(3, length)
    plain = ft.generate_text_simple(small_model, idx, 15, 40)
    assert plain.shape == (3, length + 15)
    for column in range(length, length + 15):
        newest = small_model(plain[:, max(0, column - 40) : column])[:, -1].argmax(dim=-1)
        assert torch.equal(plain[:, column], newest)
    output = ft.generate(small_model, idx, 15, 40)
    assert output.shape == (3, max(length, 40)) and torch.equal(output, plain[:, : max(length, 40)])


def test_smaller_context_than_the_model_has(small_model):
    idx = random_idx(2, 10)
    output = ft.generate(small_model, idx, 12, 16)
    assert output.shape == (2, 16) and torch.equal(output, plain_until_full(small_model, idx, 12, 16))
    assert torch.equal(ft.generate(small_model, idx, 4, 16), output[:, :14])


@pytest.mark.parametrize("new", [1, 5, 7, 9, 30])
def test_rows_of_different_lengths(small_model, new):
    """Each row goes on as if it were alone, whatever stands in the padding, until the longest one is full."""
    padding = torch.tensor([30, 16, 32, 0, 13])
    idx = random_idx(5, 33)
    together = ft.generate(small_model, idx, new, 40, padding=in_front(padding))
    assert together.shape == (5, min(33 + new, 40))
    for row, n in enumerate(padding.tolist()):
        alone = ft.generate_text_simple(small_model, idx[row : row + 1, n:], min(new, 7), 40)
        assert together[row, n:].tolist() == alone[0].tolist()


@pytest.mark.parametrize("fused", [True, False])
def test_logits_with_a_cache_are_those_without(small_model, monkeypatch, fused):
    """In pieces of one token and of several, with padding and without."""
    monkeypatch.setattr(ft, "FUSED", fused)
    idx, padding = random_idx(4, 30), torch.tensor([0, 3, 9, 1])
    for padded in (None, in_front(padding)):
        caches = [ft.KeyValueCache(30) for _ in range(3)]
        with torch.no_grad():
            pieces = [small_model(piece, padding=padded, caches=caches) for piece in idx.split([10, 1, 1, 7, 1, 10], 1)]
        together = torch.cat(pieces, dim=1)
        for row, n in enumerate(padding.tolist() if padded is not None else [0] * 4):
            with torch.no_grad():
                alone = small_model(idx[row : row + 1, n:])[0]
            assert alone.std() > 0.1 and torch.allclose(together[row, n:], alone, atol=1e-4)


@pytest.mark.parametrize("fused", [True, False])
def test_each_token_is_read_once(small_model, monkeypatch, fused):
    """The prompts once, and then only the newest tokens, until the context is full."""
    monkeypatch.setattr(ft, "FUSED", fused)
    read = []
    forward = ft.GPTModel.forward

    def spy(self, in_idx, *arguments, **named):
        read.append(tuple(in_idx.shape))
        return forward(self, in_idx, *arguments, **named)

    monkeypatch.setattr(ft.GPTModel, "forward", spy)
    ft.generate(small_model, random_idx(4, 35), 8, 40, padding=in_front(torch.tensor([0, 5, 7, 34])))
    assert read == [(4, 35)] + [(4, 1)] * 4  # the last of five new tokens need not be read


def test_each_row_stops_at_its_own_end(small_model):
    idx = random_idx(12, 8)
    plain = ft.generate_text_simple(small_model, idx, 30, 40)[:, 8:]
    rows_with = {token: sum(token in row for row in plain.tolist()) for token in range(97)}
    eos_id = max((token for token in rows_with if rows_with[token] < 12), key=rows_with.get)  # not all say it
    first = [row.index(eos_id) if eos_id in row else None for row in plain.tolist()]
    assert len(set(first)) > 3 and None in first
    output = ft.generate(small_model, idx, 30, 40, eos_id=eos_id)[:, 8:]
    for row, end in enumerate(first):
        if end is None:
            assert output[row].tolist() == plain[row].tolist()
        else:
            assert output[row, : end + 1].tolist() == plain[row, : end + 1].tolist()
            assert set(output[row, end:].tolist()) == {eos_id}


def test_ends_when_all_rows_have_ended(small_model):
    idx = random_idx(1, 8)
    eos_id = int(ft.generate_text_simple(small_model, idx, 3, 40)[0, -1])
    assert ft.generate(small_model, idx, 30, 40, eos_id=eos_id).shape[1] <= 8 + 3


@pytest.mark.parametrize("shared", [1, 6, 20])
@pytest.mark.parametrize("new", [1, 12, 30])
def test_what_all_rows_begin_with_is_read_once(small_model, shared, new):
    """The padding stands behind it; each row goes on as if it were alone, without padding."""
    lengths = [9, 1, 4, 9]
    beginning, rest = random_idx(1, shared), random_idx(4, 9, seed=3)
    padding = torch.tensor([[shared, shared + 9 - n] for n in lengths])
    idx = torch.cat([beginning.expand(4, -1), rest], dim=1)
    read = []
    hook = small_model.register_forward_hook(lambda _, inputs, logits: read.append(inputs[0].numel()))
    output = ft.generate(small_model, idx, new, 40, padding=padding)
    hook.remove()
    n_new = min(new, 40 - shared - 9)
    assert output.shape == (4, shared + 9 + n_new)
    assert read == [shared, 4 * 9, *[4] * (n_new - 1)]
    for row, n in enumerate(lengths):
        text = torch.cat([beginning[0], rest[row, 9 - n:]])[None]
        alone = ft.generate_text_simple(small_model, text, n_new, 40)[0, shared + n:]
        assert output[row, shared + 9:].tolist() == alone.tolist(), row


@pytest.mark.parametrize("lengths", [[], [5], [7] * 200, list(range(20, 150)), [10, 10, 11, 30, 31, 90, 91, 95, 120]])
def test_prompts_are_answered_with_little_padding(lengths):
    prompts = [[1] * n for n in lengths]
    batches = ft.batches_to_answer(prompts, 100)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert longest == lengths[batch[-1]] and len(batch) <= 96
        assert len(batch) <= 16 or sum(lengths[i] for i in batch) >= 0.9 * longest * len(batch)
        assert len(batch) == 1 or longest <= 100  # its answer might fill the context, which stops a batch
    if lengths == [7] * 200:
        assert [len(batch) for batch in batches] == [96, 96, 8]


@pytest.mark.parametrize("prompts", [["Name a fish."], ["Name a fish."] * 3, ["", "a"], ["a", "b c d e f"],
                                     ["Name a fish.", "Name a fish. Now.", "Name", "Name a bird, and say why."]])
def test_answers_do_not_depend_on_the_other_prompts(prompts, tiny_tokenizer):
    torch.manual_seed(3)
    model = ft.GPTModel({**ft.GPT2, "vocab_size": tiny_tokenizer.n_vocab, "context_length": 60, "emb_dim": 32,
                         "n_heads": 2, "n_layers": 2})
    for weight in model.parameters():
        weight.data.add_(torch.randn_like(weight) * 0.15)
    tokens = [tiny_tokenizer.encode_ordinary(f"Say: {prompt}\n") for prompt in prompts]
    together = ft.generate_responses(model, tokens, tiny_tokenizer, 10)
    alone = [ft.generate_responses(model, [prompt], tiny_tokenizer, 10)[0] for prompt in tokens]
    assert together == alone and any(together)


@pytest.mark.parametrize("padded", [0, 4])
@pytest.mark.parametrize("length", [8, 31, 33, 34])
def test_rows_that_end_leave_wherever_the_context_ends(small_model, monkeypatch, length, padded):
    """Most rows end at once and are dropped, and the others go on as before, with padding and without."""
    idx = random_idx(150, length)
    first = ft.generate_text_simple(small_model, idx, 1, 40)[:, length]
    eos_id = int(first.mode().values)
    others = {token: row for row, token in enumerate(first.tolist()) if token != eos_id}  # they differ from each other
    assert len(others) > 1
    idx = torch.cat((idx[first == eos_id][:9].repeat(4, 1), idx[list(others.values())]))
    rows = torch.randperm(len(idx), generator=torch.Generator().manual_seed(1))  # not those that leave in front
    idx = idx[rows]
    plain = plain_until_full(small_model, idx, 12)[:, length:].tolist()
    padding = in_front(torch.full((len(idx),), padded))
    idx = torch.cat((random_idx(len(idx), padded, seed=2), idx), dim=1)
    kept = []
    keep = ft.KeyValueCache.keep
    monkeypatch.setattr(ft.KeyValueCache, "keep", lambda self, stay: kept.append(int(stay.sum())) or keep(self, stay))
    output = ft.generate(small_model, idx, 12, 40, eos_id=eos_id, padding=padding if padded else None)
    output = output[:, padded + length :].tolist()
    assert 0 < kept[0] < len(idx) / 2
    for row, expected in zip(output, plain, strict=True):
        expected = expected[: expected.index(eos_id) + 1] if eos_id in expected else expected
        expected = expected[: 40 - padded - length]  # the padding is in the context, too
        assert row[: len(expected)] == expected and set(row[len(expected):]) <= {eos_id}


def test_nothing_to_generate(small_model):
    idx = random_idx(2, 5)
    assert torch.equal(ft.generate(small_model, idx, 0, 40), idx)
    assert torch.equal(ft.generate_text_simple(small_model, idx, 0, 40), idx)


def test_does_not_change_its_arguments(small_model):
    idx, padding = random_idx(3, 9), in_front(torch.tensor([6, 0, 4]))
    copies = idx.clone(), padding.clone()
    ft.generate(small_model, idx, 5, 40, padding=padding)
    assert torch.equal(idx, copies[0]) and torch.equal(padding, copies[1])


def test_temperature_and_top_k():
    logits = torch.tensor([[0.0, 1.0, 2.0, 3.0]]).repeat(20_000, 1)
    assert (ft.choose_next(logits, 0.0, None) == 3).all()
    torch.manual_seed(0)
    for temperature in (0.5, 1.0, 2.0):
        shares = ft.choose_next(logits, temperature, None).bincount(minlength=4) / 20_000
        assert torch.allclose(shares, torch.softmax(logits[0] / temperature, dim=0), atol=0.015)
    shares = ft.choose_next(logits, 1.0, 2).bincount(minlength=4) / 20_000
    assert shares[:2].sum() == 0
    assert torch.allclose(shares[2:], torch.softmax(logits[0, 2:], dim=0), atol=0.015)
    assert (ft.choose_next(logits, 1.0, 1) == 3).all()
    assert (ft.choose_next(logits, 1.0, 100) < 4).all()


def test_sampling_repeats_with_the_seed(small_model):
    def draw(seed):
        torch.manual_seed(seed)
        return ft.generate(small_model, random_idx(4, 6), 20, 40, temperature=1.5, top_k=20).tolist()

    assert draw(1) == draw(1) != draw(2)


def test_plain_loop_takes_no_gradients(small_model):
    assert not ft.generate_text_simple(small_model, random_idx(1, 4), 2, 40).requires_grad


# ---- Answers ----


@pytest.fixture(scope="module")
def talker():
    """A function that makes a random model which answers prompts in various ways; dropout would change what it says."""
    def make(context_length):
        torch.manual_seed(3)
        sizes = {"context_length": context_length, "emb_dim": 64, "n_heads": 1, "n_layers": 2, "drop_rate": 0.5}
        model = ft.GPTModel({**ft.MODELS["tiny"], **sizes})
        with torch.no_grad():
            for weight in model.parameters():
                weight.mul_(5)
        return model.train()

    return make


def prompts_for(tokenizer):
    """Return prompts of different lengths, as texts and as lists of tokens."""
    data = [{"instruction": "word " * n, "input": "", "output": "x"} for n in (9, 2, 30, 1, 14, 5, 22, 28, 25)]
    dataset = ft.InstructionDataset(data, tokenizer)
    return [ft.format_input(entry) + ft.RESPONSE_HEADER for entry in data], [tokens[:n] for tokens, n in dataset]


@pytest.mark.parametrize("room", [5, 11, 12, 100])
def test_responses_in_the_order_of_the_data(talker, tiny_tokenizer, monkeypatch, room):
    """Batches of sorted prompts give each entry the answer that it gets alone, also where not all of them have room for
    12 tokens."""
    texts, prompts = prompts_for(tiny_tokenizer)
    context_size = max(map(len, prompts)) + room
    model = talker(context_size)
    chunks = ft.chunks
    monkeypatch.setattr(ft, "chunks", lambda items, size: chunks(items, min(size, 3)))  # more than one batch
    together = ft.generate_responses(model, prompts, tiny_tokenizer, 12)
    for text, response in zip(texts, together, strict=True):
        idx = ft.text_to_token_ids(text, tiny_tokenizer)
        alone = plain_until_full(model, idx, 12, context_size)[0, idx.shape[1] :].tolist() + [2047]
        assert response == tiny_tokenizer.decode(alone[: alone.index(2047)]).strip()
        assert response == ft.respond(model.train(), tiny_tokenizer, text, 12)
    assert len(set(together)) > 2
    assert together == ft.generate_responses(model, prompts, tiny_tokenizer, 12, temperature=2.0, top_k=1)
    assert together != ft.generate_responses(model, prompts, tiny_tokenizer, 12, temperature=5.0)


def test_no_prompts_no_responses(talker, tiny_tokenizer):
    assert ft.generate_responses(talker(64), [], tiny_tokenizer, 12) == []


def test_a_prompt_that_leaves_no_room_is_refused(talker, tiny_tokenizer):
    text, tokens = (kind[0] for kind in prompts_for(tiny_tokenizer))
    one = ft.respond(talker(len(tokens) + 1), tiny_tokenizer, text)
    assert one in {tiny_tokenizer.decode([token]).strip() for token in range(tiny_tokenizer.n_vocab)}
    for context_length in (len(tokens), len(tokens) - 1):
        with pytest.raises(ft.UserError, match=f"has {len(tokens)} tokens: make it {context_length - 1} or fewer"):
            ft.respond(talker(context_length), tiny_tokenizer, text)
