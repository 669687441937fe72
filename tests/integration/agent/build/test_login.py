#!/usr/bin/env python3
"""Base images that need a name and a password, from a real registry with TLS on a public address outside."""
import crypt
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
import unittest

from harness import NOTHING, WAIT, World, main
from outside import PUBLIC, Outside, make_certificate, run

NAME, PASSWORD = 'robot$lab', 'tiny-purple-elephants-4711'
IMAGE = PUBLIC + '/lab/tool:1'


def make_image(folder):
    """An OCI layout with one layer with one file."""
    os.makedirs(folder + '/blobs/sha256')

    def put(data):
        digest = hashlib.sha256(data).hexdigest()
        with open(f'{folder}/blobs/sha256/{digest}', 'wb') as f:
            f.write(data)
        return {'digest': 'sha256:' + digest, 'size': len(data)}

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        info = tarfile.TarInfo('taste')
        info.size = 6
        tar.addfile(info, io.BytesIO(b'lemon\n'))
    layer = put(out.getvalue())
    config = put(json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {'Cmd': ['/taste']},
                             'rootfs': {'type': 'layers', 'diff_ids': [layer['digest']]}}).encode())
    manifest = put(json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json',
                               'config': {'mediaType': 'application/vnd.oci.image.config.v1+json', **config},
                               'layers': [{'mediaType': 'application/vnd.oci.image.layer.v1.tar', **layer}]}).encode())
    with open(folder + '/index.json', 'w') as f:
        json.dump({'schemaVersion': 2, 'manifests': [{'mediaType': 'application/vnd.oci.image.manifest.v1+json', **manifest,
                                                      'annotations': {'org.opencontainers.image.ref.name': 'x'}}]}, f)
    with open(folder + '/oci-layout', 'w') as f:
        f.write('{"imageLayoutVersion": "1.0.0"}')


def serve(folder, serving):
    with open(folder + '/htpasswd', 'w') as f:
        f.write(f'{NAME}:{crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))}\n')
    with open(folder + '/config.yml', 'w') as f:
        f.write(f'version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n'
                f'http: {{addr: "{PUBLIC}:443", tls: {{certificate: {folder}/ca.pem, key: {folder}/key.pem}}}}\n'
                f'auth: {{htpasswd: {{realm: lab, path: {folder}/htpasswd}}}}\n')
    with open(folder + '/log', 'wb') as log:
        process = subprocess.Popen(['docker-registry', 'serve', folder + '/config.yml'], stdout=log, stderr=log)
    while subprocess.run(['curl', '-so', '/dev/null', '--cacert', folder + '/ca.pem', f'https://{PUBLIC}/v2/'], check=False).returncode != 0:
        time.sleep(0.05)
    with open(folder + '/pid', 'w') as f:
        f.write(str(process.pid))
    serving()
    process.wait()


class Watch(threading.Thread):
    """Every program's arguments and environment, while something runs."""

    def __init__(self, secret):
        super().__init__()
        self.secret, self.found, self.looked, self.over = secret.encode(), [], 0, threading.Event()

    def run(self):
        while not self.over.is_set():
            for pid in filter(str.isdigit, os.listdir('/proc')):
                for what in ('cmdline', 'environ'):
                    try:
                        with open(f'/proc/{pid}/{what}', 'rb') as f:
                            text = f.read()
                    except OSError:
                        continue
                    self.looked += b'skopeo' in text
                    if self.secret in text:
                        self.found.append(text)
            time.sleep(0.002)


