#!/usr/bin/env python3
"""Publishing while parts of the platform are killed: builds, agent, web, registry, `ttob up` itself. Whatever was accepted ends ready or failed
for its own reason, once; nothing is left behind.
   crash_publish.py TTOB      (as root; TTOB_TEST_CRASHES rounds, 8 by default; TTOB_TEST_SEED)"""
import json
import os
import pathlib
import random
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from own import BASE, BUILD_IDS, Platform, SANDBOX_IDS, SANDBOX_RANGES, processes, wait_for  # noqa: E402

ROUNDS = int(os.environ.get('TTOB_TEST_CRASHES', '8'))
SEED = int(os.environ.get('TTOB_TEST_SEED', str(random.SystemRandom().randrange(1 << 32))))
AUTHORS = ('ann', 'bob', 'eve')
TARGETS = ('build', 'agent', 'web', 'registry', 'up')
FAILING = 5  # one of so many fails for a reason of its own
PATIENCE = 300
MOST_WAITING = 4


class Author(threading.Thread):
    """Publishes one project after the other, and tries again when the platform does not answer, as a person would."""

    def __init__(self, platform, name, token, seed):
        super().__init__(daemon=True)
        self.platform, self.name_, self.visitor, self.random = platform, name, platform.visitor(token), random.Random(seed)
        self.stop = threading.Event()
        self.accepted = {}  # project → whether it is to be ready
        self.refused = []

    def form(self, name, good):
        # Long enough to be hit, in every part of it.
        script = f'echo {name} > /opt/name\ndd if=/dev/urandom of=/opt/data bs=1024 count={self.random.randrange(1, 4000)}\nsleep 0.{self.random.randrange(1, 9)}\n'
        return {'name': name, 'summary': 'Crashes', 'category': 'fun', 'source': {'kind': 'script', 'base': BASE, 'script': script + ('' if good else 'exit 9\n')},
                'smoke': 'cat /opt/name'}

    def publish(self, name, good):
        form, tries = self.form(name, good), 0
        while True:
            tries += 1
            try:
                status, answer, _ = self.visitor.post('/api/v1/projects', form)
            except (OSError, EOFError, ValueError, ConnectionError):
                status = 0
            except Exception as error:  # http.client's own: half an answer
                status = 0 if type(error).__module__ == 'http.client' else self.refused.append(repr(error)) or -1
            if status == 202 or (status == 409 and tries > 1 and answer.get('code') == 'name_taken'):
                self.accepted[name] = good
                return
            if status not in (0, 503, 429):
                self.refused.append((name, status, answer))
                return
            if self.stop.wait(0.2):
                return

    def run(self):
        n = 0
        while not self.stop.is_set():
            self.publish(f'c{n}', n % FAILING != FAILING - 1)
            n += 1
            self.stop.wait(self.random.uniform(0.5, 2))
            # Enough to do for those who build, and an end to it in sight.
            while not self.stop.is_set() and self.platform.rows("SELECT COUNT(*) FROM builds WHERE state = 'queued'")[0][0] > MOST_WAITING:
                self.stop.wait(0.5)


