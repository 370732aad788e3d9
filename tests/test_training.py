"""Loss, scores, the optimizer and the loop: what is scored, what a mean is taken over, and that it learns."""
import math

import pytest
import torch

import finetune_gpt2 as ft

CPU = torch.device("cpu")


def random_batch(rows=5, seed=0):
    """Items of a data set over 97 tokens, of different lengths."""
    random = torch.Generator().manual_seed(seed)
    items = []
    for row in range(rows):
        tokens = torch.randint(1, 97, (8 + 3 * row,), generator=random).tolist()
        items.append((tokens, 3 + row))
    return items


def test_loss_is_that_of_all_logits(small_model):
    inputs, targets = ft.custom_collate_fn(random_batch(), pad_token_id=0)
    loss, n_scored = ft.calc_loss_batch(inputs, targets, small_model, CPU)
    full = ft.F.cross_entropy(small_model(inputs).flatten(0, 1), targets.flatten(), ignore_index=-100)
    assert torch.allclose(loss, full, atol=1e-6)
    assert n_scored == (targets != -100).sum() == sum(len(tokens) - prompt for tokens, prompt in random_batch())
    small_model.zero_grad()
    loss.backward()
    ours = [weight.grad.clone() for weight in small_model.parameters()]
    small_model.zero_grad()
    full.backward()
    for mine, theirs in zip(ours, small_model.parameters(), strict=True):
        assert torch.allclose(mine, theirs.grad, atol=1e-6)


def test_more_padding_changes_no_loss_and_no_gradient(small_model):
    inputs, targets = ft.custom_collate_fn(random_batch(), pad_token_id=0)
    results = []
    for extra in (0, 15):
        padded = ft.F.pad(inputs, (0, extra), value=0), ft.F.pad(targets, (0, extra), value=-100)
        small_model.zero_grad()
        loss, _ = ft.calc_loss_batch(*padded, small_model, CPU)
        loss.backward()
        results.append([loss.detach()] + [weight.grad.clone() for weight in small_model.parameters()])
    for few, many in zip(*results, strict=True):
        assert torch.allclose(few, many, atol=1e-6)


@pytest.mark.parametrize("tokens, scored", [(1, 1), (8, 32), (9, 33), (39, 31), (40, 40)])
def test_rounded_shapes_change_no_loss(small_model, tokens, scored):
    """Whatever the shape, and also where the context leaves no room to round it up."""
    inputs = torch.randint(0, 97, (2, tokens), generator=torch.Generator().manual_seed(tokens))
    targets = inputs.roll(-1, dims=1).flatten()
    targets[min(scored, len(targets)):] = -100
    targets = targets.view(2, tokens)
    loss, n_scored = ft.calc_loss_batch(inputs, targets, small_model, CPU)
    full = ft.F.cross_entropy(small_model(inputs).flatten(0, 1), targets.flatten(), ignore_index=-100)
    assert torch.allclose(loss, full, atol=1e-6) and n_scored == (targets != -100).sum()


def test_sparse_embedding_gradient_is_the_dense_one(small_model, monkeypatch):
    batch = ft.custom_collate_fn(random_batch(), pad_token_id=0)
    gradients, embedding = [], ft.F.embedding
    for sparse in (True, False):
        def lookup(idx, table, *_, sparse=None, now=sparse):
            return embedding(idx, table, sparse=now and sparse is not None)  # the script says sparse=, modules do not

        monkeypatch.setattr(ft.F, "embedding", lookup)
        small_model.zero_grad()
        ft.calc_loss_batch(*batch, small_model, CPU)[0].backward()
        gradients.append(small_model.tok_emb.weight.grad.clone())
    assert not gradients[0].is_sparse and torch.allclose(*gradients, atol=1e-7)


def test_fused_optimizer_makes_the_same_steps(small_cfg):
    """Three steps of ours against PyTorch's plain AdamW with the same settings."""
    models = []
    for fused in (True, False):
        torch.manual_seed(0)
        model = ft.GPTModel(small_cfg)
        optimizer = ft.make_optimizer(model, 1e-3)
        for group in optimizer.param_groups:
            assert group["fused"]
            group["fused"] = fused
            group["foreach"] = False
        for seed in range(3):
            loss, _ = ft.calc_loss_batch(*ft.custom_collate_fn(random_batch(seed=seed), pad_token_id=0), model, CPU)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        models.append(model)
    for ours, plain in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.allclose(ours, plain, atol=1e-5)


