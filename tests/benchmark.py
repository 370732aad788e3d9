"""Measure how fast and how large the script runs, next to transformers' GPT-2 and next to plain loops.

    python tests/benchmark.py                            all but sweep and scale, for GPT-2 small
    python tests/benchmark.py --only step,memory         only these; the names are those in SECTIONS
    python tests/benchmark.py --model tiny --steps 5     a quick look

The weights are random numbers in the layout of the released ones: how long a step takes does not depend on what was
learned. Rivals take turns in one process, so that a machine that slows down slows all of them. "tokens" are those of
the entries, without padding. Nothing here passes or fails: it prints Markdown tables, each as soon as it is there, and
on standard error what is being measured. bfloat16 is left out where the machine only emulates it, which takes many
times as long and tells nothing; --dtype bfloat16 measures it all the same.
"""
import argparse
import json
import math
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cached_property
from pathlib import Path
from statistics import mean, median

import numpy as np
import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import finetune_gpt2 as ft  # noqa: E402

BATCH, LR = 8, 5e-5  # the script's defaults
NEW = 32  # tokens per answer where every answer is equally long

# ---- The machine, the weights, the clock -----------------------------------------------------------------------

def machine(device):
    """Return one line about what the figures were measured on."""
    from transformers import __version__ as version

    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        cpus = Path("/proc/cpuinfo")
        found = re.search(r"model name\s*: (.*)", cpus.read_text()) if cpus.exists() else None
        name = f"{found[1] if found else platform.machine()}, {torch.get_num_threads()} cores"
    return f"{name}; torch {torch.__version__}, transformers {version}"

def memory(field="VmHWM"):
    """Return the most memory this process had (VmHWM), or what it has now (VmRSS), in MiB. Linux's own count is
    taken where there is one, because ru_maxrss remembers the process that started this one, too."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(rf"{field}:\s+(\d+)", status.read_text())[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1024)

def random_arrays(settings, seed=0):
    """Yield (name, array) of random weights in the order of OpenAI's file; the gains of the norms are around 1."""
    numbers = np.random.default_rng(seed)
    for name, _, _, array in ft.arrays_of(ft.empty_model(settings)):  # of which only the shapes are there
        yield name, 0.02 * numbers.standard_normal(array.shape, dtype=np.float32) + np.float32(name.endswith("/g"))

def write_weights(size, weights_dir, bpe_dir):
    """Write weights_dir/<size> as a user would have it: random weights and the tokenizer's two files."""
    bpe_dir = ROOT / "gpt2" / "tiny" if size == "tiny" else bpe_dir
    if not (bpe_dir / "vocab.bpe").exists():
        sys.exit(f"{bpe_dir} lacks GPT-2's vocab.bpe and encoder.json: name their folder with --bpe, or --model tiny")
    folder = weights_dir / size
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("vocab.bpe", "encoder.json"):
        shutil.copyfile(bpe_dir / name, folder / name)
    settings = {theirs: ft.MODELS[size][ours] for theirs, ours in ft.SIZE_NAMES.items()}
    with open(folder / ft.OPENAI_FILES[-1], "wb") as file:
        for _, array in random_arrays(settings):
            file.write(array.astype("<f4").tobytes())
    (folder / "hparams.json").write_text(json.dumps(settings))

def say(what):
    """Tell on standard error what is being measured: a line each, or on a terminal one that the next one replaces."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{what}", end="", file=sys.stderr, flush=True)
    elif what:
        print(what, file=sys.stderr, flush=True)

def paired(title, rivals, rounds, device, warm_up=1):
    """Give each of {name: function of the round} its turn, round after round; return {name: [seconds]}."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    seconds = {name: [] for name in rivals}
    for i in range(-warm_up, rounds):
        for name, action in rivals.items():
            say(f"{title}: {name}, " + ("warm-up" if i < 0 else f"round {i + 1} of {rounds}"))
            wait()
            start = time.perf_counter()
            action(i)
            wait()
            if i >= 0:
                seconds[name].append(time.perf_counter() - start)
    return seconds

def table(title, header, rows, note):
    """Print a Markdown table."""
    rows = [[cell if isinstance(cell, str) else f"{cell:,.3g}" if cell < 100 else f"{cell:,.0f}" for cell in row]
            for row in rows]
    lines = [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]
    say("")  # a terminal's line is free again
    print(f"\n### {title}\n", *lines, f"\n{note}", sep="\n", flush=True)

