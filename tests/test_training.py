"""Loss, scores, the optimizer and the loop: what is scored, what a mean is taken over, and that it learns."""
import copy
import json
import math
import re
from types import SimpleNamespace

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


def dataset_of(items):
    """A data set of items that no text stands behind."""
    dataset = ft.InstructionDataset([], SimpleNamespace(eot_token=0))
    dataset.items = items
    return dataset


def settings(**named):
    """What a training takes from the command line."""
    return SimpleNamespace(**{"epochs": 1, "batch_size": 8, "accumulate": 1, "seed": 0, "lr": 1e-3, "patience": None,
                              **named})


def mean_loss(inputs, targets, model):
    """The mean loss of the scored tokens of a batch, a tensor."""
    loss_sum, n_scored = ft.calc_loss_batch(inputs, targets, model, CPU)
    return loss_sum / n_scored


def test_loss_is_that_of_all_logits(small_model):
    inputs, targets = ft.custom_collate_fn(random_batch(), pad_token_id=0)
    loss_sum, n_scored = ft.calc_loss_batch(inputs, targets, small_model, CPU)
    loss = loss_sum / n_scored
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
        loss = mean_loss(*padded, small_model)
        loss.backward()
        results.append([loss.detach()] + [weight.grad.clone() for weight in small_model.parameters()])
    for few, many in zip(*results, strict=True):
        assert torch.allclose(few, many, atol=1e-6)


@pytest.mark.parametrize("tokens, scored", [(1, 1), (8, 32), (9, 33), (39, 31), (40, 40)])
def test_no_shape_changes_the_loss(small_model, tokens, scored):
    """From one token to a full context."""
    inputs = torch.randint(0, 97, (2, tokens), generator=torch.Generator().manual_seed(tokens))
    targets = inputs.roll(-1, dims=1).flatten()
    targets[min(scored, len(targets)):] = -100
    targets = targets.view(2, tokens)
    loss_sum, n_scored = ft.calc_loss_batch(inputs, targets, small_model, CPU)
    full = ft.F.cross_entropy(small_model(inputs).flatten(0, 1), targets.flatten(), ignore_index=-100)
    assert torch.allclose(loss_sum / n_scored, full, atol=1e-6) and n_scored == (targets != -100).sum()


def test_sparse_embedding_gradient_is_the_dense_one(small_model, monkeypatch):
    batch = ft.custom_collate_fn(random_batch(), pad_token_id=0)
    gradients, embedding = [], ft.F.embedding
    for sparse in (True, False):
        def lookup(idx, table, *_, sparse=None, now=sparse):
            return embedding(idx, table, sparse=now and sparse is not None)  # the script says sparse=, modules do not

        monkeypatch.setattr(ft.F, "embedding", lookup)
        small_model.zero_grad()
        mean_loss(*batch, small_model).backward()
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
            loss = mean_loss(*ft.custom_collate_fn(random_batch(seed=seed), pad_token_id=0), model)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        models.append(model)
    for ours, plain in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.allclose(ours, plain, atol=1e-5)


def test_loss_of_a_data_set_is_a_mean_over_tokens(small_model, monkeypatch):
    """However the entries are put together, the mean is the same; and it is not the mean of the batches' means."""
    dataset, chunks = dataset_of(random_batch(7)), ft.chunks
    total = n_tokens = 0
    for i in range(7):
        loss_sum, n = ft.calc_loss_batch(*dataset.batch([i]), small_model, CPU)
        total, n_tokens = total + loss_sum.item(), n_tokens + n
    means = []
    for size in (1, 2, 3, 7):
        monkeypatch.setattr(ft, "chunks", lambda items, _, size=size: chunks(items, size))
        assert ft.evaluate_model(small_model, dataset, CPU) == pytest.approx(total / n_tokens, rel=1e-5)
        batches = chunks(list(range(7)), size)
        means.append(sum(mean_loss(*dataset.batch(batch), small_model).item() for batch in batches) / len(batches))
    assert abs(means[0] - total / n_tokens) > 1e-3


