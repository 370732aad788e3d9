"""Training by several processes at once: torchrun on this machine, with gloo."""
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import PATIENCE, SCRIPT, Handler, run_here, serve

import finetune_gpt2 as ft

# 43 entries to train on: the eighth step of an epoch has one entry only, so nothing for most of the processes
QUICK = ["--model", "tiny", "--limit", 51, "--epochs", 2, "--max-new-tokens", 8, "--device", "cpu",
         "--dtype", "float32"]


@pytest.fixture(scope="module")
def quick(small_weights):
    """The settings of a short run of a small model."""
    return [*QUICK, "--weights", small_weights]


def torchrun(n, *arguments, cwd, script=SCRIPT):
    command = [sys.executable, "-m", "torch.distributed.run", f"--nproc_per_node={n}", "--standalone",
               str(script), *map(str, arguments)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "TMPDIR": str(cwd), "NO_PROXY": "127.0.0.1"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, encoding="utf-8", timeout=PATIENCE)


def metrics_in(folder):
    return json.loads((folder / "outputs" / "metrics.json").read_text())


@pytest.fixture(scope="module")
def alone(quick, tmp_path_factory):
    """One process, batches of 6: (folder, what it printed)."""
    folder = tmp_path_factory.mktemp("alone")
    return folder, run_here(*quick, "--batch-size", 6, cwd=folder)[0]


@pytest.mark.parametrize("n, arguments", [
    (2, ["--batch-size", 3]), pytest.param(3, ["--batch-size", 1, "--accumulate", 2], marks=pytest.mark.slow)])