def speed_of_products(device, dtype):
    """Return the FLOP/s of a large product of matrices: the best of ten."""
    left, right = torch.randn(2, 2048, 2048, device=device, dtype=getattr(torch, dtype))
    seconds = paired("a large product", {dtype: lambda _: left @ right}, 10, device, warm_up=2)[dtype]
    return 2 * 2048 ** 3 / min(seconds)

def arithmetic(setup, n_tokens, n_logits):
    """Return the floating-point operations of so many tokens that pass through the blocks, and logits, forward: a
    multiplication and an addition for each weight. Attention itself and all else that is small is not counted."""
    head = setup.cfg["vocab_size"] * setup.cfg["emb_dim"]
    blocks = 12 * setup.cfg["n_layers"] * setup.cfg["emb_dim"] ** 2
    return 2 * (blocks * n_tokens + head * n_logits)

class Setup:
    """What all measurements share: settings, device, tokenizer and data, and the two models on request."""

    def __init__(self, args):
        self.args, self.device = args, ft.choose_device(args.device)
        torch.set_float32_matmul_precision("high")  # as the script does; here it holds for its rivals too
        self.folder, self.cfg = Path(args.weights) / args.model, ft.MODELS[args.model]
        self.context, self.tokenizer = self.cfg["context_length"], ft.load_tokenizer(self.folder)
        self.eos_id = self.tokenizer.eot_token
        self.data = ft.download_and_load_file(ROOT / "instruction-data.json")
        self.train, self.test, self.val = (
            ft.InstructionDataset(part, self.tokenizer, self.context) for part in ft.split_data(self.data))
        self.parameters = (self.folder / ft.OPENAI_FILES[-1]).stat().st_size // 4
        self.dtype = self.choose(args.dtype)

    def choose(self, name):
        """Return the number format that the script chooses for a --dtype."""
        if name == "auto":
            say("number formats, to leave out what is only emulated")
        return str(ft.choose_dtype(name, self.device, self.cfg)).removeprefix("torch.")

    @cached_property
    def dtypes(self):
        """The number formats that are compared: bfloat16 if this machine is fast in it, or if it is asked for."""
        fastest = self.choose("auto") if self.args.dtype == "float32" else self.dtype
        return list(dict.fromkeys(["float32", fastest]))

    @cached_property
    def speed(self):
        """{number format: FLOP/s of a large product}"""
        return {dtype: speed_of_products(self.device, dtype) for dtype in self.dtypes}

    def script_model(self, dtype):
        model = ft.load_model(self.args.model, self.args.weights)[0].to(self.device)
        model.dtype = getattr(torch, dtype)
        return model

    def peer_model(self):
        return peer_model(*ft.read_checkpoint(self.folder), self.eos_id).to(self.device)

def peer_model(settings, params, eos_id):
    """Return transformers' GPT-2 with the weights of read_checkpoint; without dropout, like the script's."""
    from transformers import GPT2Config, GPT2LMHeadModel

    model, state = GPT2LMHeadModel(GPT2Config(
        vocab_size=settings["n_vocab"], n_positions=settings["n_ctx"], n_embd=settings["n_embd"],
        n_layer=settings["n_layer"], n_head=settings["n_head"], resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        bos_token_id=eos_id, eos_token_id=eos_id, pad_token_id=eos_id)), {}
    model.loss_type = "ForCausalLM"  # the default, but said: else it warns
    for name in params:  # h0/attn/c_attn/w is their transformer.h.0.attn.c_attn.weight
        path, _, kind = name.rpartition("/")
        theirs = f"{path}.{'bias' if kind == 'b' else 'weight'}" if path else f"{kind}.weight"
        state["transformer." + re.sub(r"^h(\d)", r"h.\1", theirs).replace("/", ".")] = torch.as_tensor(params[name])
    missing, extra = model.load_state_dict(state, strict=False)
    assert missing == ["lm_head.weight"] and not extra, (missing, extra)  # the head is wte once more
    model.tie_weights()
    return model

# ---- Training: the rivals --------------------------------------------------------------------------------------

def plain_loss(model, inputs, targets):
    """The loss as one writes it first: logits of every token, and the loss leaves out what is not scored."""
    return F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten(), ignore_index=ft.IGNORE_INDEX)

