"""An agent that builds, a registry with a password on a free loopback port, and a count of all that a build could leave behind."""
import array
import base64
import crypt
import hashlib
import io
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import urllib.error
import urllib.request

AGENT = sys.argv[1] if len(sys.argv) > 1 else None
BASE = 'debian:bookworm'
IDS = 0xd0000000 + os.getpid() % 700 * 16 * 65536  # of this run: another may be under way on the same machine
WAIT = 300  # only how long a broken test hangs
LIMITS = {'memory': 1 << 30, 'cpu': 2000, 'pids': 512, 'disk': 3 << 30, 'seconds': 280, 'output': 1 << 20}


def make_tar(files):
    """Names to contents; a value may also be a TarInfo to put as it is."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                tar.addfile(content)
                continue
            data = content if isinstance(content, bytes) else content.encode()
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Registry:
    def __init__(self, folder):
        self.folder = folder + '/registry'
        os.makedirs(self.folder)
        self.port = free_port()
        self.host = f'127.0.0.1:{self.port}'
        self.password = 'not-for-builds-' + os.urandom(8).hex()
        with open(self.folder + '/htpasswd', 'w') as f:
            f.write('ttob:' + crypt.crypt(self.password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)) + '\n')
        with open(self.folder + '/config.yml', 'w') as f:
            f.write(f'version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {self.folder}/data}}}}\n'
                    f'http: {{addr: "{self.host}"}}\nauth: {{htpasswd: {{realm: test, path: {self.folder}/htpasswd}}}}\n')
        self.authfile = self.folder + '/auth.json'
        token = base64.b64encode(f'ttob:{self.password}'.encode()).decode()
        self.headers = {'Authorization': 'Basic ' + token}
        with open(os.open(self.authfile, os.O_CREAT | os.O_WRONLY, 0o600), 'w') as f:
            json.dump({'auths': {self.host: {'auth': token}}}, f)
        self.log = open(self.folder + '/log', 'wb')
        self.process = subprocess.Popen(['docker-registry', 'serve', self.folder + '/config.yml'], stdout=self.log, stderr=self.log)
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            try:
                self.get('')
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError('the registry does not come up')

    def get(self, path, accept='*/*'):
        request = urllib.request.Request(f'http://{self.host}/v2/{path}', headers={**self.headers, 'Accept': accept})
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def manifest(self, reference):
        """The manifest of a pushed image, and its digest."""
        name, _, which = reference.replace('@', ':', 1).partition(':')
        text = self.get(f'{name}/manifests/{which}', 'application/vnd.oci.image.manifest.v1+json')
        return json.loads(text), 'sha256:' + hashlib.sha256(text).hexdigest()

    def blob(self, name, digest):
        return self.get(f'{name}/blobs/{digest}')

    def layer(self, name, digest):
        return tarfile.open(fileobj=io.BytesIO(self.blob(name, digest)))

    def stop(self):
        self.process.terminate()
        self.process.wait()


class World:
    """Registry, folders, settings and the agent's process. The base image is made once for all."""

    count = 0

    def __init__(self, **settings):
        World.count += 1
        self.tag = f'b{os.getpid()}-{World.count}'
        self.run = f'/run/ttob-{self.tag}'
        self.base = tempfile.mkdtemp(prefix='ttob-test-', dir=os.environ.get('TTOB_TEST_FOLDER', '/var/tmp'))
        os.chmod(self.base, 0o755)
        self.registry = Registry(self.base)
        self.pool = f'198.19.{128 + (os.getpid() * 2 + World.count) % 128}'
        self.network = f'b{World.count}' + str(os.getpid())[-5:]
        self.environment = dict(
            os.environ, TTOB_AGENT_SOCKET=self.run + '/agent.sock', TTOB_AGENT_STATE_DIR=self.base + '/state',
            TTOB_AGENT_RUN_DIR=self.run, TTOB_REGISTRY_URL='http://' + self.registry.host,
            TTOB_REGISTRY_AUTHFILE=self.registry.authfile, TTOB_NETWORK_NAME=self.network, TTOB_NETWORK_POOL=self.pool + '.0/24',
            TTOB_BUILD_IDS=str(IDS + (World.count - 1) * 65536 * 4), TTOB_BUILD_CGROUP='ttob-build-' + self.tag, TTOB_SANDBOX_CGROUP='ttob-' + self.tag,
            **{'TTOB_' + k: str(v) for k, v in settings.items()})
        self.log = open(self.base + '/agent.log', 'ab')
        self.process = None

    def up(self):
        self.process = subprocess.Popen([AGENT], env=self.environment, stderr=self.log)
        return self.client()

    def client(self):
        end = time.monotonic() + WAIT
        while True:
            try:
                return Client(self.run + '/agent.sock')
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise RuntimeError('the agent does not come up: ' + self.agent_log())
                time.sleep(0.02)

    def agent_log(self):
        with open(self.base + '/agent.log', errors='replace') as f:
            return f.read()

    def ensure_base(self, client):
        # Making it takes a minute on a busy machine: who runs many of these keeps it in a folder (of the registry's data).
        kept = os.environ.get('TTOB_TEST_BUILD_BASE')
        if kept and os.path.isdir(kept):
            shutil.copytree(kept, self.registry.folder + '/data', dirs_exist_ok=True)
        answer = client.ask('base.ensure', reference=BASE)
        if 'error' in answer:
            raise RuntimeError(answer['error']['message'])
        if kept and not os.path.isdir(kept):
            shutil.copytree(self.registry.folder + '/data', kept + '.new', dirs_exist_ok=True)
            os.rename(kept + '.new', kept)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(WAIT)

    def remove(self):
        if self.process is not None and self.process.poll() is None:
            self.stop()
        self.registry.stop()
        if os.environ.get('KEEP') is None:
            shutil.rmtree(self.base, ignore_errors=True)
            shutil.rmtree(self.run, ignore_errors=True)

    def processes(self):
        """All whose user lies in the ids of builds."""
        found = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/status') as f:
                    text = f.read()
            except OSError:
                continue
            uid = int(text.split('\nUid:')[1].split()[0])
            if IDS <= uid < IDS + 65536 * 16:
                found.append(text.split('\n')[0])
        return found

    def left(self):
        """What of all builds is still there, besides the agent itself and the unpacked base images."""
        mounts = []
        for who in ['self'] + ([str(self.process.pid)] if self.process.poll() is None else []):
            with open(f'/proc/{who}/mountinfo') as f:
                mounts += [line for line in f if self.run + '/build' in line or '/state/build' in line]
        loops = []
        for device in os.listdir('/sys/block'):
            try:
                with open(f'/sys/block/{device}/loop/backing_file') as f:
                    if self.base in f.read():
                        loops.append(device)
            except OSError:
                pass
        cgroups = []
        for tree in [''] + os.listdir('/sys/fs/cgroup'):
            folder = os.path.join('/sys/fs/cgroup', tree, 'ttob-build-' + self.tag)
            if os.path.isdir(folder):
                cgroups += [name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name))]
        folders = []
        for folder in ('jobs', 'states', 'work'):
            if os.path.isdir(f'{self.run}/build/{folder}'):
                folders += os.listdir(f'{self.run}/build/{folder}')
        state = f'{self.base}/state/build'
        files = [name for name in os.listdir(state) if name != 'bases'] if os.path.isdir(state) else []
        files += [name for name in os.listdir(state + '/bases') if name.endswith('.new')] if os.path.isdir(state + '/bases') else []
        links = [name for name in os.listdir('/sys/class/net') if name.startswith(self.network + '-')]
        return {'processes': self.processes(), 'mounts': mounts, 'loops': loops, 'cgroups': cgroups, 'folders': folders, 'files': files,
                'links': links}

    def descriptors(self):
        return sorted(os.readlink(f'/proc/{self.process.pid}/fd/{fd}').split(':')[0] for fd in os.listdir(f'/proc/{self.process.pid}/fd'))


