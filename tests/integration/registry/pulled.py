#!/usr/bin/env python3
"""People pull the images of public projects through the platform, and nothing else: `docker pull HOST/owner/name[:version]` as skopeo does it,
   and hostile questions on raw sockets.   pulled.py TTOB [TEST]…   (as root)"""
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from embedded import MIB, TTOB, Platform, Visitor, build_id, wait_for

SLOW_CLIENT_BUFFER = 4096


class Pulled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.platform = platform = Platform(TTOB_LIMIT_LOOPBACK='yes')
        platform.start()
        subprocess.run([TTOB, 'admin', 'add', 'keeper', '--password-stdin', '--data', str(platform.data)], check=True, input=b'seven green kettles\n')
        cls.admin = Visitor(f'http://127.0.0.1:{platform.port}')
        assert cls.admin.post('/api/v1/session', {'login': 'keeper', 'password': 'seven green kettles'})[0] == 200
        cls.digests = {}
        for name in ('open', 'unlisted', 'hidden', 'deleted', 'failed'):
            cls.digests[name] = platform.push(f'keep/{name}:b{build_id()}', 3 * MIB)
            platform.project(name, cls.digests[name], project_deleted=1 if name == 'deleted' else None)
        cls.digests['odd'] = platform.push(f'keep/open:b{build_id()}', MIB)  # pushed, but no version: its smoke test failed
        cls.digests['gone'] = platform.push(f'keep/open:b{build_id()}', MIB)
        old = platform.push(f'before/open:b{build_id()}', MIB)  # under the name of its owner before
        cls.digests['old'] = old
        platform.database(
            ("UPDATE projects SET visibility = 'unlisted' WHERE name = 'unlisted'", ()), ("UPDATE projects SET visibility = 'hidden' WHERE name = 'hidden'", ()),
            ("UPDATE projects SET state = 'failed' WHERE name = 'failed'", ()),
            ("INSERT INTO versions (project, label, reference, image, size, shell, created_ms) SELECT id, '0:1+b', ?, ?, 1, 1, 1 FROM projects WHERE name = 'open'",
             (f'before/open@{old}', old)),
            ("INSERT INTO versions (project, label, reference, image, size, shell, created_ms, deleted_ms) SELECT id, '0.2', ?, ?, 1, 1, 1, 2 FROM projects WHERE name = 'open'",
             (f"keep/open@{cls.digests['gone']}", cls.digests['gone'])),
            ("UPDATE projects SET current_version = (SELECT MIN(id) FROM versions v WHERE v.project = projects.id)", ()))

    @classmethod
    def tearDownClass(cls):
        cls.platform.stop()
        if os.environ.get('TTOB_TEST_LOG'):
            print(cls.platform.log())
        shutil.rmtree(cls.platform.folder)

    def ask(self, path, method='GET', body=None, **headers):
        connection = http.client.HTTPConnection('127.0.0.1', self.platform.port, timeout=60)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, answer.headers, data

    def refused(self, status, code, path, method='GET', body=None, **headers):
        got, answer_headers, data = self.ask(path, method, body, **headers)
        self.assertEqual((got, json.loads(data)['errors'][0]['code']), (status, code), path)
        self.assertEqual(answer_headers['Docker-Distribution-Api-Version'], 'registry/2.0')
        return answer_headers

    def layers(self, name):
        """The blobs of a project's image, as the registry itself tells."""
        done = self.platform.skopeo('inspect', '--raw', '--authfile', str(self.platform.data / 'registry-auth.json'), '--tls-verify=false',
                                    f'docker://{self.platform.host}/keep/{name}@{self.digests[name]}')
        manifest = json.loads(done.stdout)
        return [manifest['config'], *manifest['layers']]

    def pull(self, name):
        target = tempfile.mkdtemp(dir=self.platform.folder)
        done = self.platform.skopeo('copy', '--src-tls-verify=false', f'docker://127.0.0.1:{self.platform.port}/{name}', f'oci:{target}:image')
        pulled = None
        if done.returncode == 0:
            pulled = json.loads((pathlib.Path(target) / 'index.json').read_text())['manifests'][0]['digest']
        shutil.rmtree(target)
        return pulled

    def test_1_public_images_come_whole(self):
        self.assertEqual(self.pull('keep/open'), self.digests['open'])
        self.assertEqual(self.pull('keep/open:1'), self.digests['open'])
        self.assertEqual(self.pull('keep/open:0_1_b'), self.digests['old'])
        self.assertEqual(self.pull(f"keep/open@{self.digests['open']}"), self.digests['open'])
        self.assertEqual(self.pull('keep/unlisted'), self.digests['unlisted'])
        done = self.platform.skopeo('inspect', '--tls-verify=false', f'docker://127.0.0.1:{self.platform.port}/keep/open')
        self.assertEqual((json.loads(done.stdout)['Digest'], json.loads(done.stdout)['RepoTags']), (self.digests['open'], ['0_1_b', '1', 'latest']))

    def test_2_the_protocol(self):
        status, headers, _ = self.ask('/v2/')
        self.assertEqual((status, headers['Docker-Distribution-Api-Version']), (200, 'registry/2.0'))
        status, headers, data = self.ask('/v2/keep/open/manifests/latest')
        self.assertEqual((status, headers['Docker-Content-Digest'], headers['Content-Type']),
                         (200, self.digests['open'], 'application/vnd.oci.image.manifest.v1+json'))
        self.assertEqual('sha256:' + hashlib.sha256(data).hexdigest(), self.digests['open'])
        status, headers, nothing = self.ask('/v2/keep/open/manifests/latest', 'HEAD')
        self.assertEqual((status, headers['Content-Length'], nothing), (200, str(len(data)), b''))
        layer = json.loads(data)['layers'][0]
        path = f"/v2/keep/open/blobs/{layer['digest']}"
        status, headers, whole = self.ask(path)
        self.assertEqual((status, 'sha256:' + hashlib.sha256(whole).hexdigest(), int(headers['Content-Length'])), (200, layer['digest'], layer['size']))
        status, headers, nothing = self.ask(path, 'HEAD')
        self.assertEqual((status, int(headers['Content-Length']), headers['Docker-Content-Digest'], nothing), (200, layer['size'], layer['digest'], b''))
        size = layer['size']
        for given, first, last in (('bytes=0-0', 0, 0), ('bytes=100-299', 100, 299), (f'bytes={size - 5}-', size - 5, size - 1), ('bytes=-7', size - 7, size - 1),
                                   (f'bytes=10-{10 * size}', 10, size - 1)):
            status, headers, part = self.ask(path, Range=given)
            self.assertEqual((status, headers['Content-Range'], part), (206, f'bytes {first}-{last}/{size}', whole[first:last + 1]), given)
        for given in ('bytes=5-2', 'bytes=a-b', 'lines=1-2', 'bytes=1-2,4-5', 'bytes=', 'bytes=-', 'bytes=99999999999999999999-'):
            self.assertEqual(self.ask(path, Range=given)[0::2], (200, whole), given)
        headers = self.refused(416, 'RANGE_INVALID', path, Range=f'bytes={size}-')
        self.assertEqual(headers['Content-Range'], f'bytes */{size}')
        self.refused(416, 'RANGE_INVALID', path, Range='bytes=-0')
        self.assertEqual(self.ask(path, **{'Range': 'bytes=0-1', 'If-Range': '"other"'})[0], 200)
        status, headers, data = self.ask('/v2/keep/open/tags/list?n=1')
        self.assertEqual((status, json.loads(data), headers['Link']),
                         (200, {'name': 'keep/open', 'tags': ['0_1_b']}, '</v2/keep/open/tags/list?n=1&last=0_1_b>; rel="next"'))
        self.assertEqual(json.loads(self.ask('/v2/keep/open/tags/list?n=5&last=1')[2])['tags'], ['latest'])
        self.assertEqual(json.loads(self.ask('/v2/keep/open/tags/list?n=0')[2])['tags'], [])
        self.refused(400, 'NAME_INVALID', '/v2/keep/open/tags/list?n=many')

    def test_3_nothing_else_comes(self):
        for name in ('hidden', 'deleted', 'failed'):
            self.refused(404, 'NAME_UNKNOWN', f'/v2/keep/{name}/manifests/latest')
            self.refused(404, 'NAME_UNKNOWN', f'/v2/keep/{name}/manifests/{self.digests[name]}')
            self.refused(404, 'NAME_UNKNOWN', f'/v2/keep/{name}/tags/list')
            # Nor by way of a public project.
            self.refused(404, 'MANIFEST_UNKNOWN', f'/v2/keep/open/manifests/{self.digests[name]}')
            for blob in self.layers(name):
                self.refused(404, 'NAME_UNKNOWN', f"/v2/keep/{name}/blobs/{blob['digest']}")
                self.refused(404, 'BLOB_UNKNOWN', f"/v2/keep/open/blobs/{blob['digest']}")
        for name in ('odd', 'gone'):  # they lie in the project's own repository
            self.refused(404, 'MANIFEST_UNKNOWN', f'/v2/keep/open/manifests/{self.digests[name]}')
        self.refused(404, 'MANIFEST_UNKNOWN', '/v2/keep/open/manifests/0.2')
        self.refused(404, 'NAME_UNKNOWN', '/v2/before/open/manifests/latest')
        self.refused(404, 'BLOB_UNKNOWN', f"/v2/keep/open/blobs/{self.digests['open']}")
        status, _, data = self.ask('/v2/_catalog')
        self.assertEqual((status, json.loads(data)['errors'][0]['code']), (404, 'NAME_UNKNOWN'))

    def test_4_hostile_questions(self):
        for path in ('/v2/Keep/open/manifests/latest', '/v2/keep/OPEN/manifests/latest', '/v2/keep/no/manifests/latest', '/v2/keep/open', '/v2/keep/a/b/manifests/latest',
                     '/v2/keep/%27%20OR%201=1/manifests/latest', '/v2/open/manifests/latest', '/v2/keep/open/manifests', "/v2/'/%22/tags/list"):
            self.refused(404, 'NAME_UNKNOWN', path)
        self.refused(404, 'MANIFEST_UNKNOWN', '/v2/keep/open/manifests/' + 'a' * 3000)
        self.refused(404, 'MANIFEST_UNKNOWN', '/v2/keep/open/manifests/sha256:00')
        self.refused(400, 'DIGEST_INVALID', '/v2/keep/open/blobs/sha256:00')
        self.refused(400, 'DIGEST_INVALID', '/v2/keep/open/blobs/sha512:' + '0' * 128)
        self.refused(400, 'DIGEST_INVALID', '/v2/keep/open/blobs/sha256:' + 'A' * 64)
        self.refused(404, 'BLOB_UNKNOWN', '/v2/keep/open/blobs/sha256:' + '0' * 64)
        for path in ('/v2/../open/manifests/latest', '/v2/keep/../keep/open/manifests/latest', '/v2/keep/open/manifests/..', '/v2/keep/%2e%2e/tags/list', '/v2/keep%2fopen/tags/list'):
            self.assertEqual(self.ask(path)[0], 400, path)
        for method, path in (('POST', 'blobs/uploads/'), ('POST', 'blobs/uploads/?digest=sha256:00'), ('PATCH', 'blobs/uploads/1'), ('PUT', 'blobs/uploads/1'),
                             ('PUT', 'manifests/latest'), ('DELETE', f"manifests/{self.digests['open']}"), ('DELETE', 'blobs/sha256:' + '0' * 64)):
            self.refused(405, 'UNSUPPORTED', f'/v2/keep/open/{path}', method, b'x' * 2000, **{'Content-Type': 'application/octet-stream'})
        self.refused(405, 'UNSUPPORTED', '/v2/keep/open/blobs/uploads/', 'POST')
        # A name of two megabytes: the server stops listening, and lives on.
        with socket.create_connection(('127.0.0.1', self.platform.port)) as s:
            try:
                s.sendall(b'GET /v2/keep/open/manifests/' + b'a' * (2 * MIB) + b' HTTP/1.1\r\nHost: a\r\n\r\n')
                answer = s.recv(100)
            except OSError:
                answer = b''
        self.assertNotIn(b' 200 ', answer)
        self.assertEqual(self.ask('/v2/')[0], 200)

    def test_5_slow_and_many_readers_hold_nobody_up(self):
        blob = max(self.layers('open'), key=lambda b: b['size'])
        question = f"GET /v2/keep/open/blobs/{blob['digest']} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        lazy = []
        for _ in range(12):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_CLIENT_BUFFER)
            s.connect(('127.0.0.1', self.platform.port))
            s.sendall(question)
            lazy.append(s)
        # The pages go on, and so do tags; readers from elsewhere (here: the same, after these have gone) get theirs.
        for _ in range(5):
            self.assertEqual(self.ask('/api/v1/projects')[0], 200)
        self.assertEqual(self.ask('/v2/keep/open/tags/list')[0], 200)
        for s in lazy[1:]:
            s.close()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(self.ask, f"/v2/keep/open/blobs/{blob['digest']}") for _ in range(24)]:
                status, _, data = done.result()
                self.assertEqual((status, 'sha256:' + hashlib.sha256(data).hexdigest()), (200, blob['digest']))
        lazy[0].close()

    def test_6_what_breaks_off_is_not_taken_for_whole(self):
        size, platform = 64 * MIB, self.platform
        digest = platform.push(f'keep/large:b{build_id()}', size)
        platform.project('large', digest)
        platform.database(("UPDATE projects SET current_version = (SELECT MIN(id) FROM versions v WHERE v.project = projects.id) WHERE name = 'large'", ()))
        self.digests['large'] = digest
        blob = max(self.layers('large'), key=lambda b: b['size'])
        connection = http.client.HTTPConnection('127.0.0.1', platform.port, timeout=120)
        connection.request('GET', f"/v2/keep/large/blobs/{blob['digest']}")
        answer = connection.getresponse()
        self.assertEqual(len(answer.read(1000)), 1000)
        os.kill(platform.children('serve')[0], signal.SIGKILL)
        with self.assertRaises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
        connection.close()
        wait_for('return of the registry', lambda: self.pull('keep/large') == digest)

    def test_7_a_registry_that_is_away(self):
        platform, status = self.platform, lambda: self.admin.get('/api/v1/status')[1]['registry']
        wait_for('the registry', lambda: status() == 'up')
        pid = platform.children('serve')[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for('loss of the registry', lambda: status() == 'down')
            headers = self.refused(503, 'UNAVAILABLE', '/v2/keep/open/manifests/latest')
            self.assertGreater(int(headers['Retry-After']), 0)
            self.assertEqual(self.ask('/v2/keep/open/tags/list')[0], 200)
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_for('return of the registry', lambda: self.pull('keep/open') == self.digests['open'])

    def test_8_pulls_are_counted(self):
        before = self.admin.get('/api/v1/admin/registry')[1]['pulls']
        self.assertEqual(self.ask('/v2/keep/open/manifests/latest')[0], 200)
        wait_for('count of pulls', lambda: self.admin.get('/api/v1/admin/registry')[1]['pulls'] > before)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