def test_processes_together_are_one_with_a_larger_batch(n, arguments, quick, alone, tmp_path):
    done = torchrun(n, *quick, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    one, many = metrics_in(alone[0]), metrics_in(tmp_path)
    for kind in ("train", "validation"):
        assert np.allclose(one["losses"][kind], many["losses"][kind], atol=1e-5), kind
    assert one["losses"]["epochs"] == many["losses"]["epochs"] and one["steps"] == many["steps"] == 16
    for state in ("base", "tuned"):
        assert one["scores"][state] == pytest.approx(many["scores"][state], rel=1e-5, abs=1e-4)
    answers = [json.loads((folder / "outputs" / "instruction-data-with-response.json").read_text(encoding="utf-8"))
               for folder in (alone[0], tmp_path)]
    assert answers[0] == answers[1]
    weights = [torch.load(folder / "outputs" / "gpt2-tiny-sft.pth") for folder in (alone[0], tmp_path)]
    assert all(torch.allclose(weights[0][name], weights[1][name], atol=1e-4) for name in weights[0])


@pytest.mark.slow
def test_only_the_first_process_speaks_and_writes(quick, alone, tmp_path):
    done = torchrun(2, *quick, "--batch-size", 3, cwd=tmp_path)

    def text(out):  # without what depends on the time; losses and scores are compared elsewhere
        return [re.sub(r" *\d+\.\d{3}\b", " #", line) for line in out.splitlines() if not line.startswith("Done in")]

    assert text(done.stdout) == text(alone[1])
    assert sorted(path.name for path in (tmp_path / "outputs").iterdir()) == sorted(
        path.name for path in (alone[0] / "outputs").iterdir())


@pytest.mark.slow
def test_a_process_that_dies_ends_the_run(quick, tmp_path):
    script = tmp_path / "dies.py"
    script.write_text(f"import os, signal, sys\nsys.path.insert(0, {str(ft.HERE)!r})\nimport finetune_gpt2 as ft\n"
                      "compute_gradients = ft.compute_gradients\ncalls = []\n"
                      "def dying(*arguments):\n"
                      "    calls.append(1)\n"
                      "    if ft.RANK == 1 and len(calls) == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
                      "    return compute_gradients(*arguments)\n"
                      "ft.compute_gradients = dying\nft.main()\n")
    done = torchrun(2, *quick, "--batch-size", 3, cwd=tmp_path, script=script)
    assert done.returncode != 0  # and it did end
    assert not (tmp_path / "outputs" / "gpt2-tiny-sft.pth").exists()


@pytest.mark.slow
def test_a_mistake_ends_all_processes_with_one_line_each(quick, tmp_path):
    done = torchrun(2, *quick, "--data", "missing.json", cwd=tmp_path)
    assert done.returncode != 0 and "missing.json" in done.stderr
    assert 'finetune_gpt2.py", line' not in done.stderr  # no traceback of ours
    assert [line for line in done.stderr.splitlines() if line.startswith("error: ") and "missing.json" in line]


@pytest.mark.slow
def test_a_run_of_several_processes_is_resumed_by_as_many(quick, tmp_path):
    """Stopped after the first epoch, it goes on to the same losses; one process alone is told that it does not fit."""
    script = tmp_path / "stops.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(ft.HERE)!r})\nimport finetune_gpt2 as ft\n"
                      "save = ft.save_training\n"
                      "def stop(*arguments, **others):\n    save(*arguments, **others)\n    sys.exit('stopped')\n"
                      "ft.save_training = stop\nft.main()\n")
    assert torchrun(2, *quick, "--batch-size", 3, cwd=tmp_path, script=script).returncode != 0
    _, err = run_here(*quick, "--batch-size", 3, "--resume", cwd=tmp_path, status=1)
    assert "ranks 2, not 1" in err and len(err.splitlines()) == 1
    done = torchrun(2, "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "whole").mkdir()
    whole = torchrun(2, *quick, "--batch-size", 3, cwd=tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    first, second = metrics_in(tmp_path)["losses"], metrics_in(tmp_path / "whole")["losses"]
    assert np.allclose(first["validation"], second["validation"], atol=1e-5)
    assert np.allclose(first["train"], second["train"], atol=1e-5)
    assert first["tokens"] == second["tokens"] and metrics_in(tmp_path)["steps"] == 16


def torchrun_apart(*arguments, cwd, own):
    """Start two processes as on two computers: each has what is called `own` of its own, as in {"--out": "out{}"}."""
    script = cwd / "apart.py"
    words = ", ".join(f"{name!r}, {value!r}.format(ft.RANK)" for name, value in own.items())
    script.write_text(f"import sys\nsys.path.insert(0, {str(ft.HERE)!r})\nimport finetune_gpt2 as ft\n"
                      f"ft.main([*sys.argv[1:], {words}])\n")
    return torchrun(2, *arguments, cwd=cwd, script=script)


def assert_told_that_they_differ(done):
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode != 0 and any("computers" in line and "different" in line for line in lines), done.stderr


@pytest.mark.slow
def test_computers_with_different_saves_are_told_so(quick, tmp_path, monkeypatch):
    """Only the first one has a save to resume from."""
    save_training = ft.save_training

    def save_and_stop(path, *state, settings, **others):
        save_training(path, *state, settings={**settings, "ranks": 2}, **others)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ft, "save_training", save_and_stop)
        run_here(*quick, "--batch-size", 3, "--out", "out0", cwd=tmp_path, status=1)
    done = torchrun_apart(*quick, "--batch-size", 3, "--resume", cwd=tmp_path, own={"--out": "out{}"})
    assert_told_that_they_differ(done)
    assert [path.name for path in (tmp_path / "out0").iterdir()] == ["unfinished.pth"]


@pytest.mark.slow
def test_computers_with_different_data_are_told_so(quick, tmp_path):
    data = json.loads((ft.HERE / "instruction-data.json").read_text(encoding="utf-8"))
    ft.save_json(data, tmp_path / "data0.json")
    ft.save_json(data[::-1], tmp_path / "data1.json")
    done = torchrun_apart(*quick, cwd=tmp_path, own={"--data": "data{}.json"})
    assert_told_that_they_differ(done)
    assert not list((tmp_path / "outputs").iterdir())


@pytest.mark.slow
def test_data_are_downloaded_by_one_process(quick, tmp_path):
    """The others wait for it, and find the file."""
    shutil.copy(ft.HERE / "instruction-data.json", tmp_path / "data.json")
    with serve(tmp_path) as url:
        done = torchrun(2, *quick, "--data", f"{url}/data.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Handler.requested == ["/data.json"]


@pytest.mark.slow
def test_asking_is_the_work_of_one_process(tmp_path):
    done = torchrun(2, "--ask", cwd=tmp_path)
    assert done.returncode != 0 and "leave torchrun out" in done.stderr
