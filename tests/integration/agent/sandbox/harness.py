"""An agent of one's own for a test: its process, its socket, an image made of this host's programs, and a count of all it could leave
behind."""
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import warnings

AGENT, PROBE = map(os.path.realpath, sys.argv[1:3]) if len(sys.argv) > 2 else (None, None)
IMAGE = 'sha256:' + '1' * 64
BARE = 'sha256:' + '2' * 64
AS_USER = 'sha256:' + '3' * 64
LIMITS = {'memory': 256 << 20, 'cpu': 1000, 'pids': 64, 'disk': 32 << 20}
PROGRAMS = ['bash', 'sh', 'cat', 'ls', 'id', 'env', 'dd', 'stty', 'tty', 'true', 'sleep', 'tail', 'head', 'stat', 'grep', 'mkdir', 'touch',
            'seq', 'rm', 'df']
WAIT = 60  # only how long a broken test hangs


def make_layers(folder):
    """Two layers: programs of the host below, files of the test above."""
    low, high = folder + '/low', folder + '/high'
    for sub in ('bin', 'etc', 'tmp', 'root', 'home/ann', 'proc', 'sys', 'dev', 'mnt', 'usr', 'lib64'):
        os.makedirs(f'{low}/{sub}')
    libraries = set()
    for name in PROGRAMS:
        path = os.path.realpath(shutil.which(name))
        shutil.copy(path, f'{low}/bin/{name}')
        for word in subprocess.run(['ldd', path], capture_output=True, text=True).stdout.split():
            if word.startswith('/'):
                libraries.add(word)
    for path in libraries:
        os.makedirs(low + os.path.dirname(path), exist_ok=True)
        shutil.copy(os.path.realpath(path), low + path)
    with open(low + '/etc/passwd', 'w') as f:
        f.write('root:x:0:0::/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\n')
    with open(low + '/etc/group', 'w') as f:
        f.write('root:x:0:\nann:x:1000:\nfriends:x:2000:bob,ann\n')
    with open(low + '/etc/profile', 'w') as f:
        f.write('PATH=/usr/bin:/bin\nexport PATH\nPS1="\\$ "\nfor i in /etc/profile.d/*.sh; do . $i; done\n')
    with open(low + '/lower-only', 'w') as f:
        f.write('hidden')
    os.chmod(low + '/tmp', 0o1777)
    os.makedirs(high + '/etc/profile.d')
    with open(high + '/etc/profile.d/image.sh', 'w') as f:
        f.write('export FROM_PROFILE=yes\n')
    os.mknod(high + '/lower-only', 0o600 | 0o020000, os.makedev(0, 0))  # a whiteout
    os.makedirs(high + '/bin')
    shutil.copy(PROBE, high + '/bin/probe')
    return [low, high]


class World:
    """Folders, settings and the agent's process; one at a time."""

    def __init__(self, **settings):
        self.tag = f't{os.getpid()}'
        self.run = f'/run/ttob-{self.tag}'
        self.base = tempfile.mkdtemp(prefix='ttob-test-')
        self.layers = make_layers(self.base + '/image')
        images = {
            IMAGE: {'layers': self.layers, 'env': ['GREETING=hello there', "PATH=/bin:/usr/bin:/it's/here"]},
            BARE: {'layers': [self.base + '/bare'], 'shell': False},
            AS_USER: {'layers': self.layers, 'user': 'ann', 'working_dir': '/home/ann', 'env': ['PATH=/bin']},
        }
        os.makedirs(self.base + '/bare/bin')
        shutil.copy(PROBE, self.base + '/bare/bin/probe')
        with open(self.base + '/images.json', 'w') as f:
            json.dump(images, f)
        self.environment = dict(
            os.environ, TTOB_AGENT_SOCKET=self.run + '/agent.sock', TTOB_AGENT_STATE_DIR=self.base + '/state',
            TTOB_AGENT_RUN_DIR=self.run, TTOB_IMAGE_TEST_FILE=self.base + '/images.json', TTOB_SANDBOX_CGROUP='ttob-' + self.tag,
            TTOB_SANDBOX_ID_BASE=str(0x40000000), TTOB_NETWORK_NAME='tt' + str(os.getpid())[-5:],
            TTOB_NETWORK_POOL='198.19.64.0/20', **{'TTOB_' + k: str(v) for k, v in settings.items()})
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
                    raise RuntimeError('the agent does not come up: ' + open(self.base + '/agent.log').read())
                time.sleep(0.01)

    def kill(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        code = self.process.wait(WAIT)
        end = time.monotonic() + WAIT
        while self.helpers() and time.monotonic() < end:
            time.sleep(0.001)
        assert not self.helpers(), 'a helper process has outlived the agent'
        return code

    def helpers(self):
        """Processes of the agent's program with our settings."""
        found = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                if os.readlink(f'/proc/{pid}/exe') == AGENT and self.run.encode() in open(f'/proc/{pid}/environ', 'rb').read():
                    found.append(pid)
            except OSError:
                pass
        return found

    def down(self):
        """Ends all sandboxes and the agent; gives its exit code."""
        client = self.client()
        client.ask('agent.shutdown', sandboxes=True)
        client.socket.close()
        return self.process.wait(WAIT)

    def remove(self):
        if self.process is None or self.process.poll() is not None:
            self.up()
        self.down()
        self.log.close()
        if os.environ.get('KEEP') is None:
            shutil.rmtree(self.base, ignore_errors=True)
            shutil.rmtree(self.run, ignore_errors=True)
        parent = 'ttob-' + self.tag
        for tree in [''] + os.listdir('/sys/fs/cgroup'):
            try:
                os.rmdir(os.path.join('/sys/fs/cgroup', tree, parent))
            except OSError:
                pass

    def cgroups(self):
        found = []
        for tree in [''] + os.listdir('/sys/fs/cgroup'):
            folder = os.path.join('/sys/fs/cgroup', tree, 'ttob-' + self.tag)
            if os.path.isdir(folder):
                found += [os.path.join(folder, name) for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name))]
        return found

    def cgroup_keys(self):
        return {os.path.basename(path) for path in self.cgroups()}

    def processes(self):
        """All that live in a control group of ours, or with ids of a sandbox."""
        found = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/cgroup') as f:
                    inside = 'ttob-' + self.tag in f.read()
                if inside:
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def left(self):
        """What of all sandboxes is still there, besides the agent itself."""
        pid = self.process.pid
        agent_runs = self.process.poll() is None
        with open('/proc/self/mountinfo') as f:
            host_mounts = [line for line in f if self.run in line or self.base in line]
        own_mounts = []
        descriptors = []
        children = []
        if agent_runs:
            with open(f'/proc/{pid}/mountinfo') as f:
                own_mounts = [line for line in f if self.run + '/sandboxes' in line]
            for fd in os.listdir(f'/proc/{pid}/fd'):
                if int(fd) <= 2:
                    continue  # its own log, which a test runner reads through a pipe
                if int(fd) <= 2:
                    continue
                try:
                    target = os.readlink(f'/proc/{pid}/fd/{fd}')
                except OSError:
                    continue
                if 'ptmx' in target or 'pidfd' in target or 'pipe' in target:
                    descriptors.append(target)
            with open(f'/proc/{pid}/task/{pid}/children') as f:
                children = f.read().split()
        links = [name for name in os.listdir('/sys/class/net') if name.startswith(self.environment['TTOB_NETWORK_NAME'])]
        folders = []
        for folder in ('/sandboxes', '/runtime'):
            if os.path.isdir(self.run + folder):
                folders += os.listdir(self.run + folder)
        return {'host mounts': host_mounts, 'agent mounts': own_mounts, 'cgroups': self.cgroups(), 'processes': self.processes(),
                'descriptors': descriptors, 'children': children, 'links': links, 'folders': folders}


