import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nas_cli.data.download import Download, download
from nas_cli.errors import DataError

CONTENT = bytes(range(256)) * 4000


class Handler(http.server.BaseHTTPRequestHandler):
    ranges = True
    cut_first = 0
    asked: list[str | None] = []

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        Handler.asked.append(wanted)
        if self.path != "/file.bin":
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and Handler.ranges else 0
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if Handler.cut_first:
            body, Handler.cut_first = body[: Handler.cut_first], 0
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Handler.ranges, Handler.cut_first, Handler.asked = True, 0, []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/file.bin"
    server.shutdown()
    thread.join()
    server.server_close()


def item(*urls: str, content: bytes = CONTENT) -> Download:
    return Download("sub/file.bin", urls, hashlib.sha256(content).hexdigest(), len(CONTENT))


def test_download_reports_progress(url: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = download(item(url), tmp_path, lambda name, done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"]


def test_a_right_file_is_not_asked_for_again(url: str, tmp_path: Path) -> None:
    download(item(url), tmp_path)
    download(item(url), tmp_path)
    assert Handler.asked == [None]


def test_resume_behind_what_is_there(url: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file.bin.part").write_bytes(CONTENT[:1000])
    assert download(item(url), tmp_path).read_bytes() == CONTENT
    assert Handler.asked == ["bytes=1000-"]


def test_server_without_ranges_starts_over(url: str, tmp_path: Path) -> None:
    Handler.ranges = False
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file.bin.part").write_bytes(b"x" * 1000)
    assert download(item(url), tmp_path).read_bytes() == CONTENT


def test_broken_connection_is_picked_up(url: str, tmp_path: Path) -> None:
    Handler.cut_first = 5000
    assert download(item(url), tmp_path).read_bytes() == CONTENT
    assert Handler.asked == [None, "bytes=5000-"]


def test_wrong_checksum_discards_the_file(url: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="checksum"):
        download(item(url, content=b"other"), tmp_path)
    assert list((tmp_path / "sub").iterdir()) == []


def test_next_mirror_is_tried(url: str, tmp_path: Path) -> None:
    assert download(item(url + "x", url), tmp_path).read_bytes() == CONTENT


def test_every_reason_is_in_one_line(url: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"404.*refused") as error:
        download(item(url + "x", "http://127.0.0.1:9/file.bin"), tmp_path)
    assert "\n" not in str(error.value)


def test_only_web_addresses(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="only http"):
        download(item((tmp_path / "local").as_uri()), tmp_path)


def test_folder_that_cannot_be_made(url: str, tmp_path: Path) -> None:
    (tmp_path / "sub").write_text("a file in the way")
    with pytest.raises(DataError, match="cannot write"):
        download(item(url), tmp_path)
