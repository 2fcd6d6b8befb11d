"""What a model file weighs once it is compressed for the way to a device."""

import gzip
import io
import json
import zipfile
from pathlib import Path

LEVEL = 9
NO_DATE = (1980, 1, 1, 0, 0, 0)
METADATA, DATE = "metadata.json", "date_saved"


def compressed_bytes(path: Path) -> int:
    """The size of the file under gzip at its highest level, without a name or time in the header.

    A .keras file is an archive that says when it was saved, so that two files of one model would differ: it is packed
    anew without its dates first.
    """
    data = path.read_bytes()
    return len(gzip.compress(_undated(data) if path.suffix == ".keras" else data, LEVEL, mtime=0))


def _undated(archive: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as given, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as made:
        for name in sorted(given.namelist()):
            content = given.read(name)
            made.writestr(zipfile.ZipInfo(name, NO_DATE), _without_date(content) if name == METADATA else content)
    return buffer.getvalue()


def _without_date(metadata: bytes) -> bytes:
    kept = {key: value for key, value in json.loads(metadata).items() if key != DATE}
    return json.dumps(kept).encode()