class Client:
    def __init__(self, path, hello=True):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.socket.settimeout(WAIT)
        self.count = 0
        self.events = []
        self.answers = {}
        self.hello = self.ask('hello', version=1) if hello else None

    def send(self, op, fds=(), **fields):
        self.count += 1
        fields.update(id=self.count, op=op)
        self.send_raw(json.dumps(fields).encode(), fds)
        return self.count

    def send_raw(self, data, fds=()):
        if fds:
            socket.send_fds(self.socket, [data], list(fds))
        else:
            self.socket.send(data)

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
        return body

    def wait(self, n):
        while n not in self.answers:
            self.receive()
        return self.answers.pop(n)

    def ask(self, op, fds=(), **fields):
        return self.wait(self.send(op, fds, **fields))

    def event(self, name, **fields):
        while True:
            for i, event in enumerate(self.events):
                if event['event'] == name and all(event.get(k) == v for k, v in fields.items()):
                    return self.events.pop(i)
            self.receive()

    def send_start(self, name, **fields):
        arguments = dict(sandbox=name, image=IMAGE, cols=100, rows=30, limits=LIMITS, network=False)
        arguments.update(fields)
        return self.send('sandbox.start', **arguments)

    def start(self, name, **fields):
        answer = self.wait(self.send_start(name, **fields))
        if 'error' in answer:
            raise AssertionError(f'{name} does not start: {answer["error"]}')
        return Terminal(answer['fds'][0])

    def stop(self, name, reason='test'):
        answer = self.ask('sandbox.stop', sandbox=name, reason=reason)
        assert answer['result'] == {}, answer

    def names(self):
        found, after = [], {}
        while True:
            page = self.ask('sandbox.list', **after)['result']
            found += [s['sandbox'] for s in page['sandboxes']]
            if not page['more']:
                return found
            after = {'after': found[-1]}


class Terminal:
    def __init__(self, fd):
        self.fd = fd
        self.seen = b''

    def type(self, text):
        os.write(self.fd, text.encode())

    def until(self, mark):
        """Reads until the mark has come; gives what came before it."""
        end = time.monotonic() + WAIT
        while mark.encode() not in self.seen:
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f'{mark!r} does not come; there is {self.seen!r}')
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b''
            if not data:
                raise AssertionError(f'the terminal ended before {mark!r}: {self.seen!r}')
            self.seen += data
        before, _, self.seen = self.seen.partition(mark.encode())
        return before.decode(errors='replace').replace('\r\n', '\n')

    def rest(self):
        """All until the end of the terminal."""
        while True:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b''
            if not data:
                return self.seen.decode(errors='replace').replace('\r\n', '\n')
            self.seen += data

    def run(self, command):
        """What a command prints, without its echo."""
        self.type(f'echo @"BEGIN"@; {command}; echo @"END"@\n')
        self.until('@BEGIN@')
        return self.until('@END@').strip('\n')

    def close(self):
        os.close(self.fd)


class Case(unittest.TestCase):
    settings = {}
    maxDiff = None

    def setUp(self):
        self.world = World(**self.settings)
        self.addCleanup(self.world.remove)
        self.client = self.world.up()

    def assertNothingLeft(self):
        """Waits for what may take a moment (an orphan is reaped after a second), then insists."""
        end = time.monotonic() + WAIT
        while any(self.world.left().values()) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(self.world.left(), {key: [] for key in self.world.left()})


def main():
    warnings.simplefilter('ignore', ResourceWarning)
    unittest.main(warnings='ignore', argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