def peer_batch(items, pad_id, context, device):
    """Return the arguments of transformers' model for a batch: padded tokens, mask, labels of the answers only."""
    ids, labels = torch.full((2, len(items), max(len(token_ids) for token_ids, _ in items)), pad_id)
    mask = torch.zeros_like(ids)
    labels.fill_(-100)
    for row, (token_ids, prompt_length) in enumerate(items):
        end = len(token_ids)
        ids[row, :end], mask[row, :end] = torch.tensor(token_ids), 1
        labels[row, prompt_length:end] = ids[row, prompt_length:end]
    batch = {"input_ids": ids, "attention_mask": mask, "labels": labels}
    return {name: tensor[:, :context].to(device) for name, tensor in batch.items()}

def trainer(setup, name):
    """Return (a function that learns from a list of items, its model); name is one of rivals(setup), or "plain"."""
    who, _, dtype = name.partition(", ")
    if who == "script":
        model = setup.script_model(dtype)
        optimizer = ft.make_optimizer(model, LR)
    elif who == "transformers":
        model = setup.peer_model()
        optimizer = torch.optim.AdamW(model.parameters(), lr=LR, fused=True if dtype == "bfloat16" else None)
    else:
        model = setup.script_model("float32")
        optimizer = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=0.1)
    model.train()

    def step(items):
        if who == "transformers":
            with torch.autocast(setup.device.type, torch.bfloat16, enabled=dtype == "bfloat16"):
                loss = model(**peer_batch(items, setup.eos_id, setup.context, setup.device)).loss
        else:
            batch = ft.custom_collate_fn(items, setup.eos_id, allowed_max_length=setup.context)
            if who == "script":
                loss_sum, n_scored = ft.calc_loss_batch(*batch, model, setup.device)
                loss = loss_sum / n_scored
            else:
                loss = plain_loss(model, *(tensor.to(setup.device) for tensor in batch))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
    return step, model

def rivals(setup):
    """Return the names of the ways to train that are compared, the script's own choice of a number format first."""
    return list(dict.fromkeys([f"script, {setup.dtype}", "script, float32",
                               *(f"transformers, {dtype}" for dtype in setup.dtypes)]))

def both_orders(dataset, steps):
    """Return (grouped, mixed): the script's first batches, and batches of the very same entries drawn blindly."""
    order = ft.length_grouped_batches(dataset, BATCH, 123)  # 123: the script's seed
    grouped = [[dataset[i] for i in batch] for batch in order[:steps]]
    items = [item for batch in grouped for item in batch]
    random.Random(123).shuffle(items)
    return grouped, ft.chunks(items, BATCH)

def turns(step, batches):
    """Return the function of the round for paired: one step with one batch."""
    return lambda i: step(batches[i % len(batches)])

# ---- The measurements ------------------------------------------------------------------------------------------

def measure_step(setup):
    grouped, mixed = both_orders(setup.train, setup.args.steps)
    steps = {name: turns(trainer(setup, name)[0], grouped if name[0] == "s" else mixed) for name in rivals(setup)}
    seconds = paired("training step", steps, len(grouped), setup.device, warm_up=2)
    entries, first = sum(map(len, grouped)), sum(seconds[rivals(setup)[0]])
    tokens = sum(len(token_ids) for batch in grouped for token_ids, _ in batch)
    scored = sum(len(token_ids) - length for batch in grouped for token_ids, length in batch)
    shared = [ft.shared_beginning([token_ids for token_ids, _ in batch]) for batch in grouped]
    needed = tokens - entries - sum(n * (len(batch) - 1) for n, batch in zip(shared, grouped, strict=True))
    limits = {dtype: 3 * arithmetic(setup, needed, scored) / speed / len(grouped)
              for dtype, speed in setup.speed.items()}
    header = ["training step", "median s", "mean s", "mean / limit", "total, first = 1", "entries/s", "tokens/s"]
    rows = [[name, median(times), mean(times), mean(times) / limits[name.partition(", ")[2]], sum(times) / first,
             entries / sum(times), tokens / sum(times)] for name, times in seconds.items()]
    note = (f"{len(grouped)} steps each over the same {entries} entries, in batches grouped by length (script) or"
            " drawn blindly. AdamW as it comes for transformers in float32, the fused one in bfloat16. The limit by"
            " arithmetic: the products of all tokens that have to be computed, without padding and the beginning that"
            " they share only once, at the speed of a large product: "
            + ", ".join(f"{limits[dtype]:.3g} s at {speed / 1e9:,.0f} GFLOP/s in {dtype}"
                        for dtype, speed in setup.speed.items()) + ".")
    peak = setup.args.peak_tflops
    if not peak and setup.device.type == "cuda" and re.search("H[12]00", torch.cuda.get_device_name(setup.device)):
        peak = 989
    if peak:
        header.append("utilization")
        for row in rows:
            row.append(f"{6 * setup.parameters * row[-1] / peak / 1e12:.1%}")
        note += f" Utilization: 6 x parameters x tokens/s over {peak:g} TFLOP/s, the GPU's peak in bfloat16."
    table(f"Training step, batch {BATCH}", header, rows, note)

