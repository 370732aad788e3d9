"""Interruptions of every kind, what is left after them, and that --resume ends where an unbroken run would have.

All runs are of a model even smaller than "tiny", most of them in this process, where a test can break what it likes;
those whose name says "script" start it like a user.
"""
import contextlib
import copy
import dataclasses
import errno
import io
import json
import math
import os
import pickle
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from conftest import (
    PATIENCE,
    QUICK,
    SCRIPT,
    Handler,
    checkpoint_layout,
    random_weights,
    run_script,
    serve,
    slow,
    write_openai_folder,
)

import finetune_gpt2 as ft

RUN = [*map(str, QUICK), "--epochs", "3"]  # 51 entries to train on, 8 a step: 7 steps an epoch
STEPS = 21
SIZES = {"n_vocab": 2048, "n_ctx": 256, "n_embd": 32, "n_head": 1, "n_layer": 1}
N_PARAMETERS = sum(math.prod(shape) for shape in checkpoint_layout(SIZES).values())
SMALLER = {}  # where the weights of this model are, and as much data as it is shown
SCRIPT_RUN = [*RUN, "--limit", "30", "--max-new-tokens", "4"]  # 25 entries: 4 steps an epoch
FILES = ["loss-plot.png", "gpt2-tiny-sft.pth", "instruction-data-with-response.json", "metrics.json",
         "report.html"]  # as written
posix = pytest.mark.skipif(os.name != "posix", reason="signals of this kind are sent on POSIX systems only")


@pytest.fixture(scope="module", autouse=True)
def smaller_tiny(tmp_path_factory):
    """A run in this process takes some tenths of a second: with a small model, and a plot that is drawn only once. With
    dropout, so that random numbers matter."""
    weights, arrays = tmp_path_factory.mktemp("weights"), random_weights(SIZES, seed=4)
    arrays["ln_f/b"] += 5 * arrays["wte"][-1]  # makes the end of the text likely: some answers are long, many are short
    write_openai_folder(weights / "tiny", SIZES, arrays)
    ft.save_json(ft.download_and_load_file(ft.HERE / "instruction-data.json")[:60], weights / "data.json")
    ft.plot_losses([1, 2], [1, 2], [1, 2], [1, 2], weights / "plot.png")

    def plot_losses(epochs_seen, tokens_seen, train_losses, val_losses, path):
        assert len(epochs_seen) == len(tokens_seen) == len(train_losses) == len(val_losses) > 0
        with ft.whole_file(path) as file:
            file.write((weights / "plot.png").read_bytes())

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SMALLER, "weights", str(weights))
        patch.setitem(SMALLER, "data", str(weights / "data.json"))
        patch.setattr(ft, "plot_losses", plot_losses)
        patch.setitem(ft.GPT2, "drop_rate", 0.1)
        patch.setitem(ft.MODELS, "tiny", {**ft.GPT2, **{ft.SIZE_NAMES[name]: size for name, size in SIZES.items()}})
        yield


def run_in(folder, *more):
    """Run main() in this process, with the results in `folder`."""
    ft.main([*RUN, "--weights", SMALLER["weights"], "--data", SMALLER["data"], *map(str, more), "--out", str(folder)])


def resume_alone(folder, *more):
    """Go on with the run in `folder`, and say nothing else."""
    ft.main(["--resume", "--out", str(folder), *map(str, more)])


def failed_run(folder, *more, start=run_in):
    """Start a run, expect it to end with exit status 1 and one line, and return that line."""
    with pytest.raises(SystemExit) as stop:
        start(folder, *more)
    assert isinstance(stop.value.code, str), "exit status 1 and a message"
    line = stop.value.code.strip()
    assert line and len(line.splitlines()) == 1
    return line


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def results(folder):
    """Return what a finished run left, without the times; check that the four files are there, whole, and alone."""
    assert names_in(folder) == sorted(FILES)
    check_plot(folder)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    answers = json.loads((folder / "instruction-data-with-response.json").read_text(encoding="utf-8"))
    weights = torch.load(folder / "gpt2-tiny-sft.pth", weights_only=True)
    return weights, metrics["losses"], metrics["scores"], metrics["steps"], answers


def check_plot(folder):
    png = (folder / "loss-plot.png").read_bytes()
    assert png.startswith(b"\x89PNG") and png.endswith(b"IEND\xaeB`\x82")


def equal(one, other):
    """Compare nested dicts and lists down to the bits of their tensors."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


def saved_in(folder):
    return torch.load(folder / "unfinished.pth", weights_only=True)


@contextlib.contextmanager
def at_call(owner, name, n, act, counts=lambda: True):
    """Call act() when the function is called for the n-th time, before it begins."""
    function, calls = getattr(owner, name), []

    def counted(*args, **kwargs):
        if counts():
            calls.append(1)
            if len(calls) == n:
                act()
        return function(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, counted)
        yield calls


def in_step(n, act):
    """Call act() in the n-th training step of a run."""
    return at_call(ft, "calc_loss_batch", n, act, torch.is_grad_enabled)


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """What a run leaves that nothing interrupts."""
    folder = tmp_path_factory.mktemp("unbroken")
    run_in(folder)
    return results(folder)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """The folder of a run that Ctrl-C ended in step 10. Copy what is to be changed."""
    folder = tmp_path_factory.mktemp("stopped")
    with in_step(10, ctrl_c):
        failed_run(folder)
    return folder


@pytest.fixture
def again(stopped, tmp_path):
    """A copy of that folder."""
    return Path(shutil.copytree(stopped, tmp_path / "out"))


# ---- Settings: found before anything is downloaded or trained ----


@pytest.mark.parametrize("option", ["--epochs", "--batch-size", "--lr", "--max-new-tokens", "--limit"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e20", "many", ""])
def test_sizes_that_make_no_sense_are_usage_errors(tmp_path, monkeypatch, capsys, option, value):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        ft.main(["--model", "tiny", f"{option}={value}"])
    assert stop.value.code == 2 and option in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("device", ["warp", "cuda", "mps", "meta", ""])
def test_a_device_that_is_not_there_is_found_before_anything_is_fetched(data_server, tmp_path, monkeypatch, device):
    if device == "cuda" and torch.cuda.is_available() or device == "mps" and torch.backends.mps.is_available():
        pytest.skip(f"{device} is there")
    line = asks_for_nothing(data_server, tmp_path, monkeypatch, "--device", device, "--out", tmp_path / "out")
    assert f"--device {device}" in line and "--device cpu" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["a file", "below a file", "locked", "no disk"])
def test_a_folder_that_cannot_be_written_is_found_before_anything_is_fetched(data_server, tmp_path, monkeypatch, kind):
    (tmp_path / "file").write_text("in the way")
    out = {"a file": tmp_path / "file", "below a file": tmp_path / "file" / "out", "locked": tmp_path / "locked",
           "no disk": Path("/proc")}[kind]
    if kind == "locked":
        out.mkdir(mode=0o500)
        if os.access(out, os.W_OK):
            pytest.skip("this user can write everywhere")
    if kind == "no disk" and not Path("/proc/self").exists():
        pytest.skip("there is no /proc")
    line = asks_for_nothing(data_server, tmp_path, monkeypatch, "--device", "cpu", "--out", out)
    assert str(out) in line
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.fixture(scope="module")
def data_server(tmp_path_factory):
    """A server that has data, and no weights."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(ft.HERE / "instruction-data.json", folder / "data.json")
    with serve(folder) as url:
        yield url


