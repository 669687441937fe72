#!/usr/bin/env python3
"""The embedded registry is looked after: what nothing needs gives its space back, what is pushed meanwhile stays, a kill in the middle
   leaves a registry that works, and while it is away builds wait.   kept.py TTOB [TEST]…   (as root)"""
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

from embedded import MIB, TTOB, Platform, Visitor, build_id, wait_for


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

    def try_it(self):
        """A guest presses Try; gives the guest and the sandbox once it runs."""
        guest = Visitor(f'http://127.0.0.1:{self.platform.port}')
        status, sandbox, _ = guest.post('/api/v1/sandboxes', {'project': 'keep/shell'})
        self.assertIn(status, (201, 202), sandbox)
        until_running = lambda: (lambda now: now if now['state'] in ('running', 'ended') else None)(guest.get(f"/api/v1/sandboxes/{sandbox['id']}")[1])
        return guest, wait_for('start of a sandbox', until_running)

    def test_5_tries_go_on_while_the_registry_hangs_or_is_gone(self):
        platform, status = self.platform, lambda: self.admin.get('/api/v1/status')[1]['registry']
        digest = platform.push(f'keep/shell:b{build_id()}', 1000, platform.shell())
        platform.project('shell', digest)
        platform.database(("UPDATE projects SET current_version = (SELECT MIN(id) FROM versions v WHERE v.project = projects.id) WHERE name = 'shell'", ()))
        wait_for('the registry', lambda: status() == 'up')
        first, sandbox = self.try_it()
        self.assertEqual(sandbox['state'], 'running', sandbox)
        pid = platform.children('serve')[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            # At once, before anybody knows; and when it is known.
            others = [self.try_it()]
            wait_for('loss of the registry', lambda: status() == 'down')
            others.append(self.try_it())
            for guest, other in others:
                self.assertEqual(other['state'], 'running', other)
                self.assertEqual(guest.delete(f"/api/v1/sandboxes/{other['id']}")[0], 204)
            self.assertEqual(first.get(f"/api/v1/sandboxes/{sandbox['id']}")[1]['state'], 'running')
            # Those who look after it see it.
            told = self.admin.get('/api/v1/admin/overview')[1]['registry']
            self.assertFalse(told['up'])
            self.assertIn('registry', told['problem'])
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_for('return of the registry', lambda: self.admin.get('/api/v1/admin/overview')[1]['registry']['up'])
        self.assertIsNone(self.registry()['problem'])


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