def test_evaluation_learns_nothing_and_switches_dropout_off(small_cfg):
    model = ft.GPTModel({**small_cfg, "drop_rate": 0.5}).train()
    dataset = dataset_of(random_batch())
    assert ft.evaluate_model(model, dataset, CPU) == ft.evaluate_model(model, dataset, CPU)
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
    ("", "the", False, 0.0), ("yes", "no", False, 0.0)])
def test_scores_by_hand(response, truth, exact, f1):
    assert (ft.answer_words(response) == ft.answer_words(truth)) is exact
    assert ft.token_f1(response, truth) == pytest.approx(f1)


@pytest.mark.parametrize("response, truth", [
    ("3.5", "35"), ("It is 3.5.", "It is 35."), ("-5", "5"), ("−5", "5"), ("+5", "-5"), ("+", "-"),
    ("10-4", "104"), ("2/3", "23"), ("$6.50", "$650"), ("$5", "5"), ("50%", "50"), ("2018-03-09", "20180309"),
    ("3:00", "300"), ("1.5.2", "15.2"), (".5", "5"), ("-1, 2", "1, 2"), ("5 - 3", "5 + 3"), ("x^2", "x2"),
    ("x = 1", "x 1"), ("a + b", "+ b"),
    ("C++", "C"), ("C#", "C"), ("a != b", "a = b"), ("a < b", "a > b"), ("f(x)", "fx"), ("[1, 2]", "[12]"),
    ("<b>", "b"),
    ("print('x')", "print(x)"), ("n * m", "n + m"), ("!", "?"), ("...", "!"), (":)", ":("), ("->", "<-"), ("≤", "≥"),
    ("", "A"), ("", "the"), ("A", "The"), ("an", "a"), ("", "."), ("", "?"), ("Vitamin A", "Vitamin"), ("A, B", "B"),
    ("Hepatitis A", "Hepatitis B"), ("🙂", "🙁"), ("", "。"), ("well-known", "wellknown"),
    ("北京", "东京"), ("เชียง", "เชีย")])
def test_what_means_something_else_is_not_equal(response, truth):
    for one, other in ((response, truth), (truth, response)):
        assert ft.answer_words(one) != ft.answer_words(other) and ft.token_f1(one, other) < 1.0
        assert ft.token_f1(one, other) == ft.token_f1(other, one)
    if not response:
        assert ft.token_f1(response, truth) == 0.0


@pytest.mark.parametrize("response, truth", [
    ("", ""), ("  ", ""), ("A", "a"), ("?", " ? "), ("Yes!", "yes"), ("Yes, really?!", "yes really"),
    ("It is 3.5.", "it is 3.5"),
    ("-5.", "-5"), ("The total is $6.50.", "total is $6.50"), ("3, 4, and 5", "3 4 and 5"),
    ("An apple; a pear", "apple pear"),
    ('He said "yes".', "he said yes"), ("“Yes,” he said", "yes he said"), ("(sometimes)", "sometimes"),
    ("Done...", "done"), ("Done…", "done"), ("¿Qué?", "qué"), ("«mot»", "mot"), ("„Wort“", "wort"),
    ("¡Hola!", "hola"), ("The capital\nis  Nairobi", "capital is nairobi"), ("don't", "DON'T"),
    ("北京。", "北京"), ("北 京", "北京"), ("はい、東京", "はい東京")])
def test_what_means_the_same_is_equal(response, truth):
    assert ft.answer_words(response) == ft.answer_words(truth)
    assert ft.token_f1(response, truth) == ft.token_f1(truth, response) == 1.0


@pytest.mark.parametrize("response, truth, f1", [
    ("The answer is 3.5", "The answer is 35", 2 / 3), ("3 + 4", "3 - 4", 2 / 3), ("x = -5", "x = 5", 2 / 3),
    ("the a an", "", 0.0), ("1 2 2", "2 2 3", 2 / 3),
    ("北京是首都", "东京是首都", 4 / 5),  # Chinese: one of five characters
    ("東京です", "東京", 2 / 3), ("アメリカ", "アフリカ", 3 / 4),  # Japanese
    ("กาแฟ", "กาแ", 6 / 7), ("កា", "ក", 2 / 3), ("ລາວ", "ລາ", 4 / 5),
    ("Python很好", "Python很坏", 2 / 3), ("서울 입니다", "서울", 2 / 3)])  # Korean has spaces