class Crashes(unittest.TestCase):
    def setUp(self):
        print(f'{ROUNDS} rounds; TTOB_TEST_SEED={SEED}', flush=True)
        self.random = random.Random(SEED)
        self.platform = Platform(sys.argv[1], LIMIT_BUILDS=0, LIMIT_PROJECTS=0, LIMIT_QUEUED=0, BUILD_PARALLEL=2, BUILD_WORKERS=2, REGISTRY_COLLECT=0)
        self.addCleanup(self.platform.remove)
        self.platform.start()
        self.platform.bring_base()
        tokens = self.platform.people(AUTHORS)
        self.authors = [Author(self.platform, name, token, f'{SEED} {name}') for name, token in tokens.items()]
        self.hits = dict.fromkeys(TARGETS, 0)
        self.moments = []  # when builds were hit, milliseconds

    # ---- what is killed

    def builders(self):
        """Processes of builds, whose users are those of builds."""
        return [pid for pid, (_, _, user) in processes().items() if BUILD_IDS <= user < BUILD_IDS + 16 * 65536]

    def victim(self, target):
        if target == 'up':
            return self.platform.process.pid
        if target == 'build':
            found = self.builders()
            return self.random.choice(found) if found else None
        return self.platform.child({'agent': 'ttob-agent', 'web': 'ttob web', 'registry': 'docker-registry serve'}[target])

    def kill(self, target):
        pid = self.victim(target)
        if pid is None:
            return False
        if target == 'build':
            self.moments.append(int(time.time() * 1000))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        if target == 'up':
            self.platform.process.wait()
            time.sleep(self.random.uniform(0, 0.5))
            self.platform.begin()
        self.hits[target] += 1
        return True

    def round(self, number):
        target = self.random.choice(TARGETS)
        # Something ends between two deaths, on a slow machine too: who is hit again and again is given up (BUILD_ATTEMPTS_MAX), and rightly.
        ended = self.ended_builds()
        self.wait_a_while(lambda: self.ended_builds() > ended)
        time.sleep(self.random.uniform(0, 2.5))
        until = time.monotonic() + 10
        while not self.kill(target) and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(self.random.uniform(0, 0.5))
        wait_for(f'return after {target} was killed', self.platform.is_ready, PATIENCE)

    @staticmethod
    def wait_a_while(question):
        until = time.monotonic() + 20
        while not question() and time.monotonic() < until:
            time.sleep(0.05)

    # ---- what must hold

    def ended_builds(self):
        return self.platform.rows("SELECT COUNT(*) FROM builds WHERE state NOT IN ('queued', 'running')")[0][0]

    def open_builds(self):
        return self.platform.rows("SELECT COUNT(*) FROM builds WHERE state IN ('queued', 'running')")[0][0]

    def check_projects(self):
        """A build one of whose processes was killed may fail, with whatever reason it can give; all others end as they were sent."""
        rows = self.platform.rows('SELECT p.owner, p.name, p.state, p.current_version, b.id, b.state, b.error, b.attempts, b.started_ms, b.ended_ms FROM projects p JOIN builds b ON b.project = p.id')
        found = {}
        for owner, name, *rest in rows:
            self.assertNotIn((owner, name), found, 'built twice')
            found[owner, name] = rest
        accepted = {(author.name_, name): good for author in self.authors for name, good in author.accepted.items()}
        for author in self.authors:
            self.assertEqual(author.refused, [])
        self.assertEqual(set(accepted) - set(found), set(), 'lost')
        killed = 0
        for key, good in accepted.items():
            state, version, _, build_state, error, _, started, ended = found[key]
            story = (key, found[key])
            if build_state == 'failed' and any(started <= moment <= ended for moment in self.moments):
                killed += good
                continue
            self.assertEqual(build_state, 'succeeded' if good else 'failed', story)
            self.assertEqual(state, 'ready' if good else 'failed', story)
            self.assertEqual(version is not None, good, story)
            if not good:
                self.assertIn('exit', error, story)
        self.assertLessEqual(killed, self.hits['build'], 'more builds were killed than were hit')
        print(f"{len(accepted)} projects: {sum(row[0] == 'ready' for row in found.values())} ready, {killed} whose build was killed; hits {self.hits}; "
              f"again {sum(row[5] > 1 for row in found.values())}", flush=True)
        self.assertEqual(self.platform.rows('SELECT COUNT(*) FROM versions')[0][0], sum(row[1] is not None for row in found.values()))

    def check_registry(self):
        """Every version can be pulled, every byte of it checked."""
        for (reference,) in self.platform.rows('SELECT reference FROM versions'):
            target = self.platform.folder / 'pulled'
            self.platform.copy('--src-authfile', str(self.platform.data / 'registry-auth.json'), '--src-tls-verify=false',
                               f'docker://{self.platform.host}/{reference}', f'dir:{target}')

    def left(self):
        run = self.platform.run_folder()
        data, found = str(self.platform.data), {}
        with open('/proc/self/mountinfo') as mounts:
            found['mounts'] = [line for line in mounts if data in line or str(run) in line]
        found['processes'] = [line for pid, (_, line, user) in processes().items()
                              if BUILD_IDS <= user < BUILD_IDS + 16 * 65536 or SANDBOX_IDS <= user < SANDBOX_IDS + SANDBOX_RANGES * 65536]
        found['loops'] = [str(path) for path in pathlib.Path('/sys/block').glob('loop*/loop/backing_file') if data in path.read_text()]
        found['cgroups'] = [str(path) for tree in [pathlib.Path('/sys/fs/cgroup'), *pathlib.Path('/sys/fs/cgroup').iterdir()]
                            for name in (self.platform.sandbox_cgroup, self.platform.build_cgroup) for path in (tree / name).glob('*/')]
        found['links'] = [name for name in os.listdir('/sys/class/net') if name.startswith(self.platform.environment['TTOB_NETWORK_NAME'] + '-')]
        agent = self.platform.data / 'agent'
        found['files'] = [str(path) for pattern in ('build/*', 'build/bases/*.new', 'tmp/*', 'trash/*', 'base/*') for path in agent.glob(pattern)
                          if path.name != 'bases']
        found['run'] = [str(path) for pattern in ('build/jobs/*', 'build/states/*', 'build/work/*', 'sandboxes/*') for path in run.glob(pattern)]
        found['web'] = [str(path) for path in (self.platform.data / 'web').glob('spool-*')]
        return {name: items for name, items in found.items() if items}

    def test_nothing_is_lost(self):
        for author in self.authors:
            author.start()
        for number in range(ROUNDS):
            self.round(number)
        for author in self.authors:
            author.stop.set()
        for author in self.authors:
            author.join()
        wait_for('end of all builds', lambda: self.open_builds() == 0, PATIENCE)
        self.check_projects()
        self.platform.host = next(iter(json.loads((self.platform.data / 'registry-auth.json').read_text())['auths']))
        self.check_registry()
        try:
            wait_for('nothing left while it runs', lambda: self.left() == {}, 20)
        except AssertionError:
            self.assertEqual(self.left(), {})
        self.platform.stop()
        self.assertEqual(self.left(), {})


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
