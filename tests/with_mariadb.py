#!/usr/bin/env python3
"""Runs a program beside a MariaDB server of its own: with_mariadb.py PROGRAM ARGUMENT…

The server lives in a temporary folder and listens on a socket there, named by TTOB_TEST_MARIADB, where "root" needs no password. When it
ends (a test may shut it down or kill it), it is started again. It and its folder go when the program ends, however that happens.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

PR_SET_PDEATHSIG = 1
START_SECONDS = 60


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def find(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        sys.exit(f"{program} is missing: scripts/setup test installs it")
    return path


class Server:
    def __init__(self, folder):
        self.folder = folder
        self.socket = f"{folder}/socket"
        self.log = open(f"{folder}/log", "ab")
        self.process = None
        self.ending = False
        user = ["--user=root"] if os.geteuid() == 0 else []
        self.common = ["--no-defaults", f"--datadir={folder}/data", *user]
        self.install()

    def install(self):
        subprocess.run([find("mariadb-install-db"), *self.common, "--auth-root-authentication-method=normal", "--skip-test-db"],
                       check=True, stdout=self.log, stderr=self.log)

    def start(self):
        # It need not outlive the machine, so it need not wait for the disk.
        quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-buffer-pool-size=48M",
                 "--innodb-log-file-size=8M", "--innodb-doublewrite=0", "--performance-schema=OFF", "--skip-log-bin"]
        self.process = subprocess.Popen([find("mariadbd"), *self.common, *quick, f"--socket={self.socket}", "--skip-networking",
                                         f"--pid-file={self.folder}/pid", f"--tmpdir={self.folder}"],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=die_with_parent)

    def wait_until_it_answers(self):
        ping = [find("mariadb-admin"), "--no-defaults", f"--socket={self.socket}", "--user=root", "ping"]
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run(ping, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as log:
                    sys.stderr.write(log.read()[-4000:])
                sys.exit("mariadbd does not start")
            time.sleep(0.05)

    def keep_running(self):
        while True:
            self.process.wait()
            if self.ending:
                return
            self.start()

    def end(self):
        self.ending = True
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.log.close()


def run(command):
    folder = tempfile.mkdtemp(prefix="ttob-mariadb-")
    server = None
    try:
        server = Server(folder)
        server.start()
        server.wait_until_it_answers()
        keeper = threading.Thread(target=server.keep_running, daemon=True)
        keeper.start()
        program = subprocess.Popen(command, env={**os.environ, "TTOB_TEST_MARIADB": server.socket})
        try:
            return program.wait()
        finally:
            if program.poll() is None:
                program.kill()
                program.wait()
    finally:
        if server is not None:
            server.end()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: with_mariadb.py PROGRAM ARGUMENT…")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    status = run(sys.argv[1:])
    sys.exit(status if status >= 0 else 128 - status)


main()
