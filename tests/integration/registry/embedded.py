"""A platform of our own with its embedded registry, to be filled by skopeo."""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'web'), str(HERE.parents[1] / 'contract' / 'registry')]
from client import PATIENCE, Visitor  # noqa: E402
from registries import layout  # noqa: E402

TTOB = os.path.abspath(sys.argv[1])
DAY = 86400_000
MIB = 1 << 20


def wait_for(what, question, patience=3 * PATIENCE):
    until = time.monotonic() + patience
    while True:
        try:
            answer = question()
        except OSError:
            answer = None
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f'{what} did not happen')
        time.sleep(0.05)


def build_id():
    return ''.join(random.choices('abcdefghijklmnopqrstuvwxyz234567', k=20))


class Platform:
    def __init__(self, **settings):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='ttob-registry-'))
        self.folder.chmod(0o755)
        self.data = self.folder / 'data'
        self.data.mkdir()
        (self.folder / 'catalog').mkdir()
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        n = os.getpid() % 200
        self.environment = dict(
            os.environ, TTOB_WEB_CATALOG=str(self.folder / 'catalog'), TTOB_SANDBOX_POOL='0', TTOB_REGISTRY_COLLECT='0',
            TTOB_NETWORK_NAME=f'rk{os.getpid() % 100000}', TTOB_NETWORK_POOL=f'198.18.{n}.0/24', TTOB_SANDBOX_CGROUP=f'ttob-rk-{os.getpid()}',
            TTOB_BUILD_CGROUP=f'ttob-rkb-{os.getpid()}', **settings)
        self.count = 0
        self.process = None

    def start(self):
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen([TTOB, 'up', '--data', str(self.data), '--listen', f'127.0.0.1:{self.port}'], stdout=log, stderr=log,
                                            env=self.environment, start_new_session=True)
        wait_for('start of the platform', self.is_ready)
        with open(self.data / 'registry-auth.json') as f:
            self.host = next(iter(json.load(f)['auths']))

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError('ttob up ended: ' + self.log()[-3000:])
        return Visitor(f'http://127.0.0.1:{self.port}').get('/readyz')[0] == 200

    def log(self):
        return (self.folder / 'log').read_text(errors='replace')

    def stop(self, how=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
        self.process = None

    def children(self, words):
        """Processes of our data folder or below our `up` with these words in their line."""
        found = []
        for entry in pathlib.Path('/proc').iterdir():
            try:
                line = (entry / 'cmdline').read_bytes().replace(b'\0', b' ').decode(errors='replace') if entry.name.isdigit() else ''
            except OSError:
                continue
            if words in line and str(self.data) in line and line.startswith('docker-registry'):
                found.append(int(entry.name))
        return found

    def skopeo(self, *words):
        return subprocess.run(['skopeo', *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def shell(self):
        """A program that passes for a shell, and needs nothing else."""
        source, program = self.folder / 'shell.c', self.folder / 'shell'
        source.write_text('#include <unistd.h>\nint main(void) { char c; write(1, "$ ", 2); while (read(0, &c, 1) > 0) write(1, &c, 1); return 0; }\n')
        subprocess.run(['gcc', '-static', '-w', '-o', str(program), str(source)], check=True)
        return program.read_bytes()

    def push(self, name, size, shell=None):
        """Pushes an image of random bytes, and a shell when one is given; gives its digest."""
        self.count += 1
        source = layout(str(self.folder), f'image{self.count}', size, shell)
        digest_file = self.folder / f'digest{self.count}'
        while True:
            done = self.skopeo('copy', '--digestfile', str(digest_file), '--dest-authfile', str(self.data / 'registry-auth.json'),
                               '--dest-tls-verify=false', source, f'docker://{self.host}/{name}')
            if done.returncode == 0:
                return digest_file.read_text()
            if self.process is None:
                raise AssertionError(done.stdout)
            time.sleep(0.05)

    def pulls(self, name):
        """Whether the whole image comes, every byte of it checked."""
        target = tempfile.mkdtemp(dir=self.folder)
        done = self.skopeo('copy', '--src-authfile', str(self.data / 'registry-auth.json'), '--src-tls-verify=false',
                           f'docker://{self.host}/{name}', f'oci:{target}:image')
        shutil.rmtree(target)
        return done.returncode == 0

    def used(self):
        out = subprocess.run(['du', '-s', '-B1', str(self.data / 'registry' / 'storage')], check=True, stdout=subprocess.PIPE).stdout
        return int(out.split()[0])

    def database(self, *statements):
        with sqlite3.connect(self.data / 'web' / 'ttob.db', timeout=30) as db:
            for statement, values in statements:
                db.execute(statement, values)
        db.close()

    def project(self, name, digest=None, deleted=None, project_deleted=None):
        """A ready one of `keep`, with a version "1" of that digest."""
        now = int(time.time() * 1000)
        statements = [("INSERT INTO projects (owner, name, summary, category, license, ports, tags, smoke, source_kind, source, digest, state, network, popularity, search, "
                       "created_ms, updated_ms, deleted_ms) VALUES ('keep', ?, 's', 'fun', 'MIT', '', '', 'true', 'script', '{}', '', 'ready', 0, 0, '', ?, ?, ?)",
                       (name, now, now, now - project_deleted * DAY if project_deleted is not None else None))]
        if digest:
            statements.append(("INSERT INTO versions (project, label, reference, image, size, shell, created_ms, deleted_ms) "
                               "SELECT id, '1', ?, ?, 1, 1, ?, ? FROM projects WHERE owner = 'keep' AND name = ?",
                               (f'keep/{name}@{digest}', digest, now, now - deleted * DAY if deleted is not None else None, name)))
        self.database(*statements)
