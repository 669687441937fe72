#!/usr/bin/env python3
"""Messages that a peer should not send; after each the agent must still serve the next peer."""
import json
import os
import socket
import subprocess

from harness import IMAGE, LIMITS, Case, Client, main


class Messages(Case):
    def raw(self):
        return Client(self.world.run + '/agent.sock', hello=False)

    def assertServes(self):
        self.assertEqual(self.world.client().names(), [])

    def assertClosed(self, client):
        with self.assertRaises((EOFError, ConnectionError)):
            while True:
                client.receive()

    def test_hello_comes_first(self):
        client = self.raw()
        self.assertEqual(client.ask('sandbox.list')['error']['kind'], 'invalid')
        self.assertClosed(client)
        for version in (0, 2, '1', None, 1.5, -1, True):
            client = self.raw()
            self.assertIn(client.ask('hello', version=version)['error']['kind'], ('unsupported', 'invalid'))
            self.assertClosed(client)
        self.assertServes()

    def test_hello_tells_the_host(self):
        result = self.client.hello['result']
        self.assertEqual(result['version'], 1)
        self.assertIn(result['cgroup'], ('v1', 'v2', 'hybrid'))
        self.assertEqual(self.client.ask('hello', version=1)['result']['version'], 1)  # twice is harmless
        checks = self.client.ask('host.check')['result']['checks']
        self.assertIn('overlay', [c['name'] for c in checks if c['ok'] and c['level'] == 'ok' and c['message']])

    def test_no_json(self):
        for data in (b'\0', b'{', b'[]', b'null', b'"x"', b'{"id":1,"id":2}', b'{"id":1,"op":"a\\u0000b"}', b'\xff\xfe{}', b'{"id":1,"op":"\xc3\x28"}', b'{}' * 3,
                     b'[' * 100000, b'{"a":' * 20000 + b'1', b' ' * 131072):
            client = self.raw()
            client.send_raw(data)
            self.assertClosed(client)
        self.assertServes()

    def test_ids(self):
        for id in ('"1"', '1.5', '-1', 'null', 'true', '{}', '9007199254740993', '99999999999999999999'):
            client = self.world.client()
            client.send_raw(b'{"id":%s,"op":"sandbox.list"}' % id.encode())
            self.assertClosed(client)
        client = self.world.client()
        client.send_raw(b'{"op":"sandbox.list"}')
        self.assertClosed(client)
        self.assertServes()

    def test_too_long(self):
        client = self.world.client()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        client.send_raw(b'{"id":1,"op":"' + b'x' * 140000 + b'"}')
        self.assertClosed(client)
        self.assertServes()

    def test_operations_and_fields(self):
        ask = self.client.ask
        self.assertEqual(ask('sandbox.fly')['error']['kind'], 'unsupported')
        self.assertEqual(ask('x' * 1000)['error']['kind'], 'unsupported')
        self.assertEqual(ask('é' * 100)['error']['kind'], 'unsupported')
        self.assertEqual(ask('sandbox.list', surprise=1)['error']['kind'], 'invalid')
        self.assertIn('surprise', ask('sandbox.list', surprise=1)['error']['message'])
        self.assertEqual(ask('sandbox.stop', sandbox='a')['error']['kind'], 'invalid')
        self.client.count += 1
        self.client.send_raw(json.dumps({'id': self.client.count}).encode())
        self.assertEqual(self.client.wait(self.client.count)['error']['kind'], 'invalid')

    def test_values(self):
        good = dict(sandbox='a', image=IMAGE, cols=80, rows=24, limits=LIMITS, network=False)
        bad = {
            'sandbox': ['', '-a', 'A', 'a/b', '..', 'a' * 41, 'a\n', 'ä', 5, None, [], {}],
            'image': ['', 'x' * 600, 5, None],
            'cols': [0, -1, 1001, 1.5, '80', None, 1 << 62], 'rows': [0, 100000, '24'],
            'network': [0, 1, 'no', None],
            'limits': [None, [], {}, 5, dict(LIMITS, memory=0), dict(LIMITS, memory='1G'), dict(LIMITS, cpu=0), dict(LIMITS, pids=1),
                       dict(LIMITS, disk=1 << 62), dict(LIMITS, more=1), {k: v for k, v in LIMITS.items() if k != 'pids'}],
            'command': [[], 'ls', [1], ['x' * 5000], ['a'] * 65, [None], {}],
            'env': [[], 'A=b', {'A': 1}, {'A': None}, {'A': 'x' * 5000}, {'': 'x'}, {'A=B': 'x'}, {str(i): '' for i in range(65)}],
        }
        for field, values in bad.items():
            for value in values:
                answer = self.client.ask('sandbox.start', **dict(good, **{field: value}))
                self.assertEqual(answer.get('error', {}).get('kind'), 'invalid', (field, value))
        for field in good:
            answer = self.client.ask('sandbox.start', **{k: v for k, v in good.items() if k != field})
            self.assertEqual(answer['error']['kind'], 'invalid', field)
        self.assertServes()

    def test_descriptors(self):
        fds = [os.open('/dev/null', os.O_RDONLY) for _ in range(8)]
        before = len(os.listdir(f'/proc/{self.world.process.pid}/fd'))
        for _ in range(200):
            self.assertEqual(self.client.ask('sandbox.list', fds=fds)['error']['kind'], 'invalid')
        self.client.ask('sandbox.list')  # what came with a message is closed after its answer
        self.assertEqual(len(os.listdir(f'/proc/{self.world.process.pid}/fd')), before)

    def test_flood_of_requests(self):
        asked = [self.client.send('sandbox.stop', sandbox='none', reason='x') for _ in range(3000)]
        for n in asked:
            self.assertEqual(self.client.wait(n)['result'], {})

    def test_peers_that_leave_in_the_middle(self):
        for _ in range(10):
            client = self.world.client()
            client.send_start('left')
            client.socket.close()
        while self.world.client().names() != ['left']:
            pass
        self.world.client().stop('left')
        self.assertNothingLeft()

    def test_strangers_are_refused(self):
        os.chmod(self.world.run + '/agent.sock', 0o777)
        code = ('import socket,sys; s=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET); s.connect(sys.argv[1]);'
                'd=b"";\ntry:\n s.send(b"{\\"id\\":1,\\"op\\":\\"hello\\",\\"version\\":1}"); d=s.recv(10)\nexcept OSError: pass\n'
                'sys.exit(len(d))')
        os.chmod(self.world.run, 0o755)
        result = subprocess.run(['python3', '-c', code, self.world.run + '/agent.sock'], user=65534)
        self.assertEqual(result.returncode, 0)
        self.assertServes()


if __name__ == '__main__':
    main()