def asks_for_nothing(url, tmp_path, monkeypatch, *settings):
    """Return the line in which a run ends that would have to fetch its data and weights, and did not try."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(ft, "PAUSES", ())
    monkeypatch.setattr(ft, "OPENAI_URL", url + "/{size}/{file}")
    monkeypatch.setattr(ft, "HUB_URL", url + "/{name}/{file}")
    (tmp_path / "weights" / "124M").mkdir(parents=True)
    words = ["--data", f"{url}/data.json", "--weights", tmp_path / "weights", "--model", "124M", *settings]
    Handler.requested.clear()
    with pytest.raises(SystemExit) as stop:
        ft.main([*map(str, words)])
    assert Handler.requested == [] and not list((tmp_path / "weights" / "124M").iterdir())
    good = ["--out", str(tmp_path / "good"), "--device", "cpu"]
    with pytest.raises(SystemExit):
        ft.main([*map(str, words), *good])
    assert Handler.requested[0] == "/124M/hparams.json"  # it would have asked for the weights, and for the data:
    with pytest.raises(SystemExit):
        ft.main(["--data", f"{url}/data.json", "--model", "tiny", "--limit", "5", *good])
    assert Handler.requested[-1] == "/data.json"
    assert isinstance(stop.value.code, str) and len(stop.value.code.splitlines()) == 1
    return stop.value.code


# ---- Running: Ctrl-C ----


@pytest.mark.parametrize("step", [1, 3, 4, 7, 8])
def test_ctrl_c_in_a_step_then_resume(unbroken, tmp_path, step):
    """In the first step, in one with a report, between reports, in the last of an epoch, and in the first of one."""
    with in_step(step, ctrl_c) as calls:
        line = failed_run(tmp_path)
    assert len(calls) == step and line.startswith("stopped") and "--resume" in line
    assert names_in(tmp_path) == ["loss-plot.png", "unfinished.pth"]
    check_plot(tmp_path)
    assert saved_in(tmp_path)["progress"]["step"] == step
    with in_step(1, lambda: None) as calls:
        run_in(tmp_path, "--resume")
    assert len(calls) == STEPS - step
    assert equal(results(tmp_path), unbroken)


def test_ctrl_c_in_every_fourth_step_of_one_run(unbroken, tmp_path):
    """Each --resume goes on from the one before it."""
    for _ in range(STEPS // 4):
        with in_step(4, ctrl_c):
            failed_run(tmp_path, "--resume")
    assert saved_in(tmp_path)["progress"]["step"] == 4 * (STEPS // 4)
    run_in(tmp_path, "--resume")
    assert equal(results(tmp_path), unbroken)


@pytest.mark.parametrize("where", ["step", "save"])
def test_ctrl_c_at_the_very_end_of_the_training_is_not_forgotten(unbroken, tmp_path, where):
    with in_step(STEPS, ctrl_c) if where == "step" else at_call(torch, "save", 3, ctrl_c):
        line = failed_run(tmp_path)
    assert "--resume" in line
    check_plot(tmp_path)
    run_in(tmp_path, "--resume")
    assert equal(results(tmp_path), unbroken)


def test_ctrl_c_while_a_report_or_a_sample_or_a_save_is_made_lets_it_be_made(unbroken, tmp_path):
    for owner, name, n, step in ((ft, "evaluate_model", 2, 1), (ft, "generate_and_print_sample", 1, 7),
                                 (torch, "save", 1, 14)):
        with at_call(owner, name, n, ctrl_c), in_step(1, lambda: None) as calls:
            failed_run(tmp_path, "--resume")
        assert saved_in(tmp_path)["progress"]["step"] == step and len(calls) <= 7  # and no further
        check_plot(tmp_path)
    run_in(tmp_path, "--resume")
    assert equal(results(tmp_path), unbroken)


@contextlib.contextmanager
def at_line(n, function, act):
    """Call act() before the n-th line of a function is executed, counted from the first step of the optimizer on."""
    lines, steps = [], []

    def trace(frame, event, _):
        if event == "line" and steps:
            lines.append(frame.f_lineno)
            if len(lines) == n:
                act()
        return trace

    with at_call(torch.optim.AdamW, "step", 1, lambda: steps.append(1)):
        before = sys.gettrace()
        sys.settrace(lambda frame, *_: trace if frame.f_code is function.__code__ else None)
        try:
            yield lines
        finally:
            sys.settrace(before)


def test_ctrl_c_before_any_line_of_a_step_saves_it(unbroken, tmp_path):
    """One run, which Ctrl-C stops before the first line after the step of the optimizer, the second, and so on."""
    finished = 0
    for n in range(1, 14):
        updating = at_call(torch.optim.AdamW, "step", 0, None)
        with at_line(n, ft.train_model_simple, ctrl_c) as lines, updating as updates:
            assert "--resume" in failed_run(tmp_path, "--resume")
        assert len(lines) >= n
        finished += len(updates)
        assert saved_in(tmp_path)["progress"]["step"] == finished < STEPS, (n, lines)
    run_in(tmp_path, "--resume")
    assert equal(results(tmp_path), unbroken)


def test_a_second_ctrl_c_stops_at_once(unbroken, tmp_path):
    """It keeps the save of the epoch before; the step itself is not finished."""
    with in_step(10, lambda: (ctrl_c(), ctrl_c())), at_call(torch.optim.AdamW, "step", 0, None) as updates:
        line = failed_run(tmp_path)
    assert "--resume" in line and len(updates) == 9
    assert names_in(tmp_path) == ["loss-plot.png", "unfinished.pth"]
    assert saved_in(tmp_path)["progress"]["step"] == 7
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    run_in(tmp_path, "--resume")
    assert equal(results(tmp_path), unbroken)


def test_a_second_ctrl_c_in_a_save_keeps_the_save_before(unbroken, tmp_path):
    """In the middle of the file, as soon as half a megabyte is written."""
    with files_that_stop("unfinished.pth", 2, 500_000, lambda: (ctrl_c(), ctrl_c())):
        line = failed_run(tmp_path)
    assert "--resume" in line
    assert names_in(tmp_path) == ["loss-plot.png", "unfinished.pth"]
    assert saved_in(tmp_path)["progress"]["step"] == 7
    run_in(tmp_path, "--resume")
    assert equal(results(tmp_path), unbroken)


@pytest.mark.parametrize("name, n, step", [
    ("download_and_load_file", 1, 0), ("load_model", 1, 0), ("generate_responses", 1, 0),
    ("plot_losses", 1, 7), ("generate_responses", 5, STEPS), ("save_json", 2, STEPS)])
def test_ctrl_c_before_and_after_the_training(unbroken, tmp_path, name, n, step):
    """Here it stops at once (while the plot is drawn, when it is done); what was trained is not lost."""
    with at_call(ft, name, n, ctrl_c):
        line = failed_run(tmp_path)
    assert line.startswith("stopped") and "--resume" in line
    names = names_in(tmp_path)
    assert ("unfinished.pth" in names) == (step > 0) and not [name for name in names if name.endswith(".part")]
    with in_step(1, lambda: None) as calls:
        run_in(tmp_path, "--resume")
    assert len(calls) == STEPS - step
    assert equal(results(tmp_path), unbroken)


def test_ctrl_c_is_as_it_was_after_the_training(tmp_path):
    handlers = []
    with at_call(ft, "score_model", 2, lambda: handlers.append(signal.getsignal(signal.SIGINT))):
        run_in(tmp_path)
    assert handlers == [signal.default_int_handler] == [signal.getsignal(signal.SIGINT)]


def test_ctrl_c_saves_also_when_it_ended_the_reader_of_the_output(tmp_path, monkeypatch):
    """In "... | tee log", Ctrl-C goes to both, and what is then printed has nowhere to go."""
    class Gone(io.StringIO):
        def write(self, text):
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    def both():
        monkeypatch.setattr(sys, "stdout", Gone())
        ctrl_c()

    with in_step(10, both), pytest.raises(SystemExit):
        run_in(tmp_path)
    assert saved_in(tmp_path)["progress"]["step"] == 10


# ---- The same, with the script as a user starts it ----


def script_settings():
    return [*SCRIPT_RUN, "--weights", SMALLER["weights"]]


def start_script(folder, *more, command=(str(SCRIPT),), **streams):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ft.HERE)}
    environment.pop("PYTHONUNBUFFERED", None)
    return subprocess.Popen([sys.executable, *command, *script_settings(), *more], cwd=folder, env=environment,
                            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", **streams})


def read_until(process, text):
    """Return the lines that a process prints up to one that holds the text."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError("".join(lines) + process.stderr.read())