def test_shared_words_by_hand(response, truth, f1):
    assert ft.token_f1(response, truth) == pytest.approx(f1) == ft.token_f1(truth, response)
    assert (ft.answer_words(response) == ft.answer_words(truth)) is False


def test_no_sign_of_our_own_answers_is_lost():
    """Those inside or before a number, in each answer; and no answer counts as nothing."""
    sign = re.compile(r"(?<=\d)[-.,:/](?=\d)|[-+$.](?=\d)")
    answers = [entry["output"] for entry in json.loads((ft.HERE / "instruction-data.json").read_text(encoding="utf-8"))]
    signed = [answer for answer in answers if sign.search(answer)]
    assert len(signed) > 50
    for answer in signed:
        changed = sign.sub("", answer)
        assert ft.token_f1(answer, changed) < 1 and ft.answer_words(answer) != ft.answer_words(changed)
    for answer in answers:
        assert ft.answer_words(answer) and ft.token_f1("", answer) == 0.0 and ft.token_f1(f" {answer}\n", answer) == 1.0


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
    dataset = ft.InstructionDataset(toy_entries(), tiny_tokenizer, 256)
    progress = ft.train_model_simple(model, dataset, dataset, ft.make_optimizer(model, 2e-3), tiny_tokenizer,
                                     settings(epochs=96, seed=1, lr=2e-3))
    assert progress.val_losses[-1] < 0.05 < progress.val_losses[0]
    # of 192 steps, the first one, every twentieth, and the last one
    assert progress.epochs == [step / 2 for step in (1, *range(20, 192, 20), 192)]
    lists = progress.train_losses, progress.val_losses, progress.tokens
    assert [len(numbers) for numbers in lists] == [11] * 3 and progress.tokens == sorted(progress.tokens)
    result = ft.score_model(model, dataset, tiny_tokenizer, 20)
    scores = result["scores"]
    assert result["responses"] == [entry["output"] for entry in toy_entries()]
    assert scores["exact_match"] == scores["token_f1"] == 1.0
    assert scores["loss"] == pytest.approx(progress.val_losses[-1])
    assert scores["perplexity"] == pytest.approx(math.exp(scores["loss"]))
    assert "It is blue." in capsys.readouterr().out.splitlines()[-1]  # the sample after the last epoch


def one_layer():
    """A model that learns a little in a moment."""
    torch.manual_seed(0)
    return ft.GPTModel({**ft.MODELS["tiny"], "emb_dim": 64, "n_heads": 1, "n_layers": 1})