def in_fresh_process(setup, job):
    """Run a job of this file in a process of its own and return the list of numbers that it prints."""
    say(f"in a fresh process: {job}")
    command = [sys.executable, __file__, "--child", job, "--dtype", setup.dtype]
    for name in ("model", "device", "steps", "weights"):
        command += [f"--{name}", str(getattr(setup.args, name))]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return json.loads(done.stdout.splitlines()[-1])

def child_memory(setup, name):
    """Train; return the peak of memory in MiB, and how much of it came after the imports."""
    if name[0] == "t":
        from transformers import GPT2LMHeadModel  # noqa: F401
    before = memory()
    step, _ = trainer(setup, name)
    for items in both_orders(setup.train, setup.args.steps)[name[0] == "t"]:
        step(items)
    if setup.device.type == "cuda":
        return [torch.cuda.max_memory_allocated(setup.device) / 2**20] * 2
    return [memory(), memory() - before]

def measure_memory(setup):
    peaks = {name: in_fresh_process(setup, f"memory:{name}") for name in rivals(setup)}
    rows = [[name, *peak, peak[0] / peaks[rivals(setup)[0]][0]] for name, peak in peaks.items()]
    where = "allocated on the GPU" if setup.device.type == "cuda" else "of the process"
    table(f"Peak memory {where}", ["training", "MiB", "MiB without imports and data", "first = 1"], rows,
          f"{setup.args.steps} training steps of {BATCH} entries, each line in a process of its own.")

def write_batched(model, prompts, count_of, setup):
    """Let generate go on with prompts, batched as by generate_responses, by exactly count_of(batch) tokens, or until
    the context is full."""
    tokens = [prompt for prompt, _ in prompts]
    n_shared = ft.shared_beginning(tokens)
    for indices in ft.batches_to_answer(tokens, setup.context):
        rows, padding = ft.padded_rows([tokens[i] for i in indices], n_shared, setup.eos_id)
        ft.generate(model.eval(), rows.to(setup.device), count_of([prompts[i] for i in indices]), setup.context,
                    padding=padding.to(setup.device))

def write_peer(model, prompts, setup, bfloat16):
    """Let transformers go on with prompts, 16 at a time, padded on the left."""
    with torch.autocast(setup.device.type, torch.bfloat16, enabled=bfloat16):
        for batch in ft.chunks([tokens for tokens, _ in prompts], 16):
            T = max(map(len, batch))
            idx = torch.tensor([[setup.eos_id] * (T - len(tokens)) + tokens for tokens in batch])
            mask = torch.tensor([[0] * (T - len(tokens)) + [1] * len(tokens) for tokens in batch])
            model.generate(input_ids=idx.to(setup.device), attention_mask=mask.to(setup.device), do_sample=False,
                           min_new_tokens=NEW, max_new_tokens=NEW)

def plain_answer(model, prompt, max_new_tokens, eos_id=None):
    """Return the new tokens for one prompt, written by the plain loop until eos_id, which is left out."""
    idx = torch.tensor([prompt], device=model.tok_emb.weight.device)
    for _ in range(max_new_tokens):
        idx = ft.generate_text_simple(model, idx, 1, model.cfg["context_length"])
        if int(idx[0, -1]) == eos_id:
            return idx[0, len(prompt) : -1].tolist()
    return idx[0, len(prompt) :].tolist()