@pytest.fixture(scope="module")
def unbroken_script_and_terminal(tmp_path_factory):
    """(what the script left, its log, what it showed on a terminal): standard output went into a file ("... > log"),
    and standard error to a terminal. Where there are no such terminals, None for the last two."""
    folder = tmp_path_factory.mktemp("unbroken_script")
    if os.name != "posix":
        run_script(*script_settings(), cwd=folder)
        return results(folder / "outputs"), None, None
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))  # lines and columns
    with open(folder / "log", "wb") as log:
        process = start_script(folder, stdout=log, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux reports the end as an error
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    assert process.wait(PATIENCE) == 0, shown
    return results(folder / "outputs"), (folder / "log").read_text(encoding="utf-8"), shown.decode()


@pytest.fixture(scope="module")
def unbroken_script(unbroken_script_and_terminal):
    return unbroken_script_and_terminal[0]


# runs the script, and lets its fifth step wait for a line on standard input: so it is not over too soon
WAITER = """
import sys
import torch
import finetune_gpt2 as ft

step, calls = torch.optim.AdamW.step, []
def wait(*args, **kwargs):
    calls.append(1)
    if len(calls) == 5:
        sys.stdin.readline()
    return step(*args, **kwargs)
torch.optim.AdamW.step = wait
ft.main()
"""


@pytest.fixture(scope="module")
def interrupted_script(tmp_path_factory):
    """(folder, lines before, text after, standard error, exit status) of a script that got Ctrl-C in the training."""
    if os.name != "posix":
        pytest.skip("signals of this kind are sent on POSIX systems only")
    folder = tmp_path_factory.mktemp("interrupted_script")
    process = start_script(folder, command=("-c", WAITER), stdin=subprocess.PIPE)
    before = read_until(process, "step     4/12")
    process.send_signal(signal.SIGINT)
    after, err = process.communicate("\n", timeout=PATIENCE)
    return folder, before, after, err, process.wait()


def test_script_shows_its_lines_while_it_runs(interrupted_script):
    _, before, after, _, _ = interrupted_script
    assert "Fine-tuning\n" in before and "Data\n" in before  # they came before the signal was sent
    assert "Evaluation" not in after


def test_script_that_ctrl_c_stopped_says_how_to_go_on(interrupted_script):
    folder, _, _, err, status = interrupted_script
    assert status == 1 and len(err.splitlines()) == 1 and "--resume" in err
    assert names_in(folder / "outputs") == ["loss-plot.png", "unfinished.pth"]
    check_plot(folder / "outputs")


def test_script_goes_on_as_if_nothing_had_been(interrupted_script, unbroken_script):
    folder, before, _, _, _ = interrupted_script
    out, err = run_script(*script_settings(), "--resume", cwd=folder)
    assert "It continues texts" not in out and "step     1/" not in out and err == ""
    assert equal(results(folder / "outputs"), unbroken_script)


# ---- Quiet where it should be ----


def test_progress_bars_are_for_terminals(interrupted_script):
    _, before, after, err, _ = interrupted_script
    assert not re.search(r"\r|\x1b|it/s|step/s|%\|", "".join(before) + after + err)


@posix
def test_progress_bars_are_on_a_terminal_and_not_in_a_log(unbroken_script_and_terminal):
    _, log, shown = unbroken_script_and_terminal
    assert "\r" in shown and "%|" in shown and "/12 [" in shown
    assert not re.search(r"\r|\x1b|%\||/12 \[", log) and "step    12/12" in log


# ---- Running: a kill at any moment ----

# runs the script, and kills it when a function of its modules is called for the n-th time, or n bytes are written, or
# at the n-th call or return of any function after it printed a line with a certain text
KILLER = """
import io, os, signal, sys
import finetune_gpt2 as ft

name, n = sys.argv.pop(1), int(sys.argv.pop(1))
def count(by=1):
    global n
    n -= by
    if n <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
class File(io.FileIO):
    def write(self, data):
        written = super().write(memoryview(data).cast("B")[:n])
        count(written)
        return written
if name.startswith("line: "):
    print_it = sys.stdout.write
    def write(text):
        print_it(text)
        if name.removeprefix("line: ") in text:
            sys.stdout.write = print_it
            sys.setprofile(lambda *_: count())
    sys.stdout.write = write
elif name == "write":
    ft.open = lambda path, mode: io.BufferedWriter(File(path, mode)) if mode == "wb" else open(path, mode)
else:
    *owners, name = name.split(".")
    owner = ft
    for part in owners:
        owner = getattr(owner, part)
    function = getattr(owner, name)
    setattr(owner, name, lambda *args, **kwargs: (count(), function(*args, **kwargs))[1])
ft.main()
"""
SAVE = 12 * N_PARAMETERS  # bytes: the weights, and two averages of each
LINES = ["Data\n", "weights: ", "step     1/", "step    10/", "sample answer", "Evaluation"]
CALLS = [("calc_loss_batch", 3), ("nn.utils.clip_grad_norm_", 4), ("torch.optim.AdamW.step", 7),
         ("generate_and_print_sample", 2),
         # 3 saves with a plot each, the weights, the answers and the metrics: each is written, flushed, and moved into
         # place; then the last save is removed
         ("write", 1000), *(("write", int(part * SAVE)) for part in (0.5, 1.4, 2.8, 3.2)),
         ("os.fsync", 1), ("os.fsync", 2), ("os.fsync", 3), ("os.fsync", 8),
         ("os.replace", 1), ("os.replace", 3), ("os.replace", 7), ("os.replace", 9),
         ("Path.unlink", 3), ("Path.unlink", 9), ("Path.unlink", 10)]


def killed(folder, moment, *more):
    """Start the script, kill it at that moment, and return what it had printed."""
    if isinstance(moment, str):
        moment = f"line: {moment}", random.Random(moment).randint(1, 1000)
    process = start_script(folder, *more, command=("-c", KILLER, *map(str, moment)))
    lines = process.communicate(timeout=PATIENCE)[0].splitlines(keepends=True)
    assert process.returncode == -signal.SIGKILL, lines
    return lines


@posix
@pytest.mark.slow
@pytest.mark.parametrize("moment", LINES + CALLS, ids=lambda moment: re.sub(r"\W+", " ", str(moment)).strip())
def test_script_killed_at_any_moment_goes_on(unbroken_script, tmp_path, moment):
    lines = killed(tmp_path, moment)
    assert not any(line.startswith("Done in") for line in lines)
    for path in (tmp_path / "outputs").glob("*"):  # what is there is whole, unless its name says otherwise
        if path.suffix == ".pth":
            torch.load(path, weights_only=True)
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".png":
            check_plot(path.parent)
        elif path.suffix == ".html":
            assert path.read_text(encoding="utf-8").rstrip().endswith("</article>")
        else:
            assert path.suffix == ".part"
    run_script(*script_settings(), "--resume", cwd=tmp_path)
    assert equal(results(tmp_path / "outputs"), unbroken_script)


@posix
@pytest.mark.slow
def test_script_killed_again_and_again_goes_on(unbroken_script, tmp_path):
    for moment in [("torch.optim.AdamW.step", 7), ("write", int(0.7 * SAVE)), ("os.fsync", 2), "step    10/",
                   ("os.replace", 2)]:
        killed(tmp_path, moment, "--resume")
    run_script(*script_settings(), "--resume", cwd=tmp_path)
    assert equal(results(tmp_path / "outputs"), unbroken_script)


# ---- Running: --resume ----


def test_what_a_killed_run_had_begun_to_write_is_removed_in_the_end(unbroken, again):
    for name in ("unfinished.pth", *FILES):
        (again / f"{name}.12345.part").write_bytes(b"half of it")
    run_in(again, "--resume")
    assert equal(results(again), unbroken)


def test_resume_without_a_save_starts_from_the_beginning(unbroken, tmp_path):
    run_in(tmp_path, "--resume")
    assert equal(results(tmp_path), unbroken)


def test_without_resume_a_run_starts_from_the_beginning_and_names_the_save(unbroken, again, capsys):
    save = (again / "unfinished.pth").read_bytes()
    run_in(again)
    assert re.search(r"unfinished\.pth.*not.*--resume", capsys.readouterr().out)
    assert (again / "unfinished.old.pth").read_bytes() == save  # nothing is lost
    (again / "unfinished.old.pth").unlink()
    assert equal(results(again), unbroken)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


EVERYTHING = ["--epochs", 2, "--batch-size", 3, "--accumulate", 2, "--lr", 2e-3, "--patience", 9, "--max-new-tokens", 9,
              "--limit", 50, "--device", "cpu:0", "--dtype", "bfloat16", "--seed", 7]


def test_resume_alone_takes_all_settings_from_the_save(tmp_path, monkeypatch):
    """None of them is the default. It is started elsewhere, too."""
    run_in(tmp_path / "unbroken", *EVERYTHING)
    with in_step(11, ctrl_c):  # batches, two a step
        failed_run(tmp_path / "out", *EVERYTHING)
    assert saved_in(tmp_path / "out")["progress"]["step"] == 6
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with in_step(1, lambda: None) as batches:
        resume_alone(tmp_path / "out")
    assert len(batches) == 2 * (14 - 6)
    assert equal(results(tmp_path / "out"), results(tmp_path / "unbroken"))
    one, other = (json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("out", "unbroken"))
    for facts in (one, other):
        facts.pop("seconds")
        facts.pop("train_tokens_per_second")
        assert facts["settings"].pop("resume") == (facts is one)
        assert facts["settings"].pop("out").startswith(str(tmp_path))
    assert one == other
    assert not list((tmp_path / "elsewhere").iterdir())


def test_resume_with_the_same_settings_is_accepted(unbroken, again):
    """Also with those that were left to their defaults, or to the program: the learning rate and the format."""
    run_in(again, "--resume", "--accumulate", 1, "--batch-size", 8, "--lr", "3e-4", "--seed", 123, "--dtype", "auto",
           "--model", "auto", "--device", "auto")
    assert equal(results(again), unbroken)


def test_resume_shuffles_again_as_before(unbroken, tmp_path):
    run_in(tmp_path / "unbroken", "--shuffle")
    shuffled = results(tmp_path / "unbroken")
    assert not equal(shuffled, unbroken) and shuffled[4] != unbroken[4]  # other entries to test
    with in_step(10, ctrl_c):
        failed_run(tmp_path / "out", "--shuffle")
    resume_alone(tmp_path / "out", "--shuffle")
    assert equal(results(tmp_path / "out"), shuffled)
    with in_step(10, ctrl_c):
        failed_run(tmp_path / "plain")
    line = failed_run(tmp_path / "plain", "--shuffle", start=resume_alone)
    assert "shuffle" in line and "False" in line and "True" in line


@pytest.mark.parametrize("name, saved, said", [
    ("epochs", "3", "4"), ("lr", "0.0003", "0.001"), ("batch-size", "8", "4"), ("accumulate", "1", "2"),
    ("seed", "123", "5"), ("max-new-tokens", "12", "13"), ("limit", "60", "59"), ("dtype", "float32", "bfloat16"),
    ("device", "cpu", "cpu:0"), ("model", "tiny", "124M"), ("patience", "None", "3"), ("data", None, "other.json"),
    ("weights", None, "other")])
def test_resume_with_other_settings_is_refused(again, monkeypatch, name, saved, said):
    """In one line that names both values; nothing is loaded, and nothing is changed."""
    shutil.copy(SMALLER["data"], again.parent / "other.json")
    shutil.copytree(SMALLER["weights"], again.parent / "other")
    monkeypatch.chdir(again.parent)
    before = contents(again)
    with at_call(ft, "load_model", 0, None) as loaded:
        line = failed_run(again, f"--{name}", said, start=resume_alone)
    saved = re.escape(saved or SMALLER[name])
    assert re.search(rf"\b{name.replace('-', '.')}\b.*(?<!\S){saved}(?!\w).*(?<!\S){said}(?!\w)", line)
    assert str(again / "unfinished.pth") in line and "--resume" in line
    assert contents(again) == before and not loaded


def test_resume_refuses_changed_data(unbroken, tmp_path):
    """An entry that is behind --limit does not count."""
    file, entries = tmp_path / "data.json", json.loads(Path(SMALLER["data"]).read_text(encoding="utf-8"))
    ft.save_json(entries, file)
    with in_step(10, ctrl_c):
        failed_run(tmp_path / "out", "--data", file)
    before = contents(tmp_path / "out")
    for n in (0, 30, 59):  # to train on, to test, to validate
        changed = copy.deepcopy(entries)
        changed[n]["output"] += "!"
        for other in (changed, entries[:n] + entries[n + 1 :], [*reversed(entries)]):
            ft.save_json(other, file)
            line = failed_run(tmp_path / "out", start=resume_alone)
            assert str(file) in line and "changed" in line and contents(tmp_path / "out") == before
    ft.save_json([*entries, {"instruction": "Say yes.", "output": "Yes."}], file)
    resume_alone(tmp_path / "out")
    assert equal(results(tmp_path / "out"), unbroken)


@pytest.mark.parametrize("owner, name, n", [(torch.optim.AdamW, "step", 5), (ft, "score_model", 2)])
def test_resume_knows_the_best_weights_and_that_the_training_was_over(tmp_path, owner, name, n):
    """With --patience: stopped in the training, and in the evaluation after it."""
    hasty = ["--patience", "2", "--lr", "0.05"]  # soon makes things worse
    run_in(tmp_path / "unbroken", *hasty)
    unbroken = results(tmp_path / "unbroken")
    losses = unbroken[1]["validation"]
    assert 5 < unbroken[3] < STEPS and losses.index(min(losses)) == len(losses) - 3  # two reports without progress
    with at_call(owner, name, n, ctrl_c):
        failed_run(tmp_path / "out", *hasty)
    resume_alone(tmp_path / "out")
    assert equal(results(tmp_path / "out"), unbroken)


def test_outside_the_main_thread_it_trains(unbroken, tmp_path):
    """Python notes Ctrl-C in the main thread only, and there it acts as usual."""
    problems, handlers = [], []

    def train():
        try:
            run_in(tmp_path)
        except BaseException as problem:
            problems.append(problem)

    with in_step(2, lambda: handlers.append(signal.getsignal(signal.SIGINT))):
        thread = threading.Thread(target=train, daemon=True)
        thread.start()
        thread.join(PATIENCE)
    assert not thread.is_alive() and problems == [] and handlers == [signal.default_int_handler]
    assert equal(results(tmp_path), unbroken)


def test_resume_keeps_the_number_format_that_was_chosen(tmp_path, monkeypatch):
    """"auto" is measured, and may turn out otherwise the next time."""
    with in_step(2, ctrl_c), pytest.MonkeyPatch.context() as patch:
        patch.setattr(ft, "choose_dtype", lambda name, *_: torch.bfloat16 if name == "auto" else getattr(torch, name))
        failed_run(tmp_path, "--dtype", "auto")
    monkeypatch.setattr(ft, "choose_dtype", lambda name, *_: torch.float32 if name == "auto" else getattr(torch, name))
    run_in(tmp_path, "--dtype", "auto", "--resume")
    assert json.loads((tmp_path / "metrics.json").read_text())["dtype"] == "bfloat16"


DAMAGES = {
    "nothing": lambda content: b"", "one byte": lambda content: b"P",
    "half": lambda content: content[: len(content) // 2], "the last byte is missing": lambda content: content[:-1],
    "the last block is missing": lambda content: content[:-4096],
    "the first byte is missing": lambda content: content[1:], "zeros": lambda content: bytes(len(content)),
    "zeros in the middle": lambda content: content[:500_000] + bytes(4096) + content[504_096:],
    "zeros at the end": lambda content: content[:-4096] + bytes(4096),
    "a sign-in page": lambda content: b"<!DOCTYPE html><html><body>Please sign in</body></html>",
    "numbers": lambda content: pickle.dumps([1, 2, 3])}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_save_is_refused(again, damage):
    path = again / "unfinished.pth"
    content = DAMAGES[damage](path.read_bytes())
    path.write_bytes(content)
    line = failed_run(again, "--resume")
    assert str(path) in line and "cannot be read" in line
    assert path.read_bytes() == content


def of_another_shape(saved):
    saved["model"]["pos_emb.weight"] = torch.zeros(3, 3)


LACKS = {**{key: lambda saved, key=key: saved.pop(key)
            for key in ("model", "optimizer", "random", "random_of_gpus", "settings", "progress", "base")},
         "a setting": lambda saved: saved["settings"].pop("lr"),
         "a weight": lambda saved: saved["model"].pop("pos_emb.weight"),
         "a group of the optimizer": lambda saved: saved["optimizer"]["param_groups"].pop(),
         "the name of the step": lambda saved: saved["progress"].update(steps=saved["progress"].pop("step")),
         "random numbers": lambda saved: saved.update(random=saved["random"][:100]),
         "the shape of a weight": of_another_shape,
         "what it is": lambda saved: saved.clear()}


@pytest.mark.parametrize("what", LACKS)
def test_a_save_that_lacks_something_is_refused(again, what):
    """Nothing is wrong with the file as such: another program wrote it, or another version of this one."""
    saved = saved_in(again)
    LACKS[what](saved)
    torch.save(saved, again / "unfinished.pth")
    before = contents(again)
    with in_step(1, lambda: None) as steps:
        line = failed_run(again, start=resume_alone)
    assert str(again / "unfinished.pth") in line and contents(again) == before and not steps


def test_no_changed_byte_of_a_save_goes_unnoticed(stopped, tmp_path):
    """200 mutations from a fixed seed: each is refused, or changed nothing that counts."""
    content, expected = (stopped / "unfinished.pth").read_bytes(), saved_in(stopped)
    chance, refused, path = random.Random(5), 0, tmp_path / "unfinished.pth"
    model = ft.GPTModel(ft.MODELS["tiny"])
    optimizer = ft.make_optimizer(model, expected["settings"]["lr"])
    args = ft.parse_args(["--resume", "--out", str(tmp_path)])
    expected["settings"] |= {"out": args.out, "resume": True, "given": args.given}
    for _ in range(200):
        changed = bytearray(content)
        place = chance.randrange(len(content))
        kind = chance.choice(["bit", "run", "cut", "extra"])
        if kind == "bit":
            changed[place] ^= 1 << chance.randrange(8)
        elif kind == "run":
            changed[place : place + 64] = chance.randbytes(64)
        elif kind == "cut":
            del changed[place : place + chance.randint(1, 5000)]
        else:
            changed[place:place] = chance.randbytes(chance.randint(1, 5000))
        path.write_bytes(changed)
        try:
            saved, settings = ft.read_save(path, args)
        except ft.UserError as problem:
            assert len(str(problem).splitlines()) == 1 and str(path) in str(problem)
            refused += 1
        else:
            progress = ft.restore_training(saved, model, optimizer)
            found = {**saved, "model": dict(model.state_dict()), "optimizer": optimizer.state_dict(),
                     "settings": vars(settings), "progress": dataclasses.asdict(progress)}
            assert equal(found, expected), (kind, place)
    assert refused > 100


@pytest.mark.parametrize("kind", ["Python", "CPU", "not allowed"])
def test_a_good_save_that_could_not_be_read_is_not_called_damaged(again, kind):
    """Who is told to delete it loses what it holds."""
    problem = OUT_OF_MEMORY.get(kind) or PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    before = contents(again)
    with at_call(torch, "load", 1, fail_with(problem)):
        line = failed_run(again, "--resume")
    assert {"Python": "MemoryError", "CPU": "allocate memory", "not allowed": os.strerror(errno.EACCES)}[kind] in line
    assert "damaged" not in line and "elete" not in line
    assert contents(again) == before


# ---- Running: a loss that is not a number ----


@contextlib.contextmanager
def spoiled(step, spoil):
    """Let a run compute a loss in the n-th training step that is spoil(loss)."""
    calc_loss_batch, calls = ft.calc_loss_batch, []

    def changed(*args):
        loss, n = calc_loss_batch(*args)
        calls.extend([1] * torch.is_grad_enabled())
        return (spoil(loss) if torch.is_grad_enabled() and len(calls) == step else loss), n

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ft, "calc_loss_batch", changed)
        yield


def with_gradient(factor):
    def spoil(loss):
        loss.register_hook(lambda gradient: gradient * factor)
        return loss
    return spoil


SPOILS = {"a loss that is not a number": lambda loss: loss * float("nan"),
          "an infinite loss": lambda loss: loss + float("inf"),
          "a gradient that is not a number": with_gradient(float("nan")),
          "an infinite gradient": with_gradient(float("inf"))}


@pytest.mark.parametrize("kind, step", [
    *((kind, 10) for kind in SPOILS), *(("a loss that is not a number", step) for step in (1, 7)),
    *(slow("a loss that is not a number", step) for step in (15, STEPS))])
def test_what_is_not_a_number_stops_the_run_and_names_the_step(unbroken, tmp_path, kind, step):
    with spoiled(step, SPOILS[kind]):
        line = failed_run(tmp_path)
    assert re.findall(r"step \[?(\d+)", line) == [str(step)] and "--lr" in line
    last_epoch = (step - 1) // 7 * 7
    assert names_in(tmp_path) == ["loss-plot.png", "unfinished.pth"] * (last_epoch > 0)
    if last_epoch:
        assert saved_in(tmp_path)["progress"]["step"] == last_epoch
    if step == 10:
        run_in(tmp_path, "--resume")
        assert equal(results(tmp_path), unbroken)


@pytest.mark.parametrize("rate", ["10", "1e4", "1e12", "1e18"])
def test_a_learning_rate_far_too_large_stops_the_run(tmp_path, rate):
    line = failed_run(tmp_path, "--lr", rate)
    assert re.search(r"step \[?\d+", line) and "smaller --lr" in line
    if (tmp_path / "unfinished.pth").exists():
        assert all(weight.isfinite().all() for weight in saved_in(tmp_path)["model"].values())


def test_no_broken_weights_are_saved_on_ctrl_c(tmp_path):
    with spoiled(10, SPOILS["a gradient that is not a number"]), in_step(10, ctrl_c):
        line = failed_run(tmp_path)
    assert re.search(r"step \[?10\b", line) and saved_in(tmp_path)["progress"]["step"] == 7


# ---- Running: out of memory ----

OUT_OF_MEMORY = {
    "CUDA": torch.cuda.OutOfMemoryError(
        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 7.79 GiB of which 1.21 GiB is"
        " free. If reserved but unallocated memory is large try setting\nPYTORCH_CUDA_ALLOC_CONF"),
    "CUDA itself": RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "MPS": RuntimeError(
        "MPS backend out of memory (MPS allocated: 9.05 GB, other allocations: 1.20 MB, max allowed: 9.07 GB). Tried to"
        " allocate 147.24 MB on private pool. Use PYTORCH_MPS_HIGH_WATERMARK_RATIO=0.0 to disable upper limit"),
    "MPS, one buffer": RuntimeError("Invalid buffer size: 24.00 GiB"),
    "CPU": RuntimeError(
        "[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"
        " allocate 411680768 bytes. Error code 12 (Cannot allocate memory)"),
    "CPU on Windows": RuntimeError(
        "[enforce fail at alloc_cpu.cpp:80] data. DefaultCPUAllocator: not enough memory: you tried to allocate"
        " 411680768 bytes."),
    "Python": MemoryError(), "C++": MemoryError("std::bad_alloc")}


def fail_with(problem):
    def fail():
        raise copy.copy(problem)  # a new one each time, as in life
    return fail


@pytest.mark.parametrize("kind", OUT_OF_MEMORY)
def test_out_of_memory_says_what_to_change(tmp_path, kind):
    with in_step(2, fail_with(OUT_OF_MEMORY[kind])):
        line = failed_run(tmp_path)
    assert "out of memory" in line and "--batch-size" in line
    assert not list(tmp_path.iterdir())


def test_out_of_memory_keeps_the_last_save(unbroken, tmp_path):
    with in_step(10, fail_with(OUT_OF_MEMORY["CUDA"])):
        failed_run(tmp_path)
    assert names_in(tmp_path) == ["loss-plot.png", "unfinished.pth"]
    run_in(tmp_path, "--resume")
    assert equal(results(tmp_path), unbroken)


@pytest.mark.parametrize("name", ["move_model", "make_optimizer", "generate"])
def test_out_of_memory_elsewhere(tmp_path, name):
    with at_call(ft, name, 1, fail_with(OUT_OF_MEMORY["CUDA"])):
        assert "out of memory" in failed_run(tmp_path)


@pytest.mark.parametrize("problem", [
    "mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)", "CUDA error: an illegal memory access was encountered",
    "unsupported memory format option Preserve"])
def test_other_errors_are_not_taken_for_it(tmp_path, problem):
    """A mistake in the program should be seen, with all there is to know about it."""
    with in_step(2, fail_with(RuntimeError(problem))), pytest.raises(RuntimeError, match=re.escape(problem)):
        run_in(tmp_path)


LITTLE_MEMORY = """
import resource
import finetune_gpt2 as ft

make_optimizer = ft.make_optimizer
def just_enough(*args):
    pages = int(open("/proc/self/statm").read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 64 * 2**20,) * 2)
    return make_optimizer(*args)
ft.make_optimizer = just_enough
ft.main()
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="how much is in use is looked up as on Linux")
def test_script_really_out_of_memory(tmp_path):
    toy = str(ft.HERE / "gpt2")
    process = start_script(tmp_path, "--weights", toy, "--limit", "600", "--batch-size", "400",
                           command=("-c", LITTLE_MEMORY))
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and len(err.splitlines()) == 1, err
    assert "out of memory" in err and "--batch-size" in err
    assert not list((tmp_path / "outputs").iterdir())


# ---- Running: a full disk ----


class StoppingFile(io.FileIO):
    """A file that takes so many bytes, and then calls act() at each write."""

    def __init__(self, path, room, act):
        super().__init__(path, "wb")
        self.room, self.act = room, act

    def write(self, data):
        if self.room == 0:
            self.act()
        n = super().write(memoryview(data).cast("B")[: self.room])
        self.room -= n
        return n


@contextlib.contextmanager
def files_that_stop(name, n, room, act):
    """Let the n-th file that is written under this name, or one made of it, take `room` bytes and then call act().
    None: it is called before there is a file; math.inf: when all of it is written, and is to be on the disk."""
    seen, fsync = [], os.fsync

    def opened(path, mode="r", *args, **kwargs):
        if "w" in mode and Path(path).name.startswith(name):
            seen.append(path)
            if len(seen) == n:
                if room is None:
                    act()
                file = io.BufferedWriter(StoppingFile(path, min(room, sys.maxsize), act))
                if room == math.inf:
                    patch.setattr(os, "fsync", lambda number: act() if number == file.fileno() else fsync(number))
                return file
        return open(path, mode, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ft, "open", opened, raising=False)
        yield
    assert len(seen) >= n


FULL = fail_with(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def says_full(line, path):
    """Tell whether a line says of this file that the disk is full, and nothing that would mislead."""
    return (f"{path} cannot be written" in line and os.strerror(errno.ENOSPC) in line
            and "enforce fail" not in line and "out of memory" not in line)


@pytest.mark.parametrize("name, n, room", [
    ("unfinished.pth", 1, 300_000), slow("unfinished.pth", 2, 0), slow("unfinished.pth", 2, 1000),
    ("unfinished.pth", 2, 10**6), ("loss-plot.png", 1, 20_000), slow("gpt2-tiny-sft.pth", 1, 1000),
    ("gpt2-tiny-sft.pth", 1, 300_000),
    ("instruction-data-with-response.json", 1, 500), ("metrics.json", 1, 0)])
def test_a_full_disk_leaves_the_earlier_files_whole(unbroken, tmp_path, name, n, room):
    for old in FILES:  # of an earlier run
        (tmp_path / old).write_text("old")
    with files_that_stop(name, n, room, FULL):
        line = failed_run(tmp_path)
    assert says_full(line, tmp_path / name)
    saves = n - 1 if name == "unfinished.pth" else 1 if name == "loss-plot.png" else 3
    done = FILES[: FILES.index(name)] if name in FILES else FILES[: min(saves, 1)]  # the plot follows each save
    assert names_in(tmp_path) == sorted(FILES + ["unfinished.pth"] * (saves > 0))
    assert [file for file in FILES if (tmp_path / file).read_bytes() != b"old"] == done
    if saves:
        assert saved_in(tmp_path)["progress"]["step"] == 7 * saves
    run_in(tmp_path, "--resume")
    assert equal(results(tmp_path), unbroken)


@pytest.mark.parametrize("name, n", [("unfinished.pth", 2), ("gpt2-tiny-sft.pth", 1), ("metrics.json", 1)])
@pytest.mark.parametrize("room", [None, math.inf], ids=["before", "after"])
def test_a_disk_that_is_full_before_or_after_a_file_is_written(tmp_path, name, n, room):
    """No room for one more name; and file systems that find out only when all is to be on the disk."""
    with files_that_stop(name, n, room, FULL):
        line = failed_run(tmp_path)
    assert says_full(line, tmp_path / name)
    assert not list(tmp_path.glob("*.part"))
    assert (tmp_path / name).exists() == (name == "unfinished.pth")  # the one of the first epoch
    assert saved_in(tmp_path)["progress"]["step"] == (STEPS if name in FILES else 7)


@pytest.mark.parametrize("code", [errno.EIO, slow(errno.EDQUOT), slow(errno.EROFS)])
def test_a_disk_that_fails_otherwise_ends_in_one_line(unbroken, tmp_path, code):
    with files_that_stop("unfinished.pth", 2, 300_000, fail_with(OSError(code, os.strerror(code)))):
        line = failed_run(tmp_path)
    assert f"{tmp_path / 'unfinished.pth'} cannot be written" in line
    assert os.strerror(code) in line and "out of memory" not in line
    assert names_in(tmp_path) == ["loss-plot.png", "unfinished.pth"]
    run_in(tmp_path, "--resume")
    assert equal(results(tmp_path), unbroken)


@pytest.fixture
def small_disk(tmp_path):
    """A function that makes a disk of so many bytes, or changes its size, and returns where it is."""
    place, mounted = tmp_path / "disk", []
    place.mkdir()

    def sized(n_bytes):
        again = ["-o", "remount"] if mounted else []
        try:
            done = subprocess.run(["mount", "-t", "tmpfs", *again, "-o", f"size={n_bytes}", "tmpfs", str(place)],
                                  capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("there is no mount command")
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        mounted.append(n_bytes)
        return place

    yield sized
    if mounted:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("saves", [0, 1])
def test_a_disk_that_is_really_full(unbroken, stopped, small_disk, saves):
    """It has room for half a save, or for one and a half."""
    size = (stopped / "unfinished.pth").stat().st_size
    disk = small_disk(int((saves + 0.5) * size))
    line = failed_run(disk)
    assert says_full(line, disk / "unfinished.pth")
    assert names_in(disk) == ["loss-plot.png", "unfinished.pth"] * saves
    if saves:
        assert saved_in(disk)["progress"]["step"] == 7
    small_disk(10 * size)
    run_in(disk, "--resume")
    assert equal(results(disk), unbroken)


# ---- A device that computes wrongly ----

# cpu:0 computes like any CPU, but the script takes it for another device than "cpu", and checks it like one
LIES = {
    "NaN": lambda logits: logits * float("nan"), "one NaN": lambda logits: at_one_place(logits, float("nan")),
    "infinite": lambda logits: logits + float("inf"), "zeros": lambda logits: logits * 0,
    "a little too large": lambda logits: logits * 1.05, "a little too small": lambda logits: logits * 0.95,
    "one is off": lambda logits: at_one_place(logits, 2 * logits.max().item()),
    "those of other tokens": lambda logits: logits.roll(1, dims=-1),
    "those of another place": lambda logits: logits.roll(1, dims=1)}


def at_one_place(logits, value):
    logits = logits.clone()
    logits[0, 3, 7] = value
    return logits


@contextlib.contextmanager
def device_with(change, formulas=False):
    """Let a model that is moved to a device give change(logits, those it should give) there."""
    to, moved = ft.GPTModel.to, []

    def to_there(self, device):
        twin = self if torch.device(device).type == "cpu" else copy.deepcopy(self)

        def exactly(inputs, fused):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(ft, "FUSED", fused)
                patch.setattr(twin, "dtype", torch.float32)
                return ft.GPTModel.forward(twin, *(x.cpu() for x in inputs))  # not "twin(...)": that would lie, too

        def there(model, inputs, logits):
            logits = exactly(inputs, fused=False) if formulas else logits
            return change(logits, exactly(inputs, fused=True).to(logits.device))

        to(self, device)
        moved.append(self.register_forward_hook(there))
        return self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ft.GPTModel, "to", to_there)
        try:
            yield
        finally:
            for hook in moved:
                hook.remove()
    assert moved


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_device_that_lies_is_found_before_anything_is_answered(tmp_path, capsys, lie, dtype):
    with device_with(lambda logits, _: LIES[lie](logits)), at_call(ft, "generate_text_simple", 0, None) as answers:
        line = failed_run(tmp_path, "--device", "cpu:0", "--dtype", dtype)
    assert "cpu:0" in line and "wrong" in line and line.count("--device cpu") == 1 and not answers
    assert "Baseline" not in capsys.readouterr().out and not list(tmp_path.iterdir())


def test_a_device_that_lies_is_found_before_a_run_goes_on(tmp_path):
    with in_step(2, ctrl_c):
        failed_run(tmp_path, "--device", "cpu:0")
    before = (tmp_path / "unfinished.pth").read_bytes()
    with device_with(lambda logits, _: logits * 1.05), in_step(1, lambda: None) as steps:
        assert "--device cpu" in failed_run(tmp_path, "--device", "cpu:0", "--resume")
    assert (tmp_path / "unfinished.pth").read_bytes() == before and not steps


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_an_honest_device_passes(unbroken, tmp_path, dtype):
    run_in(tmp_path, "--device", "cpu:0", "--dtype", dtype)
    there = results(tmp_path)
    assert equal(there, unbroken) == (dtype == "float32")
    assert json.loads((tmp_path / "metrics.json").read_text())["device"] == "cpu:0"


@pytest.fixture(scope="module")
def like_gpt2():
    """A model of GPT-2's smallest size, with fewer tokens, and logits about as GPT-2's: all near -100, some 5 apart."""
    torch.manual_seed(0)
    model = ft.GPTModel({**ft.MODELS["124M"], "vocab_size": 2048}).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                weight.normal_(std=0.1)
            elif weight.dim() == 2:
                weight.mul_(4 if "trf_blocks" in name else 3)
        model.tok_emb.weight[:, 0] -= 1
        model.final_norm.scale.mul_(1.5)
        model.final_norm.shift[0] += 100
        logits = model(torch.arange(0, 2000, 100)[None])
    assert -105 < logits.mean() < -95 and 3 < logits.std() < 15
    return model


@pytest.fixture
def moves(like_gpt2, tiny_tokenizer):
    """A function that moves such a model to a device; it is back on the CPU in the end."""
    precision = torch.get_float32_matmul_precision()

    def move(device, dtype):
        torch.set_float32_matmul_precision("high" if device == "cuda" else precision)  # as run() does
        ft.move_model(like_gpt2, torch.device(device), dtype, tiny_tokenizer)

    yield move
    torch.set_float32_matmul_precision(precision)
    like_gpt2.cpu().dtype = torch.float32


@pytest.mark.parametrize("device, dtype, margin", [
    ("cpu:0", torch.float32, 100), ("cpu:0", torch.bfloat16, 2),
    *(pytest.param("cuda", dtype, 2, marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU"))
      for dtype in (torch.float32, torch.bfloat16))])
def test_honest_rounding_stays_far_under_the_limit(moves, device, dtype, margin):
    """The error of bfloat16, twice; and, a hundred times, that of the formulas, which add up in another order."""
    errors = []

    def exaggerate(factor):
        def change(logits, exact):
            errors.append((logits.float() - exact).abs().max().item())
            return exact + factor * (logits.float() - exact)
        return device_with(change, formulas=dtype == torch.float32 and device != "cuda")

    with exaggerate(margin):
        moves(device, dtype)
    assert errors[0] > (0.1 if dtype == torch.bfloat16 else 1e-6)  # there was something to exaggerate
    with exaggerate(1000 * margin), pytest.raises(ft.UserError, match="--device cpu"):
        moves(device, dtype)


@pytest.mark.parametrize("dtype, part", [(torch.float32, 1e-3), (torch.bfloat16, 0.05)])
def test_errors_that_no_rounding_explains_are_found(moves, dtype, part):
    """By a part of the largest logit, in either direction. In float32, it has some 24 bits."""
    noise = torch.Generator().manual_seed(3)

    def change(logits, exact):
        signs = torch.randint(0, 2, exact.shape, generator=noise) * 2 - 1
        return exact + part * exact.abs().max() * signs

    with device_with(change), pytest.raises(ft.UserError, match="--device cpu"):
        moves("cpu:0", dtype)


@pytest.mark.parametrize("mistake", ["a layer is skipped", "a head is silent", "a matrix is read the other way round",
                                     "positions are off by one", "a bias is forgotten"])
def test_mistakes_of_the_kind_that_devices_make_are_found(moves, monkeypatch, like_gpt2, mistake):
    block, positions, to = like_gpt2.trf_blocks[6], like_gpt2.pos_emb, ft.GPTModel.to
    saved = copy.deepcopy(block.state_dict()), copy.deepcopy(positions.state_dict())

    def to_there(self, *args):
        to(self, *args)
        with torch.no_grad():
            if mistake == "a layer is skipped":
                block.ff.layers[2].weight.zero_()
            elif mistake == "a head is silent":
                block.att.W_value.weight[:64] = 0
            elif mistake == "a matrix is read the other way round":
                block.att.W_query.weight.copy_(block.att.W_query.weight.T.clone())
            elif mistake == "positions are off by one":
                positions.weight.copy_(positions.weight.roll(1, dims=0))
            else:
                block.ff.layers[0].bias.zero_()
        return self

    monkeypatch.setattr(ft.GPTModel, "to", to_there)
    try:
        with pytest.raises(ft.UserError, match="--device cpu"):
            moves("cpu:0", torch.float32)
    finally:
        block.load_state_dict(saved[0])
        positions.load_state_dict(saved[1])


# ---- Safety ----


class Bait:
    """Whoever unpickles this makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


BAITED = {
    "in the file": lambda saved, bait: torch.save(saved | {"model": bait}, saved["to"]),
    "instead of the file": lambda saved, bait: torch.save(bait, saved["to"]),
    "in the old format": lambda saved, bait: torch.save(
        saved | {"progress": bait}, saved["to"], _use_new_zipfile_serialization=False),
    "a plain pickle": lambda saved, bait: saved["to"].write_bytes(pickle.dumps({"settings": bait}))}


@pytest.mark.parametrize("kind", BAITED)
def test_nothing_in_a_save_is_executed(again, kind):
    path, trap = again / "unfinished.pth", again.parent / "made"
    BAITED[kind](saved_in(again) | {"to": path}, Bait(trap))
    line = failed_run(again, "--resume")
    assert str(path) in line and not trap.exists()
    torch_load = torch.load if kind != "a plain pickle" else lambda file, **_: pickle.loads(file.read_bytes())
    torch_load(path, weights_only=False)
    assert trap.exists()  # the bait was real


def test_nothing_is_unpickled_anywhere():
    source = SCRIPT.read_text(encoding="utf-8")
    calls = re.findall(r"torch\.load\((?:[^()]|\([^()]*\))*\)", source)
    assert calls and all("weights_only=True" in call for call in calls) and len(calls) == source.count("torch.load(")
    assert not re.search(r"pickle|np\.load|eval\(\s*[^)\s]|exec\(|verify\s*=|os\.system|subprocess", source)


def test_speed_after_a_resumption_counts_its_own_tokens(again):
    run_in(again, "--resume")
    metrics = json.loads((again / "metrics.json").read_text())
    resumed = metrics["train_tokens_per_second"] * metrics["seconds"]["train"]
    assert 0 < resumed < 0.9 * metrics["losses"]["tokens"][-1]