def test_reported_train_loss_is_the_mean_since_the_last_report(tiny_tokenizer):
    """With a learning rate of 0 nothing moves, so every report must be the mean over its batches' tokens."""
    model = one_layer()
    dataset = ft.InstructionDataset(toy_entries(), tiny_tokenizer, 256)
    args = settings(batch_size=1, seed=5, lr=0.0)
    batches = [ft.calc_loss_batch(*dataset.batch(indices), model, CPU)
               for indices in ft.length_grouped_batches(dataset, 1, seed=5)]
    progress = ft.train_model_simple(model, dataset, dataset, ft.make_optimizer(model, 0.0), tiny_tokenizer, args)
    ends = [1, *range(2, 17, 2)]  # of sixteen steps, every second one is reported
    parts = [batches[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    expected = [sum(loss.item() for loss, _ in part) / sum(n for _, n in part) for part in parts]
    assert progress.train_losses == pytest.approx(expected, rel=1e-5)
    means = [sum(loss.item() / n for loss, n in part) / len(part) for part in parts]
    assert progress.train_losses != pytest.approx(means, rel=1e-3)


def test_a_run_that_diverges_stops_with_one_line(tiny_tokenizer):
    model = one_layer()
    dataset = ft.InstructionDataset(toy_entries(), tiny_tokenizer, 256)
    optimizer = ft.make_optimizer(model, 1e30)
    with pytest.raises(ft.UserError, match="training diverged in step 2:") as error:
        ft.train_model_simple(model, dataset, dataset, optimizer, tiny_tokenizer, settings(epochs=4, lr=1e30))
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("loss, norm", [(100.0, 1.0), (math.nan, 1.0), (math.inf, 1.0), (1.0, math.nan),
                                        (1.0, math.inf)])
def test_what_cannot_be_learned_from_is_refused(loss, norm):
    ft.check_health(99.9, torch.tensor(1e9), 1)  # this can, as long gradients are shortened
    with pytest.raises(ft.UserError, match="training diverged in step 7:"):
        ft.check_health(loss, torch.tensor(norm), 7)


def test_gradients_are_clipped(tiny_tokenizer, monkeypatch):
    norms = []
    clip = torch.nn.utils.clip_grad_norm_

    def spy(parameters, max_norm):
        parameters = list(parameters)
        norm = clip(parameters, max_norm)
        norms.append((norm.item(), torch.stack([weight.grad.norm() for weight in parameters]).norm().item()))
        return norm

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", spy)
    model = one_layer()
    dataset = ft.InstructionDataset(toy_entries(), tiny_tokenizer, 256)
    ft.train_model_simple(model, dataset, dataset, ft.make_optimizer(model, 1e-3), tiny_tokenizer, settings(epochs=2))
    before, after = zip(*norms, strict=True)
    assert len(after) == 4 and max(before) > 1 and max(after) <= 1.0 + 1e-4


def test_named_number_format_is_taken(small_cfg):
    assert ft.choose_dtype("bfloat16", CPU, small_cfg) == torch.bfloat16
    assert ft.choose_dtype("float32", CPU, small_cfg) == torch.float32
    assert ft.choose_dtype("auto", torch.device("mps"), small_cfg) == torch.float32
    assert ft.choose_dtype("auto", CPU, small_cfg) in (torch.float32, torch.bfloat16)


def test_bfloat16_stays_close_and_keeps_float32_weights(small_model):
    idx = torch.randint(0, 97, (2, 20))
    with torch.no_grad():
        exact = small_model(idx)
        small_model.dtype = torch.bfloat16
        rounded = small_model(idx)
    assert rounded.dtype == torch.bfloat16 and not torch.equal(exact, rounded.float())
    assert (exact - rounded).abs().max() < 0.05 * exact.abs().max()
    loss = mean_loss(*ft.custom_collate_fn(random_batch(), pad_token_id=0), small_model)
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


def run_of(tokenizer, progress=None, save=None, **named):
    """Train a small model on the sixteen entries for 4 epochs of 2 steps; return it and the progress."""
    model = one_layer()
    dataset = ft.InstructionDataset(toy_entries(), tokenizer, 256)
    args = settings(**{"epochs": 4, "seed": 3, "lr": 1e-2, **named})
    optimizer = ft.make_optimizer(model, args.lr)
    return model, ft.train_model_simple(model, dataset, dataset, optimizer, tokenizer, args, progress, save)


def test_training_follows_the_schedule(tiny_tokenizer, monkeypatch):
    rates, step = [], torch.optim.AdamW.step

    def spy(optimizer):
        rates.append({group["lr"] for group in optimizer.param_groups})
        return step(optimizer)

    monkeypatch.setattr(torch.optim.AdamW, "step", spy)
    run_of(tiny_tokenizer)
    assert rates == [{1e-2 * ft.cosine_schedule(i, 8)} for i in range(8)]


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
    model, progress = run_of(tiny_tokenizer, patience=patience, save=lambda now: saves.append(now.step))
    assert progress.val_losses == losses[:n_reports]
    assert len(progress.train_losses) == len(progress.tokens) == len(progress.epochs) == n_reports
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), weights[best - 1], strict=True))
    assert saves[-1] == n_reports  # the last step is saved, too


