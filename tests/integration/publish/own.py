"""A platform of one's own for tests and benchmarks that publish: `ttob up` on a free port, with names that no other platform on this machine
has, people who are signed in already, and a small base image in its registry."""
import base64
import contextlib
import hashlib
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'web')]
import small_base  # noqa: E402
from client import PATIENCE, Visitor  # noqa: E402

BASE = 'small/base:1'
BUILD_IDS = 0xd0000000 + os.getpid() % 700 * 16 * 65536
SANDBOX_IDS, SANDBOX_RANGES = 0x98000000 + os.getpid() % 128 * 64 * 65536, 64


def wait_for(what, question, patience=3 * PATIENCE):
    until = time.monotonic() + patience
    while True:
        try:
            answer = question()
        except (OSError, EOFError, ConnectionError):
            answer = None
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f'{what} did not happen')
        time.sleep(0.05)


def processes():
    """{pid: (parent, command line, first user id)}"""
    found = {}
    for entry in pathlib.Path('/proc').iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / 'cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace')
                status = (entry / 'status').read_text()
            except OSError:
                continue
            if '\nState:\tZ' not in status:  # nobody reaps what an `up` leaves when it is killed, in some containers
                parent, user = (int(status.split(f'\n{what}:')[1].split()[0]) for what in ('PPid', 'Uid'))
                found[int(entry.name)] = (parent, line, user)
    return found


def token_hash(token):
    return hashlib.blake2b(base64.urlsafe_b64decode(token + '='), digest_size=32).hexdigest()


class Platform:
    def __init__(self, ttob, **settings):
        self.ttob = os.path.abspath(ttob)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='ttob-publish-', dir='/var/tmp'))
        self.folder.chmod(0o755)
        self.data = self.folder / 'data'
        self.data.mkdir()
        (self.folder / 'catalog').mkdir()
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        self.url = f'http://127.0.0.1:{self.port}'
        self.name = f'p{os.getpid()}'
        self.sandbox_cgroup, self.build_cgroup = f'ttob-{self.name}', f'ttob-build-{self.name}'
        self.environment = dict(
            os.environ, TTOB_WEB_CATALOG=str(self.folder / 'catalog'), TTOB_SANDBOX_POOL='0', TTOB_NETWORK_NAME=self.name[-8:],
            TTOB_NETWORK_POOL=f'198.19.{os.getpid() % 60}.0/24', TTOB_SANDBOX_CGROUP=self.sandbox_cgroup, TTOB_BUILD_CGROUP=self.build_cgroup,
            TTOB_BUILD_IDS=str(BUILD_IDS), TTOB_SANDBOX_ID_BASE=str(SANDBOX_IDS), TTOB_SANDBOX_ID_RANGES=str(SANDBOX_RANGES), TTOB_SANDBOX_MOST='32',
            **{'TTOB_' + name: str(value) for name, value in settings.items()})
        self.process = None
        self.host = None

    # ---- life

    def begin(self):
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen([self.ttob, 'up', '--data', str(self.data), '--listen', f'127.0.0.1:{self.port}'], stdout=log, stderr=log,
                                            env=self.environment, start_new_session=True)

    def start(self):
        self.begin()
        wait_for('start of the platform', self.is_ready)
        self.host = next(iter(json.loads((self.data / 'registry-auth.json').read_text())['auths']))

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError('ttob up ended: ' + self.log()[-3000:])
        return Visitor(self.url).get('/readyz')[0] == 200

    def log(self):
        return (self.folder / 'log').read_text(errors='replace')

    def child(self, words):
        """The process that `ttob up` runs with these words in its line; None: it doesn't just now."""
        for pid, (parent, line, _) in processes().items():
            if parent == self.process.pid and words in line:
                return pid
        return None

    def kill_up(self):
        """Its children end with it or, as after a power cut of theirs, are ended too."""
        children = [pid for pid, (parent, _, _) in processes().items() if parent == self.process.pid]
        self.process.kill()
        self.process.wait()
        return children

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)
        self.process = None

    def remove(self):
        self.stop()
        for tree in [pathlib.Path('/sys/fs/cgroup'), *pathlib.Path('/sys/fs/cgroup').iterdir()]:
            for name in (self.sandbox_cgroup, self.build_cgroup):
                with contextlib.suppress(OSError):
                    (tree / name).rmdir()
        if os.environ.get('TTOB_TEST_KEEP'):
            print('kept:', self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def run_folder(self):
        """As cli/folders.c names it."""
        h = 2166136261
        for byte in str(self.data).encode():
            h = ((h ^ byte) * 16777619) & 0xffffffff
        return pathlib.Path(f'/run/ttob-{h:08x}')

    # ---- what is in it

    def copy(self, *words):
        subprocess.run(['skopeo', 'copy', '--quiet', *words], check=True)

    def bring_base(self):
        layout = small_base.make(str(self.folder / 'base'))
        self.copy('--dest-authfile', str(self.data / 'registry-auth.json'), '--dest-tls-verify=false', layout, f'docker://{self.host}/{BASE}')

    def database(self):
        return sqlite3.connect(self.data / 'web' / 'ttob.db', timeout=60)

    def rows(self, question, *values):
        database = self.database()
        try:
            return database.execute(question, values).fetchall()
        finally:
            database.close()

    def people(self, names):
        """Adds accounts; gives {name: session cookie}. What an account needs besides is tested elsewhere."""
        now, tokens = int(time.time() * 1000), {name: secrets.token_urlsafe(32) for name in names}
        database = self.database()
        with database:
            for name in names:
                person = secrets.token_hex(10)
                user = database.execute("INSERT INTO users (person, username, role, state, display_name, bio, created_ms, seen_ms) VALUES (?, ?, 'user', 'active', ?, "
                                        "'', ?, ?)", (person, name, name, now, now)).lastrowid
                database.execute('INSERT INTO sessions (token_hash, id, person, user, created_ms, seen_ms, expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
                                 (token_hash(tokens[name]), person, person, user, now, now, now + 86400000))
        database.close()
        return tokens

    def visitor(self, token):
        visitor = Visitor(self.url)
        visitor.cookie = token
        return visitor