class Login(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='ttob-login-', dir='/var/tmp')
        os.chmod(cls.folder, 0o755)
        make_certificate(cls.folder)
        cls.outside = Outside(lambda serving: serve(cls.folder, serving))
        make_image(cls.folder + '/image')
        environment = dict(os.environ, SSL_CERT_FILE=cls.folder + '/ca.pem')
        run('skopeo', 'copy', '--dest-creds', f'{NAME}:{PASSWORD}', f'oci:{cls.folder}/image:x', 'docker://' + IMAGE, env=environment)
        cls.world = World(BUILD_CA_FILE=cls.folder + '/ca.pem', NETWORK_RESOLVERS=PUBLIC)
        cls.client = cls.world.up()

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.world.remove()
        with open(cls.folder + '/pid') as f:
            os.kill(int(f.read()), 9)
        cls.outside.end()
        shutil.rmtree(cls.folder)

    def tearDown(self):
        self.assertEqual(self.world.left(), NOTHING)

    count = 0

    def build(self, login, image=IMAGE):
        Login.count += 1
        more = {} if login is None else {'login': login}
        return self.client.build(f'l{Login.count}', {'Dockerfile': f'FROM {image}\n'}, **more)

    def login(self, **changes):
        return {'registry': PUBLIC, 'username': NAME, 'password': PASSWORD, **changes}

    def kept(self):
        return [name for name in os.listdir(self.world.base + '/state/build/bases')]

    def test_right(self):
        watch = Watch(PASSWORD)
        watch.start()
        ended = self.build(self.login())
        watch.over.set()
        watch.join()
        self.assertEqual((ended.state, ended.error), ('succeeded', None), ended.text())
        manifest, digest = self.world.registry.manifest(ended.reference)
        self.assertTrue(ended.reference.endswith(digest))
        name = ended.reference.split('@')[0]
        layers = [self.world.registry.layer(name, layer['digest']).getnames() for layer in manifest['layers']]
        self.assertIn(['taste'], layers)
        self.assertNotIn(PASSWORD.encode(), self.world.registry.blob(name, manifest['config']['digest']))
        self.assertGreater(watch.looked, 0)
        self.assertEqual(watch.found, [])
        self.assertNotIn(PASSWORD, ended.text())
        self.assertNotIn(PASSWORD, self.world.agent_log())
        secret = subprocess.run(['base64', '-w0'], input=f'{NAME}:{PASSWORD}', capture_output=True, text=True, check=True).stdout
        for place in (self.world.base, self.world.run):
            for words in (PASSWORD, secret):
                self.assertEqual(subprocess.run(['grep', '-raqF', '--devices=skip', words, place], check=False).returncode, 1, place)

    def test_it_opens_the_image_for_that_build_alone(self):
        self.assertEqual(self.build(self.login()).state, 'succeeded')
        self.assertEqual(self.kept(), [])
        ended = self.build(None)
        self.assertEqual(ended.state, 'failed')
        self.assertIn('wants a name and a password', ended.error)

    def test_wrong(self):
        for login in (self.login(password='wrong'), self.login(username='nobody'), self.login(password=PASSWORD + '\\'),
                      self.login(username=NAME + '"}', password='"}')):
            ended = self.build(login)
            self.assertEqual(ended.state, 'failed')
            self.assertIn('the registry refused the name or password', ended.error)
            self.assertNotIn(login['password'], ended.error.replace('password', ''))
            self.assertNotIn('wrong', ended.text())

    def test_it_is_told_to_its_registry_only(self):
        for registry in ('registry.example', PUBLIC + ':443', self.world.registry.host):
            ended = self.build(self.login(registry=registry))
            self.assertEqual(ended.state, 'failed')
            self.assertIn('wants a name and a password', ended.error)

    def test_what_is_not_there(self):
        ended = self.build(self.login(), PUBLIC + '/lab/nothing:1')
        self.assertEqual(ended.state, 'failed')
        self.assertIn('was not found', ended.error)
        ended = self.build(None, '198.51.100.7/lab/nothing:1')  # not our registry: nobody waits for that one to come back
        self.assertEqual(ended.state, 'failed')
        self.assertNotIn('talk to the registry', ended.error)

    def test_bad_messages(self):
        for login in ('x', 5, [], {}, {'registry': PUBLIC}, self.login(password=''), self.login(password=7), self.login(username='x' * 256),
                      self.login(password='x' * 4097), self.login(more='x')):
            answer = self.client.try_start('bad', {'Dockerfile': 'FROM a\n'}, login=login)
            self.assertEqual(answer['error']['kind'], 'invalid', login)
            self.assertNotIn(PASSWORD, json.dumps(answer))

    def test_cancelled_on_the_way(self):
        Login.count += 1
        build = self.client.start(f'l{Login.count}', {'Dockerfile': f'FROM {IMAGE}\n'}, login=self.login())
        self.client.ask('build.cancel', build=build.name)
        self.assertEqual(build.wait().state, 'cancelled')
        end = time.monotonic() + WAIT
        while self.world.left() != NOTHING and time.monotonic() < end:  # the fetch goes on without it
            time.sleep(0.05)
        self.assertEqual(self.kept(), [])


if __name__ == '__main__':
    main()
