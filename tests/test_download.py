"""Downloads, mirrors and wrong files, against a server on this machine that has all the bad days at once."""
import ast
import contextlib
import functools
import gzip
import hashlib
import http.server
import importlib.util
import itertools
import json
import os
import random
import re
import shutil
import signal
import socketserver
import ssl
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from conftest import PATIENCE, SCRIPT, SMALL, Handler, run_here, serve, slow

import finetune_gpt2 as ft

KNOWN_SUMS = ft.KNOWN_SUMS  # before the tests change them

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals, and does not rename open files")

CONTENT = random.Random(5).randbytes(3_500_000)  # some times what is fetched in one piece
MIB = 1 << 20
PAGE = b"<!DOCTYPE html><html><body>Please sign in to the Wi-Fi</body></html>\n"
PAUSES = ft.PAUSES  # before a test shortens them


def is_content(file):
    if file.read_bytes() != CONTENT:
        raise ft.UserError(f"{file} is not the content")


def has_its_size(file):
    if file.stat().st_size != len(CONTENT):
        raise ft.UserError(f"{file} has {file.stat().st_size} bytes")


@pytest.fixture(autouse=True)
def no_proxy_and_no_pauses(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(ft, "PAUSES", (0, 0, 0))
    # servers look this often, in seconds, whether they are to stop
    monkeypatch.setattr(socketserver.BaseServer.serve_forever, "__defaults__", (0.02,))


@pytest.fixture(autouse=True)
def no_test_hangs():
    """A download that waits for ever fails its test, rather than stopping all of them."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        raise AssertionError("this takes for ever")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


# ---- A server that does as it is told ----


def send(request, content=CONTENT, ranges=True, cut=None, then=lambda request: None, extra=b"", **headers):
    """Answer as a server should: all of the content, or what is asked for. Unless told not to understand ranges, to
    stop at the byte `cut` of the content and do something `then`, to add bytes, to change headers or leave them out."""
    asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", "")) if ranges else None
    start = int(asked[1]) if asked else 0
    if asked and start >= len(content):
        status(request, 416, Content_Range=f"bytes */{len(content)}")
        return
    head = {"Content_Length": len(content) - start + len(extra)}
    if asked:
        head["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    request.send_response(206 if asked else 200)
    send_headers(request, head | headers)
    request.wfile.write(content[start:cut] + (b"" if cut else extra))
    request.wfile.flush()
    if cut is not None:
        then(request)


def send_headers(request, headers):
    for name, value in headers.items():
        if value is not None:
            request.send_header(name.replace("_", "-"), value)
    request.end_headers()


def status(request, code, **headers):
    request.send_response(code)
    send_headers(request, {"Content_Length": 0} | headers)


def raw(request, answer):
    request.wfile.write(answer)


def stall(request):
    request.server.over.wait(PATIENCE)


def does(act, *arguments, **settings):
    return lambda request: act(request, *arguments, **settings)


def redirects(to, code=302):
    return does(status, code, Location=to)


def chunked(request):
    request.protocol_version = "HTTP/1.1"
    request.send_response(200)
    send_headers(request, {"Transfer_Encoding": "chunked", "Connection": "close"})
    for start in range(0, len(CONTENT), 100_000):
        piece = CONTENT[start : start + 100_000]
        request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    request.wfile.write(b"0\r\n\r\n")


page = does(send, PAGE, ranges=False, Content_Type="text/html")


class Actor(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with self.server.lock:
            self.server.asked.append((self.path, self.headers.get("Range")))
            act = next(self.server.acts)
        act(self)

    def do_CONNECT(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def answering(*acts, always=send, certificate=None):
    """A server that answers the first requests with these acts and those after them with `always`; .url, and .asked,
    the list of (path, Range header)."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Actor) as server:
        server.acts, server.asked = itertools.chain(acts, itertools.repeat(always)), []
        server.lock, server.over = threading.Lock(), threading.Event()
        server.handle_error = lambda *_: None
        server.url = f"http://127.0.0.1:{server.server_port}/file"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            server.url = server.url.replace("http", "https")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()


def wait_until(condition):
    for _ in range(100 * PATIENCE):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("this takes for ever")


def starts(server):
    """Return the first byte of each request."""
    return [int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0 for _, asked in server.asked]


def fails(server, path, check=is_content, kind=ft.DownloadError):
    """Return the one line with which a download must fail, leaving no file."""
    with pytest.raises(kind) as problem:
        ft.download(server.url, path, check)
    line = str(problem.value)
    assert not path.exists() and line and len(line.splitlines()) == 1 and len(line) < 2000
    return line


# ---- A download arrives ----


def test_a_good_server_is_asked_once_for_all(tmp_path, capsys):
    with answering() as server:
        ft.download(server.url, tmp_path / "new folder" / "file", is_content)
        assert [path for path, _ in server.asked] == ["/file"] and starts(server) == [0]
    assert (tmp_path / "new folder" / "file").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == ["file"]
    assert capsys.readouterr() == ("", "")  # no bar where there is no terminal


GOOD_IN_THE_END = {
    "closes at once": [does(raw, b"")],
    "closes in the status line": [does(raw, b"HTTP/1.1 20")],
    "closes in the headers": [does(raw, b"HTTP/1.1 200 OK\r\nContent-Len")],
    "no HTTP": [does(raw, b"SSH-2.0-OpenSSH_9.6\r\n")],
    "cut before the first byte": [does(send, cut=0)],
    "cut after a byte": [does(send, cut=1)],
    "cut before the last byte": [does(send, cut=len(CONTENT) - 1)],
    "cut again and again": [does(send, cut=2 * MIB), does(send, cut=3 * MIB), does(raw, b"")],
    "too many requests": [does(status, 429)],
    "too slow": [does(status, 408)],
    "down for a moment": [does(status, code) for code in (500, 503, 502)],
    "ignores Range": [does(send, cut=2 * MIB), does(send, ranges=False)],
    "ignores Range and is cut": [does(send, cut=3 * MIB), does(send, ranges=False, cut=2 * MIB)],
    "a page in place of the rest": [does(send, cut=2 * MIB), page],
    "lies about the start": [does(send, cut=2 * MIB), does(send, Content_Range=f"bytes 7-{len(CONTENT) - 1}/3500000")],
    "lies about the end": [does(send, cut=2 * MIB), does(send, Content_Range="bytes 1048576-1048586/1048587")],
    "no Content-Range": [does(send, cut=2 * MIB), does(send, Content_Range=None)],
    "odd Content-Range": [does(send, cut=2 * MIB), does(send, Content_Range="pages 3-9/10")],
    "unknown total": [does(send, cut=2 * MIB), does(send, Content_Range=f"bytes 2097152-{len(CONTENT) - 1}/*")],
    "nothing there": [does(send, cut=2 * MIB), does(status, 416, Content_Range="bytes */7")],
    "nothing there, and no size": [does(send, cut=2 * MIB), does(status, 416)],
    "too long a length": [does(send, Content_Length=4_000_000)],
    "too much": [does(send, cut=2 * MIB), does(send, extra=b"more")],
    "no length": [does(send, Content_Length=None)],
    "no length, and cut": [does(send, cut=2 * MIB), does(send, Content_Length=None)],
    "length is no number": [does(send, Content_Length="many")],
    "length below zero": [does(send, Content_Length="-1")],
    "in chunks": [chunked],
    "names a path": [does(send, Content_Disposition='attachment; filename="../../elsewhere"')],
}


@pytest.mark.parametrize("name", GOOD_IN_THE_END)
def test_what_goes_wrong_at_first_arrives_all_the_same(tmp_path, name):
    acts = GOOD_IN_THE_END[name]
    path = tmp_path / "folder" / "file"
    with answering(*acts) as server:
        ft.download(server.url, path, is_content)
        assert len(acts) <= len(server.asked) <= 4
    assert path.read_bytes() == CONTENT and list(path.parent.iterdir()) == [path] and list(tmp_path.iterdir()) == [
        path.parent]


def test_nothing_is_compressed_on_the_way(tmp_path):
    """For then the places that are asked for would not be those in the file."""
    def compress_where_wanted(request):
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            send(request, gzip.compress(CONTENT), Content_Encoding="gzip")
        else:
            send(request)

    with answering(always=compress_where_wanted) as server:
        ft.download(server.url, tmp_path / "file", is_content)
        assert len(server.asked) == 1


def test_bytes_of_another_place_are_not_joined_on(tmp_path):
    """Also where the size is all that is known of a file."""
    def from_another_place(request):
        request.send_response(206)
        send_headers(request, {"Content_Length": MIB, "Content_Range": f"bytes 7-{MIB + 6}/{len(CONTENT)}"})
        request.wfile.write(CONTENT[7 : MIB + 7])

    (tmp_path / "file.part").write_bytes(CONTENT[:-MIB])
    with answering(from_another_place) as server:
        ft.download(server.url, tmp_path / "file", has_its_size)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_cut_costs_a_piece_at_most(tmp_path):
    """What had arrived is not fetched twice, but for the piece that was under way."""
    cuts = [1_200_000, 2_000_000, 3_499_999]
    with answering(*(does(send, cut=cut) for cut in cuts)) as server:
        ft.download(server.url, tmp_path / "file", is_content)
        first, *others = starts(server)
    assert first == 0 and len(others) == 3
    assert all(cut - MIB <= start <= cut for cut, start in zip(cuts, others, strict=True))


@pytest.mark.parametrize("first", [stall, does(send, cut=0, then=stall), does(send, cut=2 * MIB, then=stall)])
def test_a_silent_server_is_left_and_asked_again(tmp_path, monkeypatch, first):
    monkeypatch.setattr(ft, "TIMEOUT", (PATIENCE, 0.5))

    def silent_once(request):  # for a busy machine, the others are given all the time there is
        monkeypatch.setattr(ft, "TIMEOUT", (PATIENCE, PATIENCE))
        first(request)

    with answering(silent_once) as server:
        ft.download(server.url, tmp_path / "file", is_content)
        assert len(server.asked) >= 2


def test_time_limits_and_pauses_are_set():
    assert len(ft.TIMEOUT) == 2 and all(0 < seconds <= 60 for seconds in ft.TIMEOUT)
    assert 2 <= len(PAUSES) <= 5 and list(PAUSES) == sorted(set(PAUSES)) and PAUSES[0] > 0 and sum(PAUSES) <= 60


def test_pauses_grow_and_are_announced(tmp_path, monkeypatch, capsys):
    slept = []
    monkeypatch.setattr(ft, "PAUSES", (1, 2, 4))
    monkeypatch.setattr(ft, "time", SimpleNamespace(sleep=slept.append))
    with answering(always=does(status, 503)) as server:
        assert "503" in fails(server, tmp_path / "file")
        assert len(server.asked) == 4
    lines = capsys.readouterr().out.splitlines()
    host = server.url.split("/")[2]
    assert slept == [1, 2, 4] and lines == [f"{host} does not deliver file; trying again"]  # said once


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed_also_for_the_rest(tmp_path, code):
    with answering(does(send, cut=2 * MIB)) as data:
        with answering(redirects(data.url, code), redirects("/elsewhere", code), redirects(data.url, code)) as server:
            ft.download(server.url, tmp_path / "file", is_content)
            assert [path for path, _ in server.asked] == ["/file", "/file", "/elsewhere"]
        assert starts(data)[0] == 0 and starts(data)[1] >= MIB


# ---- A download fails, in one line ----


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 451])
def test_a_no_is_a_no(tmp_path, code):
    with answering(always=does(status, code)) as server:
        assert str(code) in fails(server, tmp_path / "file") and len(server.asked) <= 4
    assert not list(tmp_path.iterdir())


