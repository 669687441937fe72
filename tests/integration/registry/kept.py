#!/usr/bin/env python3
"""The embedded registry is looked after: what nothing needs gives its space back, what is pushed meanwhile stays, a kill in the middle
   leaves a registry that works, and while it is away builds wait.   kept.py TTOB [TEST]…   (as root)"""
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
import threading
import time
import unittest

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
    def __init__(self):
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
            TTOB_BUILD_CGROUP=f'ttob-rkb-{os.getpid()}')
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

    def push(self, name, size):
        """Pushes an image of random bytes; gives its digest."""
        self.count += 1
        source = layout(str(self.folder), f'image{self.count}', size)
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
        now = int(time.time() * 1000)
        statements = [("INSERT INTO projects (owner, name, summary, category, license, ports, tags, smoke, source_kind, source, digest, state, network, popularity, search, "
                       "created_ms, updated_ms, deleted_ms) VALUES ('keep', ?, 's', 'fun', 'MIT', '', '', 'true', 'script', '{}', '', 'ready', 0, 0, '', ?, ?, ?)",
                       (name, now, now, now - project_deleted * DAY if project_deleted is not None else None))]
        if digest:
            statements.append(("INSERT INTO versions (project, label, reference, image, size, shell, created_ms, deleted_ms) "
                               "SELECT id, '1', ?, ?, 1, 1, ?, ? FROM projects WHERE owner = 'keep' AND name = ?",
                               (f'keep/{name}@{digest}', digest, now, now - deleted * DAY if deleted is not None else None, name)))
        self.database(*statements)


class Kept(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = Platform()
        cls.platform.start()
        subprocess.run([TTOB, 'admin', 'add', 'keeper', '--password-stdin', '--data', str(cls.platform.data)], check=True, input=b'seven green kettles\n')
        cls.sign_in()

    @classmethod
    def sign_in(cls):
        cls.admin = Visitor(f'http://127.0.0.1:{cls.platform.port}')
        assert cls.admin.post('/api/v1/session', {'login': 'keeper', 'password': 'seven green kettles'})[0] == 200

    @classmethod
    def tearDownClass(cls):
        cls.platform.stop()
        if os.environ.get('TTOB_TEST_LOG'):
            print(cls.platform.log())
        shutil.rmtree(cls.platform.folder)

    def registry(self):
        status, answer, _ = self.admin.get('/api/v1/admin/registry')
        self.assertEqual(status, 200)
        return answer

    def collect(self):
        status, answer, _ = self.admin.post('/api/v1/admin/registry/gc')
        self.assertEqual(status, 202, answer)

    def wait_for_collection(self):
        wait_for('end of the collection', lambda: not self.registry()['gc']['running'])
        return self.registry()

    def test_1_what_nothing_needs_gives_its_space_back(self):
        platform = self.platform
        names = {what: f'keep/{what}:b{build_id()}' for what in ('current', 'undone', 'over', 'gone', 'lost')}
        digests = {what: platform.push(name, 4 * MIB) for what, name in names.items()}
        platform.push('keep/current:stable', MIB)  # somebody's own tag
        platform.project('current', digests['current'])
        platform.project('undone', digests['undone'], project_deleted=2)
        platform.project('over', digests['over'], deleted=8)
        platform.project('gone', digests['gone'], project_deleted=8)
        before = platform.used()
        pushed = []
        pusher = threading.Thread(target=lambda: pushed.append(platform.push('keep/meanwhile:mine', 8 * MIB)))
        self.collect()
        pusher.start()
        after_gc = self.wait_for_collection()
        pusher.join()
        self.assertTrue(pushed)
        self.assertTrue(platform.pulls('keep/meanwhile:mine'))
        for what in ('current', 'undone'):
            self.assertTrue(platform.pulls(names[what]), what)
        self.assertTrue(platform.pulls('keep/current:stable'))
        for what in ('over', 'gone', 'lost'):
            self.assertFalse(platform.pulls(names[what]), what)
        self.assertGreater(after_gc['gc']['freed_bytes'], 11 * MIB)
        self.assertLess(platform.used(), before + 9 * MIB - 11 * MIB)
        self.assertIsNone(after_gc['problem'])

    def test_2_numbers_are_told(self):
        answer = wait_for('count', lambda: (lambda a: a if a['tags'] else None)(self.registry()))
        self.assertTrue(answer['embedded'] and answer['up'])
        self.assertGreater(answer['disk']['total'], answer['disk']['free'])
        self.assertEqual(len(answer['growth']), 1)
        status, page, _ = self.admin.get('/api/v1/admin/registry/repositories?q=current')
        self.assertEqual((status, page['total'], page['items'][0]['name'], page['items'][0]['project']), (200, 1, 'keep/current', 'keep/current'))
        self.assertGreater(page['items'][0]['bytes'], 5 * MIB)
        self.assertEqual(Visitor(f'http://127.0.0.1:{self.platform.port}').get('/api/v1/admin/registry')[0], 401)

    def test_3_a_kill_in_the_middle_harms_nothing(self):
        platform = self.platform
        kept = platform.push('keep/kill:mine', 2 * MIB)
        for _ in range(6):
            platform.push(f'keep/kill:b{build_id()}', MIB)
        self.collect()
        wait_for('collection', lambda: platform.children('garbage-collect') or not self.registry()['gc']['running'])
        platform.stop(signal.SIGKILL)
        wait_for('end of the registry', lambda: not platform.children(''))
        platform.start()
        self.sign_in()
        self.assertTrue(platform.pulls(f'keep/kill@{kept}'))
        self.assertTrue(platform.push('keep/kill:again', MIB))
        self.assertTrue(platform.pulls('keep/kill:again'))
        self.collect()
        self.assertIsNone(self.wait_for_collection()['problem'])
        self.assertTrue(platform.pulls(f'keep/kill@{kept}') and platform.pulls('keep/kill:again'))

    def test_4_builds_wait_for_a_registry_that_is_away(self):
        platform, status = self.platform, lambda: self.admin.get('/api/v1/status')[1]['registry']
        self.assertEqual(status(), 'up')
        pid = platform.children('serve')[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for('loss of the registry', lambda: status() == 'down')
            self.assertEqual(self.admin.get('/readyz')[0], 200)
            build = build_id()
            platform.database(("INSERT INTO builds (id, project, open_project, state, priority, created_ms) SELECT ?, id, id, 'queued', 9, 1 FROM projects "
                               "WHERE owner = 'keep' AND name = 'current'", (build,)))
            time.sleep(4)  # longer than the queue is looked at
            answer = self.admin.get(f'/api/v1/builds/{build}')[1]
            self.assertEqual((answer['state'], answer['waiting_for']), ('queued', 'registry'))
            self.assertEqual(self.admin.post('/api/v1/admin/registry/gc')[0], 503)
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_for('return of the registry', lambda: status() == 'up')
        wait_for('start of the build', lambda: self.admin.get(f'/api/v1/builds/{build}')[1]['state'] != 'queued')
        # Killed, it is started again.
        os.kill(platform.children('serve')[0], signal.SIGKILL)
        wait_for('another registry', lambda: platform.children('serve') not in ([], [pid]))
        wait_for('return of the registry', lambda: status() == 'up' and platform.push('keep/late:mine', 1000))


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
