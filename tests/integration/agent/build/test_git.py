#!/usr/bin/env python3
"""git.fetch against a real git server on a public address: the test has a network namespace of its own, with a small world behind it."""
import io
import os
import shutil
import signal
import tarfile
import tempfile
import time
import unittest

from git_server import serve
from harness import NOTHING, World, main
from outside import HOST, PUBLIC, Outside, make_certificate, run

LIMITS = {'memory': 256 << 20, 'disk': 64 << 20, 'seconds': 60}


def make_repository(root):
    work = root + '/work'
    os.makedirs(work)

    def git(*words):
        return run('git', '-C', work, '-c', 'user.name=T', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main', *words)

    def put(name, text):
        os.makedirs(os.path.dirname(f'{work}/{name}') or work, exist_ok=True)
        with open(f'{work}/{name}', 'w') as f:
            f.write(text)

    git('init', '-q')
    put('README.md', '# Demo\n')
    put('.gitattributes', 'tests export-ignore\nversion export-subst\n')
    put('tests/one', 'kept\n')
    put('version', '$Format:%H$\n')
    os.symlink('/etc/passwd', work + '/link')
    put('.git/hooks/post-checkout', '#!/bin/sh\ntouch /tmp/hooked\n')
    git('add', '-A')
    git('commit', '-qm', 'one')
    first = git('rev-parse', 'HEAD')
    git('tag', '-a', 'v1', '-m', 'v1')
    git('checkout', '-qb', 'topic/한글')
    put('topic', 'x\n')
    git('add', '-A')
    git('commit', '-qm', 'two')
    second = git('rev-parse', 'HEAD')
    git('checkout', '-q', 'main')
    run('git', 'clone', '-q', '--bare', work, root + '/demo.git')
    run('git', '-C', root + '/demo.git', 'config', 'uploadpack.allowAnySHA1InWant', 'true')
    shutil.rmtree(work)
    os.makedirs(work)
    git('init', '-q')
    with open(work + '/big', 'wb') as f:
        f.write(os.urandom(100 << 20))
    git('add', '-A')
    git('commit', '-qm', 'big')
    run('git', 'clone', '-q', '--bare', work, root + '/big.git')
    shutil.rmtree(work)
    return first, second


def gone(left):
    """What is left after a moment: who was adopted by the machine's process 1 waits for it."""
    for _ in range(100):
        if left() == NOTHING:
            break
        time.sleep(0.05)
    return left()


class Git(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='ttob-git-', dir='/var/tmp')
        os.chmod(cls.folder, 0o755)
        cls.first, cls.second = make_repository(cls.folder)
        make_certificate(cls.folder)
        cls.outside = Outside(lambda serving: serve(cls.folder, serving))
        cls.world = World(BUILD_CA_FILE=cls.folder + '/ca.pem', NETWORK_RESOLVERS=PUBLIC)
        cls.client = cls.world.up()

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.world.remove()
        cls.outside.end()
        shutil.rmtree(cls.folder)

    def tearDown(self):
        self.assertEqual(gone(self.world.left), NOTHING)

    count = 0

    def ask(self, url, ref=None, **limits):
        Git.count += 1
        more = {} if ref is None else {'ref': ref}
        return self.client.ask('git.fetch', fetch=f'f{Git.count}', url=url, limits={**LIMITS, **limits}, **more)

    def ended(self):
        while True:
            for event in self.client.events:
                if event['event'] == 'git.ended' and event['fetch'] == f'f{Git.count}':
                    self.client.events.remove(event)
                    return event
            self.client.receive()

    def fetch(self, path, ref=None, **limits):
        answer = self.ask(f'https://{PUBLIC}{path}', ref, **limits)
        self.assertNotIn('error', answer)
        with os.fdopen(answer['fds'][0], 'rb') as f:
            data = f.read()
        return self.ended(), data

    def names(self, data):
        return sorted(member.name for member in tarfile.open(fileobj=io.BytesIO(data)))

    def test_default_branch(self):
        event, data = self.fetch('/demo.git')
        self.assertEqual((event['state'], event['commit'], event['error']), ('succeeded', self.first, None))
        self.assertEqual(self.names(data), ['.gitattributes', 'README.md', 'link', 'tests', 'tests/one', 'version'])
        tar = tarfile.open(fileobj=io.BytesIO(data))
        self.assertEqual(tar.extractfile('version').read(), b'$Format:%H$\n')  # as it stands in the repository
        self.assertTrue(tar.getmember('link').issym())

    def test_branch_tag_and_commit(self):
        for ref, commit in (('topic/한글', self.second), ('v1', self.first), (self.second, self.second), ('refs/heads/main', self.first)):
            event, data = self.fetch('/demo.git', ref)
            self.assertEqual((event['state'], event['commit']), ('succeeded', commit), ref)
            self.assertEqual('topic' in self.names(data), commit == self.second)

    def test_what_is_not_there(self):
        for path, ref, words in (('/demo.git', 'nosuch', 'no branch, tag or commit nosuch'), ('/nosuch.git', None, 'no such repository'),
                                 ('/private/x.git', None, 'not public'), ('/demo.git', '0' * 40, 'no branch, tag or commit')):
            event, data = self.fetch(path, ref)
            self.assertEqual((event['state'], data), ('failed', b''), path)
            self.assertIn(words, event['error'])
            self.assertIsNone(event['commit'])

    def test_redirects(self):
        event, _ = self.fetch('/elsewhere/demo.git')
        self.assertEqual(event['state'], 'succeeded')
        event, _ = self.fetch('/plain/demo.git')
        self.assertEqual(event['state'], 'failed')
        self.assertIn('https', event['error'])
        event, _ = self.fetch('/inside/demo.git')
        self.assertEqual(event['state'], 'failed')
        self.assertIn('only public addresses', event['error'])

    def test_the_host_and_private_addresses_are_closed(self):
        for host in (HOST, '127.0.0.1', '169.254.169.254', '192.168.1.1', self.world.registry.host):
            answer = self.ask(f'https://{host}/demo.git', seconds=20)
            self.assertNotIn('error', answer)
            os.close(answer['fds'][0])
            event = self.ended()
            self.assertEqual(event['state'], 'failed', host)

    def test_too_large(self):
        event, data = self.fetch('/big.git')
        self.assertEqual(event['state'], 'failed')
        self.assertIn('larger', event['error'])
        self.assertEqual(data, b'')

    def test_endless_answer_ends_by_time(self):
        event, _ = self.fetch('/endless/x.git', seconds=3)
        self.assertEqual(event['state'], 'failed')

    def test_reader_that_leaves(self):
        answer = self.ask(f'https://{PUBLIC}/big.git', disk=512 << 20)
        os.close(answer['fds'][0])
        self.assertEqual(self.ended()['state'], 'failed')

    def test_cancel_and_one_at_a_time(self):
        answer = self.ask(f'https://{PUBLIC}/endless/x.git')
        name = f'f{Git.count}'
        Git.count += 1
        other = self.client.ask('git.fetch', fetch='other', url=f'https://{PUBLIC}/demo.git', limits=LIMITS)
        self.assertEqual(other['error']['kind'], 'unavailable')
        self.assertEqual(self.client.ask('git.cancel', fetch='other')['error']['kind'], 'not_found')
        self.assertNotIn('error', self.client.ask('git.cancel', fetch=name))
        Git.count -= 1
        self.assertEqual(self.ended()['state'], 'cancelled')
        os.close(answer['fds'][0])

    def test_client_that_goes_away_and_agent_that_is_killed(self):
        other = self.world.client()
        answer = other.ask('git.fetch', fetch='gone', url=f'https://{PUBLIC}/endless/x.git', limits=LIMITS)
        other.close()
        while self.world.left() != NOTHING:
            time.sleep(0.05)
        os.close(answer['fds'][0])
        answer = self.ask(f'https://{PUBLIC}/endless/x.git')
        os.close(answer['fds'][0])
        time.sleep(0.5)
        self.world.stop(signal.SIGKILL)
        self.client.close()
        Git.client = self.world.up()
        self.test_default_branch()

    def test_addresses_that_are_refused(self):
        for url in ('http://example.org/x', 'git://example.org/x', 'ssh://example.org/x', 'file:///etc/passwd', 'ext::sh -c id', '--upload-pack=id',
                    'https://user:secret@example.org/x', 'https://localhost/x', 'https://example.org', 'https:///x', 'https://example.org/a b',
                    'https://example.org/x?y', 'https://example.org/x#y', 'https://exa\nmple.org/x', 'https://example.org:0/x',
                    'https://example.org:99999/x', 'https://-x.example/x', 'https://' + 'a' * 600 + '.org/x', 'https://[::1]/x', 'https://ex\\ample.org/x'):
            self.assertEqual(self.ask(url)['error']['kind'], 'invalid', url)
        for ref in ('--upload-pack=id', '-x', 'a..b', 'a b', 'a:b', '+a', 'a~1', 'a^{commit}', '/a', 'a/', 'a.lock', '@{1}', 'x' * 300, 'a\nb', '@'):
            self.assertEqual(self.ask(f'https://{PUBLIC}/demo.git', ref)['error']['kind'], 'invalid', ref)


if __name__ == '__main__':
    main()