def test_patience_goes_on_after_a_resumption(tiny_tokenizer, monkeypatch):
    losses = iter([5, 4, 6, 7, 1, 1, 1, 1])
    monkeypatch.setattr(ft, "evaluate_model", lambda *_: next(losses))
    states = []
    _, whole = run_of(tiny_tokenizer, patience=2, save=lambda now: states.append(copy.deepcopy(now)))
    assert [(state.step, state.is_over) for state in states] == [(2, False), (4, True)]
    assert whole.val_losses == [5, 4, 6, 7]
    losses = iter([6, 7, 1, 1])
    _, resumed = run_of(tiny_tokenizer, patience=2, progress=states[0])
    assert resumed.val_losses == [5, 4, 6, 7]
    # a run that patience had ended, but that was interrupted before its files were written
    model, over = run_of(tiny_tokenizer, patience=2, progress=states[1])
    assert over.val_losses == [5, 4, 6, 7] and over.step == 4
    best = whole.best_weights
    assert all(torch.equal(weight, best[name]) for name, weight in model.named_parameters())


# ---- Batches in parts ----

def gradients(model, dataset, batch_size):
    model.zero_grad()
    result = ft.compute_gradients(model, dataset, list(range(len(dataset))), settings(batch_size=batch_size))
    return result, torch.cat([weight.grad.flatten() for weight in model.parameters()])


@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 6])
def test_parts_give_the_gradients_of_the_whole(small_model, batch_size):
    dataset = dataset_of(random_batch(7))
    (loss, n), whole = gradients(small_model, dataset, 7)
    (loss_of_parts, n_of_parts), parts = gradients(small_model, dataset, batch_size)
    assert loss == pytest.approx(mean_loss(*dataset.batch(range(7)), small_model).item(), rel=1e-5)
    assert n == n_of_parts and loss == pytest.approx(loss_of_parts, rel=1e-5)
    assert torch.allclose(whole, parts, atol=1e-6)


@pytest.mark.parametrize("n_ranks", [2, 3, 5, 12])
def test_shares_of_processes_give_the_gradients_of_the_whole(small_model, monkeypatch, n_ranks):
    """Of several processes, one after the other here; with twelve, some have nothing to do."""
    dataset = dataset_of(random_batch(7))
    (loss, n), whole = gradients(small_model, dataset, 7)
    monkeypatch.setattr(ft, "N_RANKS", n_ranks)
    monkeypatch.setattr(ft, "of_all_processes", lambda value: [value])
    added_up = []
    monkeypatch.setattr(ft, "add_up_gradients", added_up.append)
    losses, shares = [], []
    for rank in range(n_ranks):
        monkeypatch.setattr(ft, "RANK", rank)
        (part, n_of_part), share = gradients(small_model, dataset, 7)
        assert n_of_part == n
        losses.append(part)
        shares.append(share)
    assert loss == pytest.approx(sum(losses), rel=1e-5)
    assert torch.allclose(whole, sum(shares), atol=1e-6)
    assert added_up == [small_model] * n_ranks  # once a step


def test_a_mean_of_means_is_not_the_mean(small_model):
    """The well-known mistake: averaging the mean losses of parts whose numbers of scored tokens differ."""
    dataset = dataset_of(random_batch(6))
    parts = [dataset.batch(indices) for indices in ft.chunks(range(6), 3)]
    counts = [int((targets != ft.IGNORE_INDEX).sum()) for _, targets in parts]
    assert counts[0] != counts[1]
    _, whole = gradients(small_model, dataset, 3)
    small_model.zero_grad()
    for part in parts:
        (mean_loss(*part, small_model) / 2).backward()
    mean_of_means = torch.cat([weight.grad.flatten() for weight in small_model.parameters()])
    assert not torch.allclose(whole, mean_of_means, atol=1e-4)