def test_loss_of_a_loader_is_a_mean_over_tokens(small_model):
    """However the entries are put together, the mean is the same; and it is not the mean of the batches' means."""
    items = random_batch(7)
    total = n_tokens = 0
    for item in items:
        loss, n = ft.calc_loss_batch(*ft.custom_collate_fn([item], pad_token_id=0), small_model, CPU)
        total, n_tokens = total + loss.item() * n, n_tokens + n
    means = []
    for size in (1, 2, 3, 7):
        loader = [ft.custom_collate_fn(batch, pad_token_id=0) for batch in ft.chunks(items, size)]
        assert ft.calc_loss_loader(loader, small_model, CPU) == pytest.approx(total / n_tokens, rel=1e-5)
        means.append(sum(ft.calc_loss_batch(*batch, small_model, CPU)[0].item() for batch in loader) / len(loader))
    assert abs(means[0] - total / n_tokens) > 1e-3


def test_evaluation_learns_nothing_and_switches_dropout_off(small_cfg):
    model = ft.GPTModel({**small_cfg, "drop_rate": 0.5}).train()
    loader = [ft.custom_collate_fn(random_batch(), pad_token_id=0)]
    assert ft.evaluate_model(model, loader, CPU) == ft.evaluate_model(model, loader, CPU)
    assert not model.training and all(weight.grad is None for weight in model.parameters())


def test_weight_decay_is_for_matrices_only(small_model):
    decayed, others = ft.make_optimizer(small_model, 0.1).param_groups
    assert decayed["weight_decay"] > 0 and others["weight_decay"] == 0
    names = {id(weight): name for name, weight in small_model.named_parameters()}
    assert all(names[id(weight)].endswith("weight") for weight in decayed["params"])
    assert all(names[id(weight)].endswith(("bias", "scale", "shift")) for weight in others["params"])
    assert len(decayed["params"]) + len(others["params"]) == len(names)


@pytest.mark.parametrize("response, truth, exact, f1", [
    ("The capital is Nairobi.", "the capital is nairobi", True, 1.0), ("An apple", "apple", True, 1.0),
    ("cat dog", "dog bird", False, 0.5), ("a b b", "b b b", False, 4 / 5), ("", "x", False, 0.0),
    ("", "the", True, 1.0), ("yes", "no", False, 0.0)])
def test_scores_by_hand(response, truth, exact, f1):
    assert (ft.answer_words(response) == ft.answer_words(truth)) is exact
    assert ft.token_f1(response, truth) == pytest.approx(f1)


def toy_entries():
    facts = {"the sky": "blue", "grass": "green", "snow": "white", "coal": "black", "a lemon": "yellow",
             "blood": "red", "chocolate": "brown", "an elephant": "gray"}
    colors = [{"instruction": f"What color is {thing}?", "input": "", "output": f"It is {color}."}
              for thing, color in facts.items()]
    sums = [{"instruction": "Add the numbers.", "input": f"{a} and {b}", "output": str(a + b)}
            for a, b in ((1, 2), (3, 4), (5, 5), (2, 9), (7, 1), (6, 3), (8, 8), (4, 9))]
    return colors + sums


def test_a_small_model_learns_sixteen_entries(tiny_tokenizer, capsys):
    torch.manual_seed(0)
    model = ft.GPTModel({**ft.MODELS["tiny"], "emb_dim": 128, "n_heads": 2, "n_layers": 2})
    dataset = ft.InstructionDataset(toy_entries(), tiny_tokenizer, 512)
    loader = ft.make_loader(dataset, 8, tiny_tokenizer, 512)
    prompt = ft.format_input(toy_entries()[0]) + ft.RESPONSE_HEADER
    train_losses, val_losses, tokens_seen = ft.train_model_simple(
        model, dataset, loader, ft.make_optimizer(model, 2e-3), CPU, 96, 8, 12, prompt, tiny_tokenizer, seed=1)
    assert val_losses[-1] < 0.05 < val_losses[0]
    assert len(train_losses) == len(val_losses) == len(tokens_seen) == 17 and tokens_seen == sorted(tokens_seen)
    scores, responses = ft.score_model(model, dataset, tiny_tokenizer, 20, CPU)
    assert responses == [entry["output"] for entry in toy_entries()]
    assert scores["exact_match"] == scores["token_f1"] == 1.0
    assert scores["perplexity"] == pytest.approx(math.exp(scores["loss"]))
    assert "It is blue." in capsys.readouterr().out.splitlines()[-1]  # the sample after the last epoch


def test_reported_train_loss_is_the_mean_since_the_last_report(tiny_tokenizer):
    """With a learning rate of 0 nothing moves, so every report must be the mean over its batches' tokens."""
    torch.manual_seed(0)
    model = ft.GPTModel({**ft.MODELS["tiny"], "emb_dim": 64, "n_heads": 1, "n_layers": 1})
    dataset = ft.InstructionDataset(toy_entries(), tiny_tokenizer, 512)
    loader = ft.make_loader(dataset, 4, tiny_tokenizer, 512, seed=5)
    batches = [ft.calc_loss_batch(*batch, model, CPU) for batch in loader]
    losses, _, _ = ft.train_model_simple(
        model, dataset, loader, ft.make_optimizer(model, 0.0), CPU, 1, 4, 2, "Hello", tiny_tokenizer, seed=5)

    def mean(some):
        return sum(loss.item() * n for loss, n in some) / sum(n for _, n in some)

    expected = [mean(batches[:1]), mean(batches[1:2]), mean(batches[2:4])]
    assert losses == pytest.approx(expected, rel=1e-5)