NEVER_GOOD = {
    "down": does(status, 503),
    "closes": does(raw, b""),
    "no HTTP": does(raw, b"\0\xff\n" * 99),
    "endless header": does(raw, b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000),
    "many headers": does(raw, b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 500 + b"\r\n"),
    "page": page,
    "nothing": does(send, b"", ranges=False),
    "no content": does(status, 204),
    "not modified": does(status, 304),
    "half": does(send, CONTENT[:MIB], ranges=False),
    "too much": does(send, CONTENT + b"\0", ranges=False),
    "too short a length": does(send, Content_Length=2 * MIB, ranges=False),
    "too long a length": does(send, Content_Length=len(CONTENT) + 1, ranges=False),
    "length beyond all": does(send, Content_Length="9" * 30, ranges=False),
    "length beyond int": does(send, Content_Length="9" * 5000, ranges=False),
    "two lengths": does(raw, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n1234567"),
    "range nobody asked for": lambda request: (request.send_response(206), send_headers(request, {
        "Content_Range": "bytes 5-9/10", "Content_Length": 5}), request.wfile.write(b"12345")),
    "range beyond int": lambda request: (request.send_response(206), send_headers(request, {
        "Content_Range": f"bytes 0-9/{'9' * 5000}", "Content_Length": 10}), request.wfile.write(b"0123456789")),
    "not satisfiable": does(status, 416, Content_Range="bytes */0"),
    "compressed, it says": does(send, Content_Encoding="gzip", ranges=False),
    "chunks that lie": does(raw, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\nabc\r\n0\r\n\r\n"),
    "chunks that are none": does(raw, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<html>\r\n"),
    "in circles": redirects("/file"),
    "to nowhere": redirects(""),
    "to a file": redirects("file:///etc/hostname"),
    "to another protocol": redirects("ftp://127.0.0.1/file"),
    "to no port": redirects("http://127.0.0.1:99999/"),
    "to no address": redirects("http://["),
    "to no name": redirects("http://.../"),
    "to a closed door": redirects("http://127.0.0.1:9/"),
}


@pytest.mark.parametrize("name", NEVER_GOOD)
def test_a_server_that_never_gets_it_right_fails_in_one_line(tmp_path, name):
    with answering(always=NEVER_GOOD[name]) as server:
        fails(server, tmp_path / "file")
        assert 1 <= len(server.asked) <= (4 * 31 if name == "in circles" else 4)  # 30: requests' limit
    assert {path.name for path in tmp_path.iterdir()} <= {"file.part"}


@pytest.mark.parametrize("name", NEVER_GOOD)
def test_and_does_no_lasting_harm(tmp_path, name):
    """The next run gets what it should, whatever the bad server left."""
    (tmp_path / "file.part").write_bytes(CONTENT[: 2 * MIB])
    with answering(always=NEVER_GOOD[name]) as server, contextlib.suppress(ft.DownloadError):
        ft.download(server.url, tmp_path / "file", is_content)
    assert not (tmp_path / "file").exists()
    with answering() as server:
        ft.download(server.url, tmp_path / "file", is_content)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_page_is_named_with_what_was_expected(tmp_path):
    with answering(always=page) as server:
        line = fails(server, tmp_path / "file", has_its_size)
        assert server.url in line and f"has {len(PAGE)} bytes" in line
    assert not list(tmp_path.iterdir())


def test_nobody_there(tmp_path):
    with answering() as server:
        pass
    assert "refused" in fails(server, tmp_path / "file").lower() or os.name == "nt"


def test_a_server_that_stays_silent_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(ft, "TIMEOUT", (PATIENCE, 0.3))
    with answering(always=does(send, cut=2 * MIB, then=stall)) as server:
        assert "timed out" in fails(server, tmp_path / "file")
        assert len(server.asked) == 4
    assert (tmp_path / "file.part").stat().st_size >= MIB  # for the next run


# ---- What an earlier run left ----


LEFT = {
    "a part": CONTENT[: 3 * MIB],
    "a byte": CONTENT[:1],
    "nothing": b"",
    "all but a byte": CONTENT[:-1],
    "all": CONTENT,
    "more than all": CONTENT + b"\0",
    "something else": PAGE,
    "zeros": bytes(2 * MIB),
    "something else as long": bytes(len(CONTENT)),
    "something else and longer": bytes(len(CONTENT) + MIB),
    "a part with a wrong byte": b"\xff" + CONTENT[1 : 2 * MIB],
}


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("name", LEFT)
def test_any_part_left_behind_leads_to_the_right_file(tmp_path, name, ranges):
    assert CONTENT[:1] != b"\xff"
    (tmp_path / "file.part").write_bytes(LEFT[name])
    with answering(always=does(send, ranges=ranges)) as server:
        ft.download(server.url, tmp_path / "file", is_content)
        assert starts(server)[0] == len(LEFT[name])
        # nothing is fetched twice: the part was good, or is replaced at once
        assert len(server.asked) == (1 if CONTENT.startswith(LEFT[name]) or not ranges else 2)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_failed_download_is_continued_by_the_next_run(tmp_path):
    with answering(does(send, cut=3 * MIB), always=does(status, 503)) as server:
        fails(server, tmp_path / "file")
        assert starts(server)[1:] == [(tmp_path / "file.part").stat().st_size] * 3
    with answering() as server:
        ft.download(server.url, tmp_path / "file", is_content)
        assert len(server.asked) == 1 and starts(server)[0] >= 2 * MIB


@posix
@pytest.mark.parametrize("at", [0, 1_500_000, 3_400_000])
def test_ctrl_c_leaves_a_part_that_is_continued(tmp_path, at):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    part = tmp_path / "file.part"

    def interrupt(request):
        wait_until(lambda: at < MIB or part.exists() and part.stat().st_size > at - MIB)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        stall(request)

    try:
        with answering(does(send, cut=at, then=interrupt)) as server, pytest.raises(KeyboardInterrupt):
            ft.download(server.url, tmp_path / "file", is_content)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not (tmp_path / "file").exists()
    size = part.stat().st_size if part.exists() else 0
    assert at - MIB <= size <= at
    with answering() as server:
        ft.download(server.url, tmp_path / "file", is_content)
        assert starts(server) == [size]


def many_entries():
    """Data of some MiB, as JSON."""
    entries = json.loads((ft.HERE / "instruction-data.json").read_text(encoding="utf-8"))
    return json.dumps(entries * (1 + 3 * MIB // len(json.dumps(entries)))).encode()


# A script that has the data goes on to find that --limit 5 leaves too few entries: the shortest way to a known end.
FETCH = ["--model", "tiny", "--device", "cpu", "--limit", 5, "--data"]


@contextlib.contextmanager
def started(folder, *arguments):
    """The script, running in the background."""
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), *map(str, arguments)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        encoding="utf-8", env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        # pytest may have been started where Ctrl-C is ignored, as in the background of a shell
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@posix
def test_ctrl_c_in_the_script_says_so_and_the_next_run_goes_on(tmp_path):
    data = many_entries()
    with answering(does(send, data, cut=5 * MIB // 2, then=stall), always=does(send, data)) as server:
        with started(tmp_path, *FETCH, server.url) as process:
            wait_until(lambda: any(part.stat().st_size >= MIB for part in tmp_path.glob("outputs/*.part")))
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 1 and "Traceback" not in err
            assert "a download goes on where it was" in err.splitlines()[-1]
        [part] = tmp_path.glob("outputs/*.part")
        size = part.stat().st_size
        assert part.read_bytes() == data[:size]
        _, err = run_here(*FETCH, server.url, cwd=tmp_path, status=1)
        assert "5 entries are too few" in err
        assert starts(server) == [0, size] and server.asked[1][1] == f"bytes={size}-"
    assert [path.read_bytes() for path in (tmp_path / "outputs").iterdir()] == [data]


def test_a_refused_download_ends_the_script_with_status_1(tmp_path):
    with answering(always=does(status, 404)) as server:
        _, err = run_here(*FETCH, server.url, cwd=tmp_path, status=1)
    assert err.startswith(f"error: {server.url}: HTTPError: 404") and len(err.splitlines()) == 1
    assert not list((tmp_path / "outputs").iterdir())


# ---- Two runs at once ----


@posix
@pytest.mark.parametrize("killed", [False, slow(True)])
def test_two_runs_at_once_both_get_the_right_file(tmp_path, killed):
    """As both write into one part, it is wrong. Each finds that by itself, also where the other one is killed."""
    data = many_entries()
    half, both, go_on = len(data) // 2, threading.Barrier(2), threading.Event()

    def to_first(request):
        both.wait(PATIENCE)
        send(request, data, cut=half)
        go_on.wait(PATIENCE)
        request.wfile.write(data[half:])

    def to_second(request):
        both.wait(PATIENCE)
        send(request, data, cut=half)
        wait_until(lambda: any(part.stat().st_size >= half - MIB for part in tmp_path.glob("outputs/*.part")))
        if killed:
            first.kill()
        go_on.set()
        first.wait(PATIENCE)
        request.wfile.write(data[half:])

    with (answering(to_first, to_second, always=does(send, data)) as server,
          started(tmp_path, *FETCH, server.url) as first):
        wait_until(lambda: server.asked)
        _, err = run_here(*FETCH, server.url, cwd=tmp_path, status=1)
        assert err.startswith("error: 5 entries are too few") and starts(server)[:2] == [0, 0]
        if not killed:
            _, err = first.communicate()
            assert first.returncode == 1 and err.startswith("error: 5 entries are too few")
    assert [path.read_bytes() for path in (tmp_path / "outputs").iterdir()] == [data]


def test_a_run_beside_this_one_is_ready_first(tmp_path):
    """It finishes and moves the part just as this one asks for the rest: no file with a hole may take its place."""
    path, part = tmp_path / "file", tmp_path / "file.part"
    part.write_bytes(CONTENT[: 2 * MIB])

    def other_is_ready(request):
        part.write_bytes(CONTENT)
        os.replace(part, path)
        send(request)

    with answering(other_is_ready) as server:
        ft.download(server.url, path, has_its_size)
    assert path.read_bytes() == CONTENT


def test_a_run_beside_this_one_starts_again(tmp_path):
    """It finds that the part is wrong, and begins a new one just as this one asks for the rest of the old."""
    path, part = tmp_path / "file", tmp_path / "file.part"
    part.write_bytes(CONTENT[: 2 * MIB])

    def other_starts_again(request):
        part.unlink()
        part.write_bytes(CONTENT[:1000])
        send(request)

    with answering(other_starts_again) as server, contextlib.suppress(ft.DownloadError):
        ft.download(server.url, path, has_its_size)
    assert not path.exists() or path.read_bytes() == CONTENT
    with answering() as server:
        ft.download(server.url, path, has_its_size)
    assert path.read_bytes() == CONTENT


@posix
def test_a_run_beside_this_one_gives_the_part_up(tmp_path):
    """By a server that knows no ranges, this one is sent what is there already, and begins the part anew. The other
    one, which goes on at its end, finds that it is wrong."""
    path, part, seen = tmp_path / "file", tmp_path / "file.part", []
    part.write_bytes(CONTENT[: 3 * MIB])

    def other_gives_up(request):
        wait_until(lambda: MIB <= part.stat().st_size <= 2 * MIB)  # this one writes
        other.write(CONTENT[3 * MIB :])
        other.close()
        seen.append(part.read_bytes() == CONTENT)
        part.unlink()
        request.wfile.write(CONTENT[2 * MIB :])

    with open(part, "ab") as other, answering(does(send, ranges=False, cut=2 * MIB, then=other_gives_up)) as server:
        ft.download(server.url, path, is_content)
        assert len(server.asked) == 2
    assert seen == [False] and path.read_bytes() == CONTENT and list(tmp_path.iterdir()) == [path]


@posix
def test_runs_side_by_side_from_a_wrong_part(tmp_path):
    """Both go on with it, and find at the end that it was wrong."""
    path, problems = tmp_path / "file", []
    (tmp_path / "file.part").write_bytes(bytes(2 * MIB))
    both, one_is_ready = threading.Barrier(2), threading.Event()

    def together(request):
        both.wait(PATIENCE)
        send(request)

    def after_one(request):  # so that each is left alone for a while, however their steps mix
        one_is_ready.wait(PATIENCE)
        send(request)

    def run():
        try:
            ft.download(server.url, path, is_content)
        except Exception as problem:
            problems.append(problem)
        one_is_ready.set()

    with answering(together, together, send, after_one) as server:
        runs = [threading.Thread(target=run) for _ in range(2)]
        for thread in runs:
            thread.start()
        for thread in runs:
            thread.join()
    assert not problems and path.read_bytes() == CONTENT and list(tmp_path.iterdir()) == [path]


# ---- The disk is full ----


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("length", [None, len(CONTENT)])
def test_a_small_disk_gets_full(small_disk, length):
    (small_disk / "other").write_bytes(b"old")
    with answering(always=does(send, Content_Length=length, ranges=False)) as server:
        line = fails(server, small_disk / "file", kind=OSError)
        assert len(server.asked) == 1
    assert "space" in line or "disk is full" in line
    assert (small_disk / "other").read_bytes() == b"old"


# ---- TLS and proxies ----


def certificate_for(folder, name):
    """Write a self-signed certificate and its key into one file."""
    openssl = shutil.which("openssl")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
               f"subjectAltName={name}", "-keyout", str(folder / "key"), "-out", str(folder / "certificate")]
    if not openssl or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("openssl, which makes the test's certificate, is not here or too old")
    path = folder / "both"
    path.write_bytes((folder / "certificate").read_bytes() + (folder / "key").read_bytes())
    return path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certificate_for(tmp_path_factory.mktemp("right"), "IP:127.0.0.1")


def test_a_certificate_nobody_vouches_for_is_refused(tmp_path, certificate):
    with answering(certificate=certificate) as server:
        assert "certificate verify failed" in fails(server, tmp_path / "file")
        assert server.asked == []


def test_a_certificate_of_another_name_is_refused(tmp_path, monkeypatch, tmp_path_factory):
    other = certificate_for(tmp_path_factory.mktemp("other"), "DNS:elsewhere.invalid")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    with answering(certificate=other) as server:
        assert "127.0.0.1" in fails(server, tmp_path / "file")
        assert server.asked == []


def test_a_certificate_that_is_vouched_for_is_accepted(tmp_path, monkeypatch, certificate):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with answering(redirects("/elsewhere"), certificate=certificate) as server:
        ft.download(server.url, tmp_path / "file", is_content)
        assert [path for path, _ in server.asked] == ["/file", "/elsewhere"]


def test_no_redirect_leads_out_of_https(tmp_path, monkeypatch, certificate):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with answering() as plain, answering(always=redirects(plain.url), certificate=certificate) as server:
        line = fails(server, tmp_path / "file")
        assert server.url in line and plain.url in line and "unprotected" in line
    assert not list(tmp_path.iterdir())


def test_nor_out_of_https_and_back(tmp_path, monkeypatch, certificate):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with (answering(certificate=certificate) as data, answering(always=redirects(data.url)) as plain,
          answering(always=redirects(plain.url), certificate=certificate) as server):
        assert "unprotected" in fails(server, tmp_path / "file")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_downloads_go_through_the_proxy(tmp_path, monkeypatch, variable):
    if os.name == "nt" and variable.islower():
        pytest.skip("on Windows, this is HTTP_PROXY")
    with answering(does(send, cut=2 * MIB)) as proxy:
        monkeypatch.setenv(variable, proxy.url.removesuffix("/file"))
        ft.download("http://weights.invalid/path/file", tmp_path / "file", is_content)
        assert [path for path, _ in proxy.asked] == ["http://weights.invalid/path/file"] * 2


def test_https_goes_through_the_proxy_as_a_tunnel(tmp_path, monkeypatch):
    with answering(always=does(status, 502)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.removesuffix("/file"))
        with pytest.raises(ft.DownloadError):
            ft.download("https://weights.invalid/path/file", tmp_path / "file", is_content)
        assert {path for path, _ in proxy.asked} == {"weights.invalid:443"}


def test_no_proxy_is_respected(tmp_path, monkeypatch):
    with answering(always=does(status, 502)) as proxy, answering() as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        ft.download(server.url, tmp_path / "file", is_content)
        assert proxy.asked == []


# ---- Weights: what is wrong is not taken ----


def test_checksums_are_those_of_the_real_files(gpt2_bpe):
    for name, theirs in (("encoder.json", "vocab.json"), ("vocab.bpe", "merges.txt")):
        found = hashlib.sha256((gpt2_bpe / name).read_bytes()).hexdigest()
        assert KNOWN_SUMS[name] == KNOWN_SUMS[theirs] == found


def sums(folder):
    """Return KNOWN_SUMS for the files of the served model, under both names."""
    known = {}
    for file in (*folder.glob("openai/124M/*"), *folder.glob("hub/gpt2/*")):
        if file.name in ("encoder.json", "vocab.bpe", "vocab.json", "merges.txt", "model.safetensors"):
            name = "gpt2" if file.suffix == ".safetensors" else file.name
            known[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    return known


@pytest.fixture
def server_folder(served, monkeypatch):
    """The folder that is served; its checksums are known, as those of the real files are."""
    known = sums(served[1])
    assert known.keys() == KNOWN_SUMS.keys()
    monkeypatch.setattr(ft, "KNOWN_SUMS", known)
    return served[1]


def asked_for():
    return [path.rsplit("/", 1)[1] for path in Handler.requested]


def fetch(weights, names):
    """Fetch the weights without trouble, and return their folder: these files."""
    assert ft.find_weights("124M", weights) == weights / "124M"
    assert names_in(weights / "124M") == sorted(names)
    Handler.requested.clear()
    return weights / "124M"


def names_in(folder):
    """The files in a folder, but for downloads of which nothing has arrived."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".part" or path.stat().st_size)


def is_right(weights, server_folder):
    """Is what is there now what is served?"""
    source = server_folder / "openai"
    return all((weights / "124M" / name).read_bytes() == (source / "124M" / name).read_bytes()
               for name in ft.OPENAI_FILES)


def altered(content):
    """Change a byte; of a small file, a word."""
    if len(content) < 1001:
        return content.replace(b"n_layer", b"n_liver")
    return content[:1000] + bytes([content[1000] ^ 1]) + content[1001:]


WRONG = {
    "page": lambda content: PAGE,
    "empty": lambda content: b"",
    "truncated": lambda content: content[:-1],
    "padded": lambda content: content + b"\0",
    "altered": altered,
    "zeros": lambda content: bytes(len(content)),
}
# The weights of OpenAI have no checksum, and any numbers are weights.
NO_DAMAGE = {(ft.OPENAI_FILES[-1], "altered"), (ft.OPENAI_FILES[-1], "zeros")}


def wrong_files(names, without=frozenset()):
    return pytest.mark.parametrize("name, wrong", sorted({*itertools.product(names, WRONG)} - without))


def spoil(file, wrong):
    """Make a file wrong; return its content, right and wrong."""
    content = file.read_bytes()
    assert WRONG[wrong](content) != content
    file.write_bytes(WRONG[wrong](content))
    return content, WRONG[wrong](content)


@wrong_files(ft.OPENAI_FILES, without=NO_DAMAGE)
def test_a_source_that_sends_a_wrong_file_is_left_for_the_second(server_folder, tmp_path, capsys, name, wrong):
    content, sent = spoil(server_folder / "openai" / "124M" / name, wrong)
    _, _, folder = ft.load_model("124M", tmp_path / "weights")
    until = ft.OPENAI_FILES.index(name)
    assert folder == tmp_path / "weights" / "124M" and asked_for() == [
        *ft.OPENAI_FILES[:until], *[name] * 4, *ft.HUB_FILES]
    assert names_in(folder) == sorted([*ft.OPENAI_FILES[:until], *ft.HUB_FILES])
    [line] = capsys.readouterr().out.splitlines()
    assert name in line and ("sends something else" in line or wrong == "empty")
    if name == ft.OPENAI_FILES[-1] and sent:  # what it is, and what was expected
        assert f"{len(sent):,} bytes" in line and f"{len(content):,}" in line


@wrong_files(ft.HUB_FILES)
def test_a_wrong_file_of_the_second_source_is_not_taken(server_folder, tmp_path, name, wrong):
    shutil.rmtree(server_folder / "openai")
    spoil(server_folder / "hub" / "gpt2" / name, wrong)
    with pytest.raises(ft.DownloadError) as problem:
        ft.load_model("124M", tmp_path / "weights")
    [line] = str(problem.value).splitlines()
    assert f"/hub/gpt2/{name}" in line and "404" in line  # what each of the sources did
    assert names_in(tmp_path / "weights" / "124M") == sorted(ft.HUB_FILES[: ft.HUB_FILES.index(name)])


def test_sources_that_all_send_pages_are_named(server_folder, tmp_path):
    for file in (*server_folder.glob("openai/124M/*"), *server_folder.glob("hub/gpt2/*")):
        file.write_bytes(PAGE)
    with pytest.raises(ft.DownloadError) as problem:
        ft.find_weights("124M", tmp_path / "weights")
    assert "hparams.json" in str(problem.value) and "config.json" in str(problem.value)
    assert "--model tiny" in str(problem.value) and len(str(problem.value).splitlines()) == 1
    assert not list((tmp_path / "weights" / "124M").iterdir())


def says_what_is_wrong(folder, *names):
    """Loading a model must say in one line that one of these is wrong, ask no server and leave all as it is."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ft.UserError) as problem:
        ft.load_model("124M", folder.parent)
    [line] = str(problem.value).splitlines()
    assert any(name in line for name in names) and str(folder) in line and len(line) < 1000
    assert asked_for() == [] and {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return line


# encoder.json is not read, and merges are merges without their last line's end, too.
HARMLESS = {*itertools.product(["encoder.json", "vocab.json"], WRONG), ("vocab.bpe", "truncated"),
            ("merges.txt", "truncated")}
# Of what is loaded from a disk, no checksums are made, and what is behind the last array is not read.
UNSEEN = {("vocab.bpe", "altered"), ("merges.txt", "altered"), ("model.safetensors", "altered"),
          ("model.safetensors", "padded")} | NO_DAMAGE


@wrong_files(ft.OPENAI_FILES, without=HARMLESS | UNSEEN)
def test_a_wrong_file_on_the_disk_is_named_and_kept(server_folder, tmp_path, name, wrong):
    folder = fetch(tmp_path / "weights", ft.OPENAI_FILES)
    content, found = spoil(folder / name, wrong)
    line = says_what_is_wrong(folder, name, "tokenizer")
    if name == ft.OPENAI_FILES[-1]:  # what it is, and what was expected
        assert f"{len(found):,} bytes" in line and f"{len(content):,}" in line


@wrong_files(ft.HUB_FILES, without=HARMLESS | UNSEEN)
def test_a_wrong_file_of_the_second_source_on_the_disk_is_named_and_kept(server_folder, tmp_path, name, wrong):
    shutil.rmtree(server_folder / "openai")
    folder = fetch(tmp_path / "weights", ft.HUB_FILES)
    spoil(folder / name, wrong)
    says_what_is_wrong(folder, name, "tokenizer")


@pytest.mark.parametrize("name, wrong", sorted(HARMLESS))
def test_damage_that_changes_nothing_is_none(server_folder, tmp_path, name, wrong):
    if name in ft.HUB_FILES:
        shutil.rmtree(server_folder / "openai")
    folder = fetch(tmp_path / "weights", ft.HUB_FILES if name in ft.HUB_FILES else ft.OPENAI_FILES)
    right, expected, _ = ft.load_model("124M", tmp_path / "weights")
    spoil(folder / name, wrong)
    model, tokenizer, _ = ft.load_model("124M", tmp_path / "weights")
    assert tokenizer._mergeable_ranks == expected._mergeable_ranks and asked_for() == []
    assert all(map(ft.torch.equal, model.parameters(), right.parameters()))


def test_sizes_of_another_model_are_named(server_folder, tmp_path):
    folder = fetch(tmp_path / "weights", ft.OPENAI_FILES)
    (folder / "hparams.json").write_text(json.dumps({**SMALL, "n_layer": 24}))
    weights = folder / ft.OPENAI_FILES[-1]
    assert f"{weights} has {weights.stat().st_size:,} bytes and should have" in says_what_is_wrong(folder, weights.name)


@pytest.mark.parametrize("names", [[], ["hparams.json", "encoder.json"]])
def test_weights_alone_are_no_model(server_folder, tmp_path, names):
    """Also not beside the beginning of a download."""
    folder = tmp_path / "weights" / "124M"
    folder.mkdir(parents=True)
    for name in names:
        shutil.copy(server_folder / "openai" / "124M" / name, folder)
    shutil.copy(server_folder / "hub" / "gpt2" / "model.safetensors", folder)
    says_what_is_wrong(folder, "tokenizer")


def test_interrupted_weights_are_continued(server_folder, tmp_path, monkeypatch):
    """Ctrl-C, or a network that goes away, in the largest file: the next run asks for its rest and for nothing else."""
    folder = tmp_path / "weights" / "124M"
    folder.mkdir(parents=True)
    for name in ft.OPENAI_FILES[:-1]:
        shutil.copy(server_folder / "openai" / "124M" / name, folder)
    content = (server_folder / "openai" / "124M" / ft.OPENAI_FILES[-1]).read_bytes()
    (folder / f"{ft.OPENAI_FILES[-1]}.part").write_bytes(content[:400_000])
    with answering(always=does(send, content)) as server:
        monkeypatch.setattr(ft, "OPENAI_URL", server.url + "/{size}/{file}")
        ft.load_model("124M", tmp_path / "weights")
        assert server.asked == [(f"/file/124M/{ft.OPENAI_FILES[-1]}", "bytes=400000-")]
    assert is_right(tmp_path / "weights", server_folder) and Handler.requested == []


@pytest.mark.parametrize("n", [1, 2, 3])
def test_what_has_arrived_is_not_asked_for_again(server_folder, tmp_path, monkeypatch, n):
    fetch_rest = ft.fetch_rest

    def interrupted(*arguments):
        if len(Handler.requested) == n:
            raise KeyboardInterrupt
        fetch_rest(*arguments)

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(ft, "fetch_rest", interrupted)
        ft.find_weights("124M", tmp_path / "weights")
    assert asked_for() == ft.OPENAI_FILES[:n] and names_in(tmp_path / "weights" / "124M") == sorted(asked_for())
    ft.find_weights("124M", tmp_path / "weights")
    assert asked_for() == ft.OPENAI_FILES and is_right(tmp_path / "weights", server_folder)


# ---- HF_ENDPOINT: a mirror of Hugging Face's hub ----


@pytest.fixture
def mirrored(server_folder, tmp_path, monkeypatch):
    """mirrored(url): the script as it is with HF_ENDPOINT=url in the environment, where OpenAI's server is down.
    mirrored.folder: what such a mirror serves."""
    def load(url):
        monkeypatch.setenv("HF_ENDPOINT", url)
        spec = importlib.util.spec_from_file_location("mirrored", SCRIPT)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        for name in ("MODELS", "KNOWN_SUMS", "PAUSES"):
            setattr(script, name, getattr(ft, name))
        script.OPENAI_URL = down.url + "/{size}/{file}"
        return script

    load.folder = tmp_path / "mirror"
    load.files = load.folder / "openai-community" / "gpt2" / "resolve" / "main"
    shutil.copytree(server_folder / "hub" / "gpt2", load.files)
    with answering(always=does(status, 503)) as down:
        yield load


RUN = ["--model", "124M", "--device", "cpu", "--dtype", "float32", "--limit", "12", "--epochs", "1",
       "--max-new-tokens", "2"]


def run_mirrored(script, tmp_path):
    (tmp_path / "weights" / "124M").mkdir(parents=True, exist_ok=True)
    script.main([*RUN, "--weights", str(tmp_path / "weights"), "--out", str(tmp_path / "out")])


@pytest.mark.parametrize("end", ["", "/"])
def test_a_mirror_is_asked_in_place_of_the_hub(mirrored, tmp_path, end):
    with serve(mirrored.folder.parent) as url:
        script = mirrored(url + "/mirror" + end)
        _, _, folder = script.load_model("124M", tmp_path / "weights")
        assert Handler.requested == [f"/mirror/openai-community/gpt2/resolve/main/{name}" for name in ft.HUB_FILES]
    assert names_in(folder) == sorted(ft.HUB_FILES)
    assert all((folder / name).read_bytes() == (mirrored.files / name).read_bytes() for name in ft.HUB_FILES)


def test_an_empty_address_is_no_mirror(mirrored):
    assert mirrored("").HUB_URL == "https://huggingface.co/openai-community/{name}/resolve/main/{file}"


@pytest.mark.parametrize("name", ft.HUB_FILES)
def test_a_mirror_that_lacks_a_file_is_not_helped_out(mirrored, tmp_path, name):
    (mirrored.files / name).unlink()
    with serve(mirrored.folder) as url:
        script = mirrored(url)
        with pytest.raises(script.DownloadError) as problem:
            script.load_model("124M", tmp_path / "weights")
    assert f"{url}/openai-community/gpt2/resolve/main/{name}" in str(problem.value) and "404" in str(problem.value)
    assert names_in(tmp_path / "weights" / "124M") == sorted(ft.HUB_FILES[: ft.HUB_FILES.index(name)])


def test_a_mirror_is_checked_like_the_others(mirrored, tmp_path):
    spoil(mirrored.files / "vocab.json", "altered")
    with serve(mirrored.folder) as url:
        script = mirrored(url)
        with pytest.raises(script.DownloadError, match="vocab.json.* does not have the SHA-256 sum"):
            script.load_model("124M", tmp_path / "weights")
    assert names_in(tmp_path / "weights" / "124M") == ["config.json"]


@pytest.mark.parametrize("odd", ["%7Bfile%7D", "%", "%s"])
def test_a_mirror_with_odd_letters_is_asked(mirrored, tmp_path, odd):
    with answering(always=does(status, 404)) as server, pytest.raises(SystemExit) as stop:
        run_mirrored(mirrored(f"{server.url}/{odd}"), tmp_path)
    assert stop.value.code.startswith("error: the weights of 124M") and len(stop.value.code.splitlines()) == 1
    path = "/openai-community/gpt2/resolve/main/config.json"
    assert {unquote(asked) for asked, _ in server.asked} == {f"/file/{unquote(odd)}{path}"}


@pytest.mark.parametrize("url", ["http://", "http://[", "https://:0/", "http://a b/", "http://%zz", "http://\udc80/",
                                 "http://127.0.0.1:99999", "ftp://127.0.0.1", "file:///etc", "127.0.0.1"])
def test_a_mirror_that_is_no_address_fails_in_one_line(mirrored, tmp_path, url):
    with pytest.raises(SystemExit) as stop:
        run_mirrored(mirrored(url), tmp_path)
    [line] = stop.value.code.splitlines()
    assert line.startswith("error: the weights of 124M are not in") and "config.json" in line
    assert not list((tmp_path / "weights" / "124M").iterdir())


def test_main_asks_the_mirror_once(mirrored, tmp_path):
    with serve(mirrored.folder) as url:
        script = mirrored(url)
        run_mirrored(script, tmp_path)
        assert asked_for() == ft.HUB_FILES
    run_mirrored(script, tmp_path)  # all is there: the mirror may be gone


# ---- Safety ----


def test_the_script_has_none_of_the_dangerous_calls():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"eval", "exec", "compile", "__import__", "pickle", "subprocess"}
    imported = {name.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))
                for name in node.names} | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & {"pickle", "subprocess", "marshal", "shelve", "runpy", "importlib", "ctypes"}
    loads = 0
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        assert "verify" not in keywords and "allow_pickle" not in keywords
        called = ast.unparse(call.func)
        assert called not in ("os.system", "os.popen", "np.load", "urllib3.disable_warnings")
        if called == "torch.load":
            assert keywords["weights_only"].value is True
            loads += 1
    assert loads


class Evil:
    """What a pickle can do when it is loaded."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


@pytest.mark.parametrize("name, arguments", [
    ("unfinished.pth", ["--resume"]), ("gpt2-tiny-sft.pth", ["--ask", "Is it safe?"])])
def test_what_a_run_has_saved_is_not_executed(small_weights, tmp_path, name, arguments):
    marker, file = tmp_path / "marker", tmp_path / "outputs" / name
    file.parent.mkdir()
    ft.torch.save({"settings": {}, "model": Evil(marker)}, file)
    content = file.read_bytes()
    _, err = run_here("--model", "tiny", "--device", "cpu", "--weights", small_weights, *arguments, cwd=tmp_path,
                      status=1)
    assert name in err and "cannot be read (UnpicklingError: " in err and len(err.splitlines()) == 1
    assert not marker.exists() and file.read_bytes() == content
    ft.torch.load(file, weights_only=False)
    assert marker.exists()  # it would have worked