NOTHING = {name: [] for name in ('processes', 'mounts', 'loops', 'cgroups', 'folders', 'files', 'links')}


class Ended:
    def __init__(self):
        self.state = self.error = self.reference = None
        self.log = b''
        self.stages = []

    def text(self):
        return self.log.decode(errors='replace')


class Build:
    """One that was accepted; wait() reads its log and its events to the end."""

    def __init__(self, client, name, log):
        self.client, self.name, self.log = client, name, log
        self.ended = Ended()

    def close_log(self):
        if self.log is not None:
            os.close(self.log)
            self.log = None

    def step(self, timeout=1.0):
        """Takes what came: log bytes, events."""
        watched = [self.client.socket] + ([self.log] if self.log is not None else [])
        waits = not any(event.get('build') == self.name for event in self.client.events)
        ready = select.select(watched, [], [], timeout if waits else 0)[0]
        if self.log is not None and self.log in ready:
            data = os.read(self.log, 65536)
            self.ended.log += data
            if not data:
                self.close_log()
        if self.client.socket in ready:
            self.client.receive()
        for event in [e for e in self.client.events if e.get('build') == self.name]:
            self.client.events.remove(event)
            if event['event'] == 'build.stage':
                self.ended.stages.append(event['stage'])
            else:
                self.ended.state, self.ended.error, self.ended.reference = event['state'], event['error'], event['reference']

    def until(self, marker):
        end = time.monotonic() + WAIT
        while marker.encode() not in self.ended.log:
            if time.monotonic() > end or self.ended.state is not None:
                raise RuntimeError(f'{marker!r} never came: {self.ended.text()} {self.ended.error}')
            self.step()

    def wait(self):
        end = time.monotonic() + WAIT
        while self.ended.state is None or self.log is not None:
            if time.monotonic() > end:
                raise RuntimeError('the build does not end: ' + self.ended.text())
            self.step()
        return self.ended


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(path)
        self.socket.settimeout(WAIT)
        self.count = 0
        self.events = []
        self.answers = {}
        self.ask('hello', version=1)

    def receive(self):
        data, fds, _, _ = socket.recv_fds(self.socket, 1 << 17, 8)
        if not data:
            raise EOFError
        body = json.loads(data)
        body['fds'] = fds
        if 'event' in body:
            self.events.append(body)
        else:
            self.answers[body['id']] = body

    def ask(self, op, fds=(), **fields):
        self.count += 1
        message = json.dumps({**fields, 'id': self.count, 'op': op}).encode()
        if fds:
            socket.send_fds(self.socket, [message], list(fds))
        else:
            self.socket.send(message)
        while self.count not in self.answers:
            self.receive()
        return self.answers.pop(self.count)

    def try_start(self, name, context, tag=None, network=True, dockerfile=None, login=None, **limits):
        if isinstance(context, int):
            fd = os.dup(context)
        else:
            fd = os.memfd_create('context')
            os.write(fd, context) if isinstance(context, bytes) else os.write(fd, make_tar(context))
            os.lseek(fd, 0, os.SEEK_SET)
        try:
            return self.ask('build.start', [fd], build=name, tag=f'taste/{name}:b1' if tag is None else tag, limits={**LIMITS, **limits}, network=network,
                            **({} if dockerfile is None else {'dockerfile': dockerfile}), **({} if login is None else {'login': login}))
        finally:
            os.close(fd)

    def start(self, name, context, **more):
        answer = self.try_start(name, context, **more)
        if 'error' in answer:
            raise RuntimeError(answer['error']['message'])
        return Build(self, name, answer['fds'][0])

    def build(self, name, context, **more):
        return self.start(name, context, **more).wait()

    def close(self):
        self.socket.close()


def dockerfile(*lines, base=BASE):
    return {'Dockerfile': f'FROM {base}\n' + '\n'.join(lines) + '\n'}


def main():
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
