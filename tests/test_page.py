"""What people look at: the page of answers in a real browser, the plot, and the bars on a terminal."""
import fcntl
import html
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
import pytest
from conftest import SCRIPT, ft

SCORES = {"base": {"loss": 3.25, "perplexity": 25.79, "exact_match": 0.0, "token_f1": 0.031},
          "tuned": {"loss": 2.125, "perplexity": 8.373, "exact_match": 0.25, "token_f1": 0.625}}
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ATTACK = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">&amp;"


def answer(instruction, output, tuned, base="", **more):
    return {"instruction": instruction, "input": "", "output": output, "base_response": base, "model_response": tuned,
            **more}


ANSWERS = [
    answer("Name a color.", "Blue", "Red", base="Blue"),
    answer("Name a fish.", "Cod", "A cod."),
    answer("Sort: b, a.", "a, b", "b, a"),  # all the words, in another order
    answer("Say hello to Mei.", "Hello, Mei!", "Hello, Ana!", input="two\n  lines"),
    answer(ATTACK, ATTACK, ATTACK, base=ATTACK, input=ATTACK),
    answer("Escape.", "a\x1b[31mb\x00", "中文 \ud800 ${plot} $answers", note=3),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    ft.plot_losses([0.5, 1.0], [100, 200], [3.0, 2.0], [3.1, 2.2], folder / "plot.png")
    file = folder / "report.html"
    ft.write_report(file, ANSWERS, SCORES, "model: <tiny>, seed: 1", (folder / "plot.png").read_bytes())
    return file


def test_page_holds_everything_escaped(page):
    text = page.read_text(encoding="utf-8")
    assert text.count("<article>") == len(ANSWERS)
    assert text.count(html.escape(ATTACK)) == 5 and "<script" not in text and "\x1b" not in text and "\0" not in text
    assert "model: &lt;tiny&gt;, seed: 1" in text and "two\n  lines" in text
    assert "${plot} $answers" in text  # what looks like a place in the page is a text
    for row in ("loss<td>3.250<td>2.125<td>lower is better", "exact match<td>0.000<td>0.250<td>higher is better"):
        assert row in text
    assert not re.search(r"(src|href)=\"?(http|//|file)", text) and "url(" not in text and "@import" not in text


def test_page_is_sorted_into_groups_by_the_fine_tuned_answer(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"<h2.*?>(.*?)</h2>", text) == ["exact: 2", "partly: 2", "nothing in common: 2"]
    links = re.findall(r'<a href="#(.*?)">', text)
    assert links == re.findall(r'<h2 id="(.*?)">', text)
    order = [text.index(f"<b>{html.escape(ANSWERS[n]['instruction'])}</b>") for n in (1, 4, 2, 3, 0, 5)]
    assert order == sorted(order)
    assert "partly: F1 1.00" in text  # the words in another order are not exact
    assert "nothing in common: F1 0.00, base model 1.00" in text


def browse(page, *options):
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", *options,
               page.as_uri()]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, errors="replace").stdout


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
def test_a_browser_shows_all_entries_and_runs_nothing(page):
    shown = browse(page, "--dump-dom")  # what the page has become
    assert "<title>Answers before and after</title>" in shown
    assert shown.count("<article>") == len(ANSWERS) and shown.count("</article>") == len(ANSWERS)
    assert "<script" not in shown and "onerror" not in re.sub("&lt;.*?&gt;", "", shown)


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
def test_a_browser_would_run_no_script_if_there_were_one(page, tmp_path):
    """The page forbids it, should an answer ever come through; without that rule, this script runs."""
    text = page.read_text(encoding="utf-8")
    script = "<script>document.title = 'run'</script>"
    for name, rule, title in (("with", True, "Answers before and after"), ("without", False, "run")):
        other = text if rule else re.sub(r"<meta http-equiv.*?>", "", text, flags=re.DOTALL)
        file = tmp_path / f"{name}.html"
        file.write_text(other.replace("<h1>", f"{script}<h1>"), encoding="utf-8")
        assert f"<title>{title}</title>" in browse(file, "--dump-dom"), name


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
@pytest.mark.parametrize("width, columns", [(1200, 3), (390, 1)])
def test_answers_stand_side_by_side_where_there_is_room(page, tmp_path, width, columns):
    """Measured by a script, which is put into a copy without the rule that forbids scripts."""
    text = re.sub(r"<meta http-equiv.*?>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    text += ("<script>document.title = new Set([...document.querySelector('article div').children].map("
             "p => p.getBoundingClientRect().left)).size + ' '"
             " + (document.documentElement.scrollWidth - innerWidth)</script>")
    file = tmp_path / "page.html"
    file.write_text(f'{text}<iframe style="display:none"></iframe>', encoding="utf-8")
    frame = tmp_path / "frame.html"  # a window has a least width, a frame does not
    frame.write_text(f'<iframe src="page.html" width={width} height=800></iframe><script>'
                     "onload = () => document.title = frames[0].document.title</script>", encoding="utf-8")
    shown = browse(frame, "--dump-dom", "--allow-file-access-from-files")
    found = re.search(r"<title>(\d+) (-?\d+)</title>", shown)
    assert found, shown[:500]
    assert int(found[1]) == columns and int(found[2]) <= 0  # nothing reaches beyond the edge


def test_a_run_writes_the_page(toy_run):
    outputs = toy_run.folder / "outputs"
    text = (outputs / "report.html").read_text(encoding="utf-8")
    answers = json.loads((outputs / "instruction-data-with-response.json").read_text(encoding="utf-8"))
    assert text.count("<article>") == len(answers)
    for one in answers:
        assert html.escape(one["model_response"] or "") in text and html.escape(one["output"]) in text
    assert "model: tiny" in text and "epochs: 2" in text


@pytest.mark.parametrize("epochs, tokens, train, val, labels", [
    ([0.1, 0.5, 1.0, 2.0], [9000, 45000, 90000, 180000], [3, 2, 1.5, 1.2], [3, 2.2, 1.9, 2.0], ["50k", "100k"]),
    ([1.0], [900], [3.0], [3.1], ["200", "400"]),  # one epoch, one report
    ([0.1, 3.0], [9e5, 27e6], [3.0, 0.2], [3.0, 0.2], ["10M", "20M"]),
])
def test_the_plot_says_what_is_to_be_seen(epochs, tokens, train, val, labels, tmp_path, monkeypatch):
    from matplotlib.figure import Figure
    figures = []
    save = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *file, **how: (figures.append(self), save(self, *file, **how)))
    ft.plot_losses(epochs, tokens, train, val, tmp_path / "plot.png")
    axis = figures[0].axes[0]
    found = [label.get_text() for label in axis.child_axes[0].get_xticklabels()]
    assert set(labels) <= set(found), found
    names = [text.get_text() for text in axis.get_legend().get_texts()]
    assert names == ["training loss", "validation loss", f"best validation loss: {min(val):.3f}"]
    best = axis.lines[2].get_xydata()[0]
    assert best.tolist() == [epochs[int(np.argmin(val))], min(val)]
    ends = {text.get_text().strip(): text.get_position()[1] for text in axis.texts}
    assert ends == {f"{losses[-1]:.2f}": losses[-1] for losses in (train, val)}
    borders = [line.get_xdata()[0] for line in axis.lines[3:]]
    assert borders == list(range(1, int(np.ceil(epochs[-1]))))
    left, right = axis.get_xlim()
    low, high = axis.get_ylim()
    assert left == low == 0 and right > epochs[-1] and high > max(train + val)


def on_a_terminal(*arguments, cwd):
    """Run the script on a terminal of 80 columns, and return all that it sent there."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(cwd)
        os.execv(sys.executable, [sys.executable, str(SCRIPT), *map(str, arguments)])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))  # rows, columns
    shown = b""
    while True:
        try:
            part = os.read(terminal, 1 << 16)
        except OSError:  # it is closed
            break
        if not part:
            break
        shown += part
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0, shown
    return shown.decode()


def test_long_stages_have_bars_on_a_terminal_only(toy_run, small_weights, tmp_path):
    arguments = ("--model", "tiny", "--weights", small_weights, "--limit", 40, "--epochs", 1, "--max-new-tokens", 3,
                 "--device", "cpu", "--dtype", "float32")
    shown = on_a_terminal(*arguments, cwd=tmp_path)
    for what in ("answers", "losses", "steps"):
        assert re.search(rf"{what}: +\d+%\|.*?\| *\d+/\d+ ", shown), what
    assert "\x1b[32m" in shown  # what is scored is green
    for stream in (toy_run.out, toy_run.err):  # into files
        assert "%|" not in stream and "\x1b" not in stream and "\r" not in stream.replace(os.linesep, "\n")


def test_the_end_says_what_to_do_next(toy_run, small_weights, tmp_path):
    from conftest import run_here
    end = toy_run.out.split("\nDone in ")[1]
    page = Path("outputs") / "report.html"
    assert f"open {page} in a browser" in end and 'finetune_gpt2.py --ask "What is the capital of Kenya?"' in end
    assert "--export my-model" in end and "--weights" not in end
    out, _ = run_here("--model", "tiny", "--weights", small_weights, "--out", "here", "--limit", 40, "--epochs", 1,
                      "--max-new-tokens", 2, "--device", "cpu", "--dtype", "float32", cwd=tmp_path)
    assert f'finetune_gpt2.py --weights {small_weights} --out here --ask' in out


def test_the_comparison_says_which_way_is_better(toy_run):
    for name, way in (("loss", "lower"), ("perplexity", "lower"), ("exact match", "higher"), ("token f1", "higher")):
        assert re.search(rf"^{name} +[\d.]+ +[\d.]+ +{way} is better$", toy_run.out, re.MULTILINE), name
