"""A small internet for a test: a network namespace of the test's own, and behind it another one with a server on a public address."""
import ctypes
import os
import signal
import subprocess
import time

PUBLIC, HOST, GATEWAY = '93.184.216.34', '198.51.100.2', '198.51.100.1'
NEWNET, PR_SET_PDEATHSIG = 0x40000000, 1


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, **more).stdout.strip()


def unshare_network():
    if ctypes.CDLL(None, use_errno=True).unshare(NEWNET) < 0:
        raise OSError(ctypes.get_errno(), 'unshare')


def make_certificate(folder):
    run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
        '/CN=world', '-addext', f'subjectAltName=IP:{PUBLIC},IP:{HOST}', '-keyout', folder + '/key.pem', '-out', folder + '/ca.pem')


class Outside:
    """`serve` runs in a child, in a network of its own behind PUBLIC, and calls what it is given once it serves. With `apart` the caller's process
    moves into a network of its own first, in which all ways lead there; without, this machine's way to PUBLIC alone leads there until the end."""

    def __init__(self, serve, apart=True):
        if apart:
            unshare_network()
            run('ip', 'link', 'set', 'lo', 'up')
        reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.child(serve, writer)
            finally:
                os._exit(1)
        os.close(writer)
        os.read(reader, 1)
        run('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'out0', 'netns', f'/proc/{self.pid}/ns/net')
        run('ip', 'addr', 'add', HOST + '/30', 'dev', 'up0')
        run('ip', 'link', 'set', 'up0', 'up')
        enter = ['nsenter', '-t', str(self.pid), '-n', 'ip']
        for words in (['link', 'set', 'lo', 'up'], ['addr', 'add', GATEWAY + '/30', 'dev', 'out0'], ['link', 'set', 'out0', 'up'],
                      ['addr', 'add', PUBLIC + '/32', 'dev', 'lo']):
            run(*enter, *words)
        run('ip', 'route', 'add', 'default' if apart else PUBLIC, 'via', GATEWAY)
        if os.read(reader, 1) != b'y':
            raise RuntimeError('the server outside does not come up')
        os.close(reader)

    @staticmethod
    def child(serve, writer):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        unshare_network()
        os.write(writer, b'x')
        while PUBLIC not in run('ip', 'addr'):
            time.sleep(0.02)
        serve(lambda: os.write(writer, b'y'))

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