def test_a_run_that_diverges_stops_with_one_line(tiny_tokenizer):
    model = ft.GPTModel({**ft.MODELS["tiny"], "emb_dim": 64, "n_heads": 1, "n_layers": 1})
    dataset = ft.InstructionDataset(toy_entries(), tiny_tokenizer, 512)
    loader = ft.make_loader(dataset, 8, tiny_tokenizer, 512)
    optimizer = ft.make_optimizer(model, 1e30)
    with pytest.raises(ft.UserError, match="training diverged"):
        ft.train_model_simple(model, dataset, loader, optimizer, CPU, 4, 8, 1, "Hi", tiny_tokenizer, 0)


def test_gradients_are_clipped(tiny_tokenizer, monkeypatch):
    norms = []
    clip = torch.nn.utils.clip_grad_norm_

    def spy(parameters, max_norm):
        parameters = list(parameters)
        norm = clip(parameters, max_norm)
        norms.append(torch.stack([weight.grad.norm() for weight in parameters]).norm().item())
        return norm

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", spy)
    model = ft.GPTModel({**ft.MODELS["tiny"], "emb_dim": 64, "n_heads": 1, "n_layers": 1})
    dataset = ft.InstructionDataset(toy_entries(), tiny_tokenizer, 512)
    loader = ft.make_loader(dataset, 16, tiny_tokenizer, 512)
    ft.train_model_simple(model, dataset, loader, ft.make_optimizer(model, 1e-3), CPU, 2, 8, 9, "Hi", tiny_tokenizer, 0)
    assert len(norms) == 4 and max(norms) <= 1.0 + 1e-4


def test_named_number_format_is_taken(small_cfg):
    assert ft.choose_dtype("bfloat16", CPU, small_cfg) == torch.bfloat16
    assert ft.choose_dtype("float32", CPU, small_cfg) == torch.float32
    assert ft.choose_dtype("auto", torch.device("mps"), small_cfg) == torch.float32
    assert ft.choose_dtype("auto", CPU, small_cfg) in (torch.float32, torch.bfloat16)


def test_bfloat16_stays_close_and_keeps_float32_weights(small_model):
    idx = torch.randint(0, 97, (2, 20))
    with torch.no_grad():
        exact = small_model(idx)
        small_model.bfloat16 = True
        rounded = small_model(idx)
    assert rounded.dtype == torch.bfloat16 and not torch.equal(exact, rounded.float())
    assert (exact - rounded).abs().max() < 0.05 * exact.abs().max()
    loss, _ = ft.calc_loss_batch(*ft.custom_collate_fn(random_batch(), pad_token_id=0), small_model, CPU)
    loss.backward()
    assert loss.dtype == torch.float32
    assert all(weight.dtype == weight.grad.dtype == torch.float32 for weight in small_model.parameters())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")
def test_gpu_gives_the_logits_of_the_cpu(small_model):
    idx = torch.randint(0, 97, (3, 30))
    with torch.no_grad():
        exact = small_model(idx)
        on_gpu = small_model.to("cuda")(idx.to("cuda")).cpu()
    assert torch.allclose(exact, on_gpu, atol=1e-2)


# ---- The learning rate, and when to stop ----

