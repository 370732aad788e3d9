"""generate against the plain loop: the cache, many rows, rows of different lengths, the end of the context."""
import pytest
import torch

import finetune_gpt2 as ft


def random_idx(rows, length, seed=0):
    return torch.randint(0, 97, (rows, length), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("rows, length, new", [(1, 1, 20), (1, 12, 25), (7, 12, 28), (3, 39, 1), (2, 40, 1)])
def test_greedy_equals_the_plain_loop(small_model, monkeypatch, fused, rows, length, new):
    monkeypatch.setattr(ft, "FUSED", fused)
    idx = random_idx(rows, length, seed=7)
    plain = ft.generate_text_simple(small_model, idx, new, 40)
    assert plain.shape == (rows, length + new) and torch.equal(plain[:, :length], idx)
    assert torch.equal(ft.generate(small_model, idx, new, 40), plain)
    assert len(plain[:, length:].unique()) > 3 or new < 3  # not one token over and over


@pytest.mark.parametrize("length", [30, 38, 39, 40, 41, 60])
def test_beyond_the_context(small_model, length):
    """The window slides: both forget the oldest tokens, and agree about what follows."""
    idx = random_idx(3, length)
    assert torch.equal(ft.generate(small_model, idx, 15, 40), ft.generate_text_simple(small_model, idx, 15, 40))


def test_smaller_context_than_the_model_has(small_model):
    idx = random_idx(2, 10)
    assert torch.equal(ft.generate(small_model, idx, 12, 16), ft.generate_text_simple(small_model, idx, 12, 16))


@pytest.mark.parametrize("new", [1, 9, 30])
def test_rows_of_different_lengths(small_model, new):
    """Each row goes on as if it were alone, whatever stands in the padding, also where the longest is full."""
    padding = torch.tensor([30, 16, 32, 0, 13])
    idx = random_idx(5, 33)
    together = ft.generate(small_model, idx, new, 40, padding=padding)
    assert together.shape == (5, 33 + new)
    for row, n in enumerate(padding.tolist()):
        alone = ft.generate_text_simple(small_model, idx[row : row + 1, n:], new, 40)
        assert together[row, n:].tolist() == alone[0].tolist()


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
    ft.generate(small_model, random_idx(4, 35), 8, 40, padding=torch.tensor([0, 5, 7, 34]))
    assert read == [(4, 35)] + [(4, 1)] * 5 + [(4, 40)] * 2


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


@pytest.mark.parametrize("length", [8, 38, 45])
def test_rows_that_end_leave_wherever_the_context_ends(small_model, length):
    """Most rows end at once and are dropped, before and after the context is full."""
    idx = random_idx(9, length)
    plain = ft.generate_text_simple(small_model, idx, 12, 40)[:, length:]
    eos_id = int(plain[:, 0].mode().values)
    idx = torch.cat((idx[plain[:, 0] == eos_id].repeat(6, 1), idx[plain[:, 0] != eos_id][:2]))
    plain = ft.generate_text_simple(small_model, idx, 12, 40)[:, length:].tolist()
    output = ft.generate(small_model, idx, 12, 40, eos_id=eos_id)[:, length:].tolist()
    for row, expected in zip(output, plain, strict=True):
        expected = expected[: expected.index(eos_id) + 1] if eos_id in expected else expected
        assert row[: len(expected)] == expected and set(row[len(expected):]) <= {eos_id}


def test_nothing_to_generate(small_model):
    idx = random_idx(2, 5)
    assert torch.equal(ft.generate(small_model, idx, 0, 40), idx)
    assert torch.equal(ft.generate_text_simple(small_model, idx, 0, 40), idx)


def test_does_not_change_its_arguments(small_model):
    idx, padding = random_idx(3, 9), torch.tensor([6, 0, 4])
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


def test_responses_in_the_order_of_the_data(tiny_tokenizer):
    """Batches of sorted prompts give each entry the answer that it gets alone."""
    torch.manual_seed(3)
    model = ft.GPTModel({**ft.MODELS["tiny"], "emb_dim": 64, "n_heads": 1, "n_layers": 2})
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(5)
    data = [{"instruction": "word " * n, "input": "", "output": "x"} for n in (9, 2, 30, 1, 14, 5, 22)]
    dataset = ft.InstructionDataset(data, tiny_tokenizer)
    prompts = [tokens[:length] for tokens, length in dataset]
    together = ft.generate_responses(model, prompts, tiny_tokenizer, 12, batch_size=3)
    for entry, response in zip(data, together, strict=True):
        idx = ft.text_to_token_ids(ft.format_input(entry) + ft.RESPONSE_HEADER, tiny_tokenizer)
        alone = ft.generate_text_simple(model, idx, 12, 512)[0, idx.shape[1] :].tolist() + [2047]
        assert response == tiny_tokenizer.decode(alone[: alone.index(2047)]).strip()
    assert len(set(together)) > 2
