"""What several tests share: the script, as a module and as a user starts it, small models, and a local server."""
import contextlib
import functools
import http.server
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

# Models this small are hardly faster on several threads, and on a busy machine many times slower: threads wait for each
# other, and spend all their time on that. Set before PyTorch is imported; the scripts that the tests start inherit it.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import finetune_gpt2 as ft  # noqa: E402

SCRIPT = ROOT / "finetune_gpt2.py"
TINY = ROOT / "gpt2" / "tiny"
PATIENCE = 600  # seconds: ends what hangs; nothing that works takes so long, on however busy a machine


# Tests press Ctrl-C, also where pytest was started with it ignored, as in the background of a shell.
signal.signal(signal.SIGINT, signal.default_int_handler)


# ---- The script ----


def run_script(*arguments, cwd, status=0):
    """Run the script like a user, in a process of its own, and return (standard output, standard error).

    To start Python and PyTorch takes seconds: where that proves nothing more, use run_here."""
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=PATIENCE)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def run_here(*arguments, cwd, status=0):
    """Run the script in this process and return the same; what a test has changed in the module holds for it."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2)]
    before, code = os.getcwd(), 0
    os.chdir(cwd)
    try:
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            try:
                ft.main([*map(str, arguments)])
            except SystemExit as stop:  # what the interpreter does with it
                code = stop.code or 0
                if isinstance(code, str):
                    print(code, file=sys.stderr)
                    code = 1
    finally:
        os.chdir(before)
    for stream in streams:
        stream.flush()
    out, err = (stream.buffer.getvalue().decode("utf-8") for stream in streams)
    assert code == status, out + err
    return out, err


# The toy for a moment: enough entries for ten reports, and answers of some words.
QUICK = ["--model", "tiny", "--limit", 60, "--epochs", 2, "--max-new-tokens", 12, "--device", "cpu",
         "--dtype", "float32"]


@pytest.fixture(scope="session")
def toy_run(tmp_path_factory):
    """The toy, fine-tuned by the script with QUICK: .folder it was started in, .out and .err that it printed. What is
    to be changed, a test copies first."""
    folder = tmp_path_factory.mktemp("toy")
    out, err = run_script(*QUICK, cwd=folder)
    return SimpleNamespace(folder=folder, out=out, err=err)


def slow(*values):
    """A case of pytest.mark.parametrize that is like others, and is only run with the slow tests."""
    return pytest.param(*values, marks=pytest.mark.slow)


# ---- Models ----


@pytest.fixture
def small_cfg():
    """Sizes of a model that runs in milliseconds."""
    return {**ft.GPT2, "vocab_size": 97, "context_length": 40, "emb_dim": 32, "n_heads": 4, "n_layers": 3}


@pytest.fixture
def small_model(small_cfg):
    """A small random model whose logits differ clearly from token to token."""
    torch.manual_seed(6)
    model = ft.GPTModel(small_cfg).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * 0.15)
    return model


def random_weights(sizes, seed):
    """Return {name: array} of a model of these sizes; both, and the order, are those of OpenAI."""
    chance = np.random.default_rng(seed)
    return {name: chance.normal(name.endswith("/g"), 0.05, shape).astype("<f4")
            for name, shape in checkpoint_layout(sizes).items()}


def checkpoint_layout(settings):
    """Return {OpenAI's name: shape} of a model with these settings, in the order of OpenAI's file."""
    return {name: tuple(array.shape) for name, _, _, array in ft.arrays_of(ft.empty_model(settings))}


def write_openai_folder(folder, sizes, arrays):
    """Write a model as OpenAI would, with the tokenizer of the toy."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("encoder.json", "vocab.bpe"):
        shutil.copy(TINY / name, folder / name)
    (folder / "hparams.json").write_text(json.dumps(sizes))
    (folder / "model.ckpt.data-00000-of-00001").write_bytes(b"".join(array.tobytes() for array in arrays.values()))


# A model with the tokenizer of the toy, and a quarter of its parameters.
SMALL = {"n_vocab": 2048, "n_ctx": 256, "n_embd": 64, "n_head": 1, "n_layer": 2}


@pytest.fixture(scope="session")
def small_weights(tmp_path_factory):
    """A folder for --weights, in which "tiny" is a SMALL model with random weights, for tests of what happens around
    the model. It answers nonsense, in no time."""
    folder = tmp_path_factory.mktemp("small")
    write_openai_folder(folder / "tiny", SMALL, random_weights(SMALL, seed=4))
    return folder


@pytest.fixture(scope="session")
def tiny_tokenizer():
    return ft.load_tokenizer(TINY)


@pytest.fixture(scope="session")
def gpt2_bpe():
    """The folder with GPT-2's own BPE tables, which are not part of the repository."""
    folder = ROOT.parent / "shared" / "gpt2-bpe"
    if not folder.exists():
        pytest.skip(f"GPT-2's BPE tables are not in {folder}")
    return folder


# ---- A server on this machine in place of OpenAI's and Hugging Face's ----


class Handler(http.server.SimpleHTTPRequestHandler):
    requested = []

    def do_GET(self):
        self.requested.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serve(folder):
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Handler.requested = []
        # it looks this often, in seconds, whether it is to stop
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Both sources for a "124M" shrunk to a small size, with the tiny model's tokenizer: (url, folder of files)."""
    from safetensors.numpy import save_file
    from test_model import hub_name

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    sizes = {ours: SMALL[theirs] for theirs, ours in ft.SIZE_NAMES.items()}
    monkeypatch.setitem(ft.MODELS, "124M", {**ft.GPT2, **sizes})
    openai, hub = tmp_path / "server" / "openai" / "124M", tmp_path / "server" / "hub" / "gpt2"
    arrays = random_weights(SMALL, seed=0)
    write_openai_folder(openai, SMALL, arrays)
    hub.mkdir(parents=True)
    save_file({hub_name(name): array for name, array in arrays.items()}, hub / "model.safetensors")
    config = {"vocab_size": 2048, "n_positions": 256, **SMALL}
    (hub / "config.json").write_text(json.dumps(config))
    for ours, theirs in (("encoder.json", "vocab.json"), ("vocab.bpe", "merges.txt")):
        shutil.copy(TINY / ours, hub / theirs)
    with serve(tmp_path / "server") as url:
        monkeypatch.setattr(ft, "KNOWN_SUMS", {})
        monkeypatch.setattr(ft, "PAUSES", (0, 0, 0))
        monkeypatch.setattr(ft, "OPENAI_URL", url + "/openai/{size}/{file}")
        monkeypatch.setattr(ft, "HUB_URL", url + "/hub/{name}/{file}")
        yield url, tmp_path / "server"