def test_accumulation_is_the_same_run(tiny_tokenizer):
    one, progress = run_of(tiny_tokenizer, batch_size=8)
    other, accumulated = run_of(tiny_tokenizer, batch_size=2, accumulate=4)
    for name in ("epochs", "tokens", "train_losses", "val_losses"):
        assert getattr(progress, name) == pytest.approx(getattr(accumulated, name), rel=1e-4)
    for (name, weight), (_, same) in zip(one.named_parameters(), other.named_parameters(), strict=True):
        # a bias of the keys adds the same to all scores of a query: its gradient is 0, but for what rounding leaves
        assert torch.allclose(weight, same, atol=1e-4) or name.endswith("W_key.bias"), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("lengths, prompt", [((9, 5, 9), 4), ((20, 20), 19), ((7, 30, 3, 12), 1), ((6,), 3),
                                             ((31, 12), 8)])
def test_what_a_batch_begins_with_is_computed_once(small_model, monkeypatch, lengths, prompt, dtype):
    """Losses and gradients are those of the plain way, and fewer tokens pass through the model."""
    torch.manual_seed(1)
    small_model.dtype = dtype
    beginning = torch.randint(0, 90, (prompt,)).tolist()
    items = [(beginning + torch.randint(0, 90, (n,)).tolist() + [96], prompt) for n in lengths]
    inputs, targets = ft.custom_collate_fn(items, pad_token_id=96)
    plain = torch.nn.functional.cross_entropy(small_model(inputs).float().flatten(0, 1), targets.flatten(),
                                              reduction="sum", ignore_index=-100)
    plain.backward()
    expected = {name: weight.grad for name, weight in small_model.named_parameters()}
    small_model.zero_grad()
    read = []
    hook = small_model.register_forward_hook(lambda _, inputs, logits: read.append(inputs[0].numel()))
    loss, n_scored = ft.calc_loss_batch(inputs, targets, small_model, "cpu")
    loss.backward()
    hook.remove()
    exact = dtype == torch.float32
    assert n_scored == sum(lengths) + len(lengths)
    assert loss.item() == pytest.approx(plain.item(), rel=1e-5 if exact else 0.02)
    for name, weight in small_model.named_parameters():
        assert torch.allclose(weight.grad, expected[name], atol=1e-4 if exact else 0.5, rtol=1e-3), name
    if exact and len(lengths) > 1:  # the last token of the prompt has to predict something: it is not shared
        assert read == ([prompt - 1] if prompt > 1 else []) + [len(lengths) * (max(lengths) + 1)]


@pytest.mark.parametrize("length, prompt", [(9, 5), (30, 9), (38, 1), (39, 17)])
def test_shapes_are_few_in_bfloat16(small_model, length, prompt):
    """Columns come in multiples of 8, as far as the context of 40 goes, and logits in multiples of 32."""
    small_model.dtype = torch.bfloat16
    items = [(list(range(prompt)) + [row] * (length - prompt) + [96], prompt) for row in (50, 51)]
    seen, sizes = [], []
    hooks = [small_model.register_forward_hook(lambda _, inputs, logits: seen.append(inputs[0].shape[1])),
             small_model.out_head.register_forward_hook(lambda _, inputs, logits: sizes.append(len(logits)))]
    ft.calc_loss_batch(*ft.custom_collate_fn(items, pad_token_id=96), small_model, "cpu")
    for hook in hooks:
        hook.remove()
    assert seen[:-1] == [n for n in seen[:-1] if n % 8 == 0]
    assert seen[-1] % 8 == 0 or sum(seen) == 40
    assert sum(seen) >= length and sizes[-1] % 32 == 0


def test_dropout_differs_from_row_to_row(small_cfg):
    """So nothing is shared where there is some."""
    model = ft.GPTModel({**small_cfg, "drop_rate": 0.5})
    read = []
    model.register_forward_hook(lambda _, inputs, logits: read.append(inputs[0].shape))
    items = [([1, 2, 3, row, 96], 3) for row in (4, 5)]
    ft.calc_loss_batch(*ft.custom_collate_fn(items, pad_token_id=96), model, "cpu")
    assert read == [(2, 4)]


def test_no_prompts_have_no_answers(small_model, tiny_tokenizer):
    assert ft.generate_responses(small_model, [], tiny_tokenizer, 5) == []
