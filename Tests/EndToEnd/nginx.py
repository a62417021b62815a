"""nginx before the gateway, as its users leave it: `proxy_pass` alone, so HTTP/1.0 to us, and buffering on."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from gateway import ended, free_port
from provider import PATIENCE
from wire import Connection

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

# What is not about folders and ports is Debian's own nginx.conf.
CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    sendfile on; tcp_nopush on; gzip on; access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{upstream}; }} }}
}}
"""


class Nginx:
    """One before the gateway at `upstream`, which can be ended and started again."""

    def __init__(self, upstream: int) -> None:
        self.port = free_port()
        self._kept, self._running = ExitStack(), ExitStack()
        self._folder = self._kept.enter_context(tempfile.TemporaryDirectory())
        self._file = Path(self._folder) / "nginx.conf"
        self._file.write_text(CONFIGURATION.format(folder=self._folder, port=self.port, upstream=upstream))

    def start(self) -> None:
        command = [str(NGINX), "-c", str(self._file), "-p", self._folder]
        self._process = self._running.enter_context(ended(subprocess.Popen(command)))
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return Connection(self.port).close()
            except ConnectionRefusedError:
                assert time.monotonic() < end
                time.sleep(0.02)

    def stop(self) -> None:
        """As `systemctl stop` in the end does: its connections are closed."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._running.close()

    def __enter__(self) -> Nginx:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()
        self._kept.close()