def some_prompts(setup, number=None):
    """Return (tokens of the prompt, how many tokens the true answer has) of test entries: all, or some of them."""
    prompts = [(token_ids[:length], len(token_ids) - length) for token_ids, length in setup.test]
    return prompts[:: max(1, len(prompts) // number)][:number] if number else prompts

def measure_answers(setup):
    prompts, few = some_prompts(setup), some_prompts(setup, setup.args.prompts)
    models = {dtype: setup.script_model(dtype).eval() for dtype in setup.dtypes}
    peer, writers = setup.peer_model().eval(), {}
    for dtype, model in models.items():
        writers[f"script, {dtype}"] = lambda i, model=model: write_batched(model, prompts, lambda _: NEW, setup)
        writers[f"transformers, {dtype}"] = lambda i, half=dtype == "bfloat16": write_peer(peer, prompts, setup, half)
    writers["plain loop, float32"] = lambda i: [plain_answer(models["float32"], prompt, NEW) for prompt, _ in few]
    seconds = paired("answers", writers, setup.args.repeats, setup.device)
    speed = {name: NEW * len(few if name[0] == "p" else prompts) / median(times) for name, times in seconds.items()}
    shared = ft.shared_beginning([tokens for tokens, _ in prompts])
    n_tokens = shared + sum(len(tokens) - shared + NEW - 1 for tokens, _ in prompts)
    limits = {dtype: NEW * len(prompts) * product / arithmetic(setup, n_tokens, NEW * len(prompts))
              for dtype, product in setup.speed.items()}
    rows = [[name, median(seconds[name]), speed[name], f"{speed[name] / limits[name.partition(', ')[2]]:.0%}",
             *(speed[name] / speed[f"script, {dtype}"] for dtype in setup.dtypes)] for name in seconds]
    table(f"Answers of {NEW} tokens each",
          ["answers", "median s", "new tokens/s", "of the limit",
           *(f"script in {dtype} = 1" for dtype in setup.dtypes)], rows, "The limit by arithmetic: "
          + ", ".join(f"{limit:,.0f} tokens/s in {dtype}" for dtype, limit in limits.items()) + ". "
          f"{len(prompts)} prompts, up to 96 at a time (script) or 16 at a time (transformers); {len(few)} prompts, one"
          f" at a time and without a cache (plain loop); {setup.args.repeats} rounds.")

def child_load(setup, _):
    """Load the model; return the seconds, and the memory that it took at most over the size of the weights."""
    before, start = memory(), time.perf_counter()
    ft.load_model(setup.args.model, setup.args.weights)
    return [time.perf_counter() - start, (memory() - before) * 2**20 / (4 * setup.parameters)]

def measure_load(setup):
    runs = [in_fresh_process(setup, "load") for _ in range(setup.args.repeats)]
    table("Weights on disk to model", ["", "median s", "peak memory / size of the weights"],
          [["load_model", *map(median, zip(*runs, strict=True))]], f"{len(runs)} fresh processes, the file being in"
          " the system's cache; memory above what the process had after imports and data.")

def measure_whole(setup):
    args, device = setup.args, setup.device
    grouped, mixed = both_orders(setup.train, args.steps)
    (step, model), (plain_step, plain_model) = trainer(setup, f"script, {setup.dtype}"), trainer(setup, "plain")
    seconds = paired("whole job", {"step": turns(step, grouped), "plain step": turns(plain_step, mixed)}, len(grouped),
                     device)
    items = setup.train.items[: 5 * BATCH] + setup.val.items[: 5 * BATCH]
    ten = [ft.custom_collate_fn(some, setup.eos_id) for some in ft.chunks(items, BATCH)]

    @torch.no_grad()
    def plain_check(_):
        for inputs, targets in ten:
            plain_loss(plain_model.eval(), inputs.to(device), targets.to(device)).item()
    seconds |= paired("whole job", {
        "check": lambda i: ft.evaluate_model(model, setup.val, device), "plain check": plain_check,
        "test": lambda i: ft.evaluate_model(model, setup.test, device)}, max(1, args.steps // 5), device)
    prompts, few, longest = some_prompts(setup), some_prompts(setup, args.prompts), args.max_new_tokens
    base_tokens = min(longest, ft.BASE_TOKENS)
    seconds |= paired("whole job", {
        "base": lambda i: write_batched(model, prompts, lambda _: base_tokens, setup),
        "plain base": lambda i: [plain_answer(plain_model, prompt, longest) for prompt, _ in few],
        "tuned": lambda i: write_batched(model, prompts, lambda batch: max(n for _, n in batch), setup),
        "plain tuned": lambda i: [plain_answer(plain_model, prompt, n) for prompt, n in few],
        "sample": lambda i: write_batched(model, prompts[:1], lambda _: 50, setup)}, 1, device, warm_up=0)

    t = {name: mean(times) for name, times in seconds.items()}
    steps = 2 * math.ceil(len(setup.train) / BATCH)
    often = math.ceil(steps / 10)
    checks, plain_checks = len({1, steps, *range(often, steps + 1, often)}), math.ceil(steps / 5)
    plain_test = t["plain check"] * len(prompts) / len(items)
    answer_tokens = [sum(n for _, n in some) for some in (prompts, few)]
    rows = [["baseline: test loss", t["test"], plain_test],
            [f"baseline: {len(prompts)} answers of {base_tokens} tokens (plain: {longest})", t["base"],
             t["plain base"] * len(prompts) / len(few)],
            [f"{steps} training steps", t["step"] * steps, t["plain step"] * steps],
            [f"losses on the way ({checks} and {plain_checks} times)", t["check"] * checks,
             t["plain check"] * plain_checks],
            ["2 samples of 50 tokens", 2 * t["sample"], 2 * 50 * t["plain base"] / (longest * len(few))],
            ["evaluation: test loss", t["test"], plain_test],
            [f"evaluation: {len(prompts)} answers as long as the true ones", t["tuned"],
             t["plain tuned"] * answer_tokens[0] / answer_tokens[1]]]
    rows.append(["all", *(sum(row[column] for row in rows) for column in (1, 2))])
    note = (f"EXTRAPOLATED, not run: the plain way from {len(grouped)} steps, {len(seconds['plain check'])} checks"
            f" and {len(few)} prompts; the script from as many steps and evaluations, and all prompts. With random"
            f" weights no answer ends by itself, so the base model's have as many tokens as they may; after"
            " training they are taken to be as long as the true ones, and the script writes a whole batch to its"
            " longest. Without loading, plot and files. Both run the script's model, with PyTorch's routines.")
    if args.whole:
        say("whole job: the script in full")
        with tempfile.TemporaryDirectory() as out:
            command = ["--model", args.model, "--weights", args.weights, "--out", out, "--device", args.device,
                       "--dtype", args.dtype, "--epochs", "2", "--max-new-tokens", str(longest)]
            subprocess.run([sys.executable, ROOT / "finetune_gpt2.py", *command], check=True,
                           stdout=subprocess.DEVNULL)
            stages = json.loads((Path(out) / "metrics.json").read_text())["seconds"]
        rows.append(["all, the script run in full, with loading and files", stages["total"], rows[-1][2]])
        note += " Run in full: " + ", ".join(f"{stage} {value:.1f} s" for stage, value in stages.items()) + "."
    table("The whole job: baseline, 2 epochs, evaluation", ["part", "script, s", "plain way, s (extrapolated)",
          "plain / script"], [[*row, row[2] / row[1]] for row in rows], note)

def measure_sweep(setup):
    (step, _), rows = trainer(setup, f"script, {setup.dtype}"), []
    lengths = [length for length in (32, 64, 128, 256) if length <= setup.context]
    for size in (1, 2, 4, 8, 16, 32):
        rows.append([str(size)])
        for T in lengths:
            items = [(torch.randint(setup.eos_id, (T + 1,)).tolist(), T // 2 + 1) for _ in range(size)]
            name = f"batch of {size} with {T} tokens"
            times = paired("sweep", {name: turns(step, [items])}, setup.args.repeats, setup.device)[name]
            rows[-1] += [median(times), size * T / median(times)]
    header = ["batch"] + [f"{T} tokens: {unit}" for T in lengths for unit in ("s", "tokens/s")]
    table("Training step of the script by batch size and length", header, rows, "The last half of each is scored.")

def many_entries(data, number):
    """Return many entries made of few: a number behind the instruction, the words of the input in another order."""
    numbers, entries = random.Random(0), []
    for i in range(number):
        entry = numbers.choice(data)
        words = entry["input"].split()
        numbers.shuffle(words)
        entries.append({**entry, "instruction": f"{entry['instruction']} ({i})", "input": " ".join(words)})
    return entries

def measure_scale(setup):
    few, large, batches = setup.args.steps, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.json"
        path.write_text(json.dumps(many_entries(setup.data, 52_000)), encoding="utf-8")
        times = paired("scale", {
            "read and check, s": lambda i: large.update(data=ft.download_and_load_file(path)),
            "tokenize, s": lambda i: large.update(
                set=ft.InstructionDataset(large["data"], setup.tokenizer, setup.context)),
            "put into batches, s": lambda i: batches.update(large=both_orders(large["set"], 5 * few)[0]),
        }, 1, setup.device, warm_up=0)
    batches["small"] = both_orders(setup.train, few)[0]
    rows = [[name, *seconds] for name, seconds in times.items()]
    step, _ = trainer(setup, f"script, {setup.dtype}")
    rows.append(["resident memory before training, MiB", memory("VmRSS")])
    steps = {f"{name} set": turns(step, some) for name, some in batches.items()}
    for (name, some), times in zip(batches.items(), paired("scale", steps, few, setup.device).values(), strict=True):
        tokens = sum(len(token_ids) for batch in some[:few] for token_ids, _ in batch)
        rows += [[f"first {few} steps, {name} set, s", sum(times)],
                 [f"tokens/s in them, {name} set", tokens / sum(times)]]
    for start, end in ((0, few), (few, 5 * few)):
        say(f"scale: steps {start + 1} to {end}")
        for items in batches["large"][start:end]:
            step(items)
        rows.append([f"resident memory after {end} steps, MiB", memory("VmRSS")])
    table("A data set of 52,000 entries", ["", "script"], rows,
          f"The small set is the {len(setup.train):,} training entries; steps with the two sets take turns.")

SECTIONS = {"step": measure_step, "memory": measure_memory, "answers": measure_answers, "load": measure_load,
            "whole": measure_whole, "sweep": measure_sweep, "scale": measure_scale}

def main(argv=None):
    parser = argparse.ArgumentParser(description="Print tables of how fast and how large the script runs.")
    add = parser.add_argument
    add("--model", choices=list(ft.MODELS), default="124M")
    add("--steps", type=int, default=20, help="training steps to measure (default: 20)")
    add("--repeats", type=int, default=3, help="rounds of answers, loading and the sweep (default: 3)")
    add("--prompts", type=int, default=4, help="prompts for the plain loop; the others answer all (default: 4)")
    add("--max-new-tokens", type=int, default=128, help="longest answer in the whole job (default: 128)")
    add("--device", default="auto", help="cpu or cuda (default: a GPU if there is one)")
    add("--dtype", default="auto", choices=["auto", "float32", "bfloat16"],
        help="of the script (default: auto, the faster one); bfloat16: measure that also if it is only emulated here")
    add("--only", default="step,memory,answers,load,whole", help=f"names out of {','.join(SECTIONS)}")
    add("--whole", action="store_true", help="for the whole job, also run the script in full")
    add("--peak-tflops", type=float, help="the GPU's peak in bfloat16, for utilization (known for H100 and H200)")
    add("--weights", help="folder to keep the random weights in (default: a temporary one)")
    add("--bpe", type=Path, default=ROOT.parent / "shared" / "gpt2-bpe", help="folder of vocab.bpe and encoder.json")
    add("--child", help=argparse.SUPPRESS)  # how this file starts itself: see in_fresh_process
    args = parser.parse_args(argv)
    if args.child:
        job, _, name = args.child.partition(":")
        print(json.dumps({"memory": child_memory, "load": child_load}[job](Setup(args), name)))
        return
    unknown = set(args.only.split(",")) - set(SECTIONS)
    if unknown or min(args.steps, args.repeats, args.prompts, args.max_new_tokens) < 1:
        parser.error(f"--only: no {', '.join(unknown)}" if unknown else "numbers must be 1 or more")
    with tempfile.TemporaryDirectory() as folder:
        args.weights = args.weights or folder
        say(f"{args.model}: writing random weights")
        write_weights(args.model, Path(args.weights), args.bpe)
        setup = Setup(args)
        left_out = "" if "bfloat16" in setup.dtypes else " bfloat16 is left out: it is not clearly faster here."
        say("")
        print(f"{args.model}: {setup.parameters:,} parameters, random weights. {machine(setup.device)}."
              f" The script runs in {setup.dtype}.{left_out}", flush=True)
        for name in args.only.split(","):
            SECTIONS[name](setup)

if __name__ == "__main__":
    main()