def test_schedule_rises_and_falls():
    rates = [ft.cosine_schedule(step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert rates[10] == 1 and rates[10:] == sorted(rates[10:], reverse=True) and 0 < rates[-1] < 0.001
    assert rates[55] == pytest.approx(0.5)  # half the way down
    for n_steps in (1, 2, 3, 10, 11):
        assert all(0 < ft.cosine_schedule(step, n_steps) <= 1 for step in range(n_steps))


def run_of(tokenizer, **settings):
    """Train a small model on the sixteen entries for 4 epochs of 2 steps; return it and the lists."""
    torch.manual_seed(0)
    model = ft.GPTModel({**ft.MODELS["tiny"], "emb_dim": 64, "n_heads": 1, "n_layers": 1})
    dataset = ft.InstructionDataset(toy_entries(), tokenizer, 512)
    loader = ft.make_loader(dataset, 8, tokenizer, 512)
    batch_size = settings.pop("batch_size", 8)
    lists = ft.train_model_simple(model, dataset, loader, ft.make_optimizer(model, 1e-2), CPU, 4, batch_size, 1, "Hi",
                                  tokenizer, 3, **settings)
    return model, lists


def test_training_follows_the_schedule(tiny_tokenizer, monkeypatch):
    rates, step = [], torch.optim.AdamW.step

    def spy(optimizer):
        rates.append({group["lr"] for group in optimizer.param_groups})
        return step(optimizer)

    monkeypatch.setattr(torch.optim.AdamW, "step", spy)
    run_of(tiny_tokenizer)
    assert rates == [{1e-2 * ft.cosine_schedule(i, 8)} for i in range(8)]
    rates.clear()
    run_of(tiny_tokenizer, schedule=lambda step, n_steps: 1.0)
    assert rates == [{1e-2}] * 8


@pytest.mark.parametrize("losses, patience, n_reports, best", [
    ([5, 4, 3, 3.5, 3.2, 9, 9, 9], 2, 5, 3), ([5, 4, 4.5, 3, 6, 7, 8, 2], 3, 7, 4),
    ([5, 4, 3, 2, 1, 0.9, 0.8, 0.7], 1, 8, 8), ([1, 2, 2, 2, 2, 2, 2, 2], 1, 2, 1),
    ([5, 4, 3, 9, 9, 9, 9, 9], None, 8, 8)])
def test_patience_stops_and_keeps_the_best(losses, patience, n_reports, best, tiny_tokenizer, monkeypatch):
    """Losses that are made up: the weights after training are those at the best of them."""
    weights = []

    def made_up(model, *_):
        weights.append([weight.detach().clone() for weight in model.parameters()])
        return losses[len(weights) - 1]

    monkeypatch.setattr(ft, "evaluate_model", made_up)
    saves = []
    model, (train_losses, val_losses, tokens_seen) = run_of(
        tiny_tokenizer, patience=patience, save=lambda now: saves.append(now["step"]))
    assert val_losses == losses[:n_reports] and len(train_losses) == len(tokens_seen) == n_reports
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), weights[best - 1], strict=True))
    assert saves[-1] == n_reports  # the last step is saved, too


def test_patience_goes_on_after_a_resumption(tiny_tokenizer, monkeypatch):
    losses = iter([5, 4, 6, 7, 1, 1, 1, 1])
    monkeypatch.setattr(ft, "evaluate_model", lambda *_: next(losses))
    states = []
    run_of(tiny_tokenizer, patience=2, save=lambda now: states.append({**now, "val_losses": [*now["val_losses"]]}))
    assert [state["step"] for state in states] == [2, 4] and states[-1]["over"]
    losses = iter([6, 7, 1, 1])
    _, (_, val_losses, _) = run_of(tiny_tokenizer, patience=2, progress=states[0])
    assert val_losses == [5, 4, 6, 7]


# ---- Batches in parts ----

def gradients(model, batch, n_parts):
    model.zero_grad()
    result = ft.backward_step(*batch, model, CPU, n_parts)
    return result, torch.cat([weight.grad.flatten() for weight in model.parameters()])


@pytest.mark.parametrize("n_parts", [2, 3, 5, 7, 12])
def test_parts_give_the_gradients_of_the_whole(small_model, n_parts):
    batch = ft.custom_collate_fn(random_batch(7), pad_token_id=0)
    (total, n), whole = gradients(small_model, batch, 1)
    (total_of_parts, n_of_parts), parts = gradients(small_model, batch, n_parts)
    assert n == n_of_parts and float(total) == pytest.approx(float(total_of_parts), rel=1e-5)
    assert torch.allclose(whole, parts, atol=1e-6)


def test_a_mean_of_means_is_not_the_mean(small_model):
    """The well-known mistake: averaging the mean losses of parts whose numbers of scored tokens differ."""
    batch = ft.custom_collate_fn(random_batch(6), pad_token_id=0)
    counts = [int((part != ft.IGNORE_INDEX).sum()) for part in batch[1].chunk(2)]
    assert counts[0] != counts[1]
    _, whole = gradients(small_model, batch, 2)
    small_model.zero_grad()
    for part in zip(*(tensor.chunk(2) for tensor in batch), strict=True):
        (ft.calc_loss_batch(*part, small_model, CPU)[0] / 2).backward()
    mean_of_means = torch.cat([weight.grad.flatten() for weight in small_model.parameters()])
    assert not torch.allclose(whole, mean_of_means, atol=1e-4)


def test_accumulation_is_the_same_run(tiny_tokenizer):
    one, lists = run_of(tiny_tokenizer, batch_size=8)
    other, other_lists = run_of(tiny_tokenizer, batch_size=2, accumulate=4)
    for ours, theirs in zip(lists, other_lists, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4)
    assert all(torch.allclose(*pair, atol=1e-4) for pair in zip(one.parameters(), other.parameters(), strict=True))


def test_no_prompts_have_no_answers(small_model, tiny_tokenizer):
    assert ft.generate_responses(small_model, [], tiny_tokenizer, 5) == []
