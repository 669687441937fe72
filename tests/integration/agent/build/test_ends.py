#!/usr/bin/env python3
"""However a build ends, nothing of it stays: cancel, a lost reader, a lost caller, a killed buildah, a killed agent."""
import unittest

from harness import *

world = client = None
SLEEPS = dockerfile('RUN echo sleeping; sleep 1000')


def setUpModule():
    global world, client
    world = World()
    client = world.up()
    world.ensure_base(client)


def tearDownModule():
    world.remove()


def gone(check):
    """Waits until nothing is left (of what ends by itself), and gives what is."""
    end = time.monotonic() + 60
    while check() != NOTHING and time.monotonic() < end:
        time.sleep(0.05)
    return check()


class Ends(unittest.TestCase):
    def setUp(self):
        if world.process.poll() is not None:
            globals()['client'] = world.up()
        self.assertEqual(world.left(), NOTHING)

    def tearDown(self):
        self.assertEqual(gone(world.left), NOTHING)

    def test_cancel(self):
        build = client.start('cancel', SLEEPS)
        build.until('sleeping')
        self.assertNotEqual(world.left(), NOTHING)
        self.assertNotIn('error', client.ask('build.cancel', build='cancel'))
        client.ask('build.cancel', build='cancel')
        self.assertEqual(build.wait().state, 'cancelled')
        self.assertEqual(client.ask('build.cancel', build='cancel')['error']['kind'], 'not_found')

    def test_cancel_at_any_time(self):
        for step in range(30):
            build = client.start(f'cancel{step}', dockerfile('RUN sleep 1'))
            end = time.monotonic() + step * 0.02
            while time.monotonic() < end:
                build.step(0.005)
            client.ask('build.cancel', build=f'cancel{step}')
            self.assertEqual(build.wait().state, 'cancelled')

    def test_the_reader_goes_away(self):
        build = client.start('unread', SLEEPS)
        build.until('sleeping')
        build.close_log()
        self.assertEqual(build.wait().state, 'cancelled')

    def test_a_reader_that_does_not_read(self):
        build = client.start('unheard', dockerfile('RUN yes | head -c 5000000'), seconds=10)
        while build.ended.state is None:
            if select.select([client.socket], [], [], 1)[0]:
                client.receive()
            log, build.log = build.log, None
            build.step(0)
            build.log = log
        build.close_log()
        self.assertEqual(build.ended.state, 'failed')

    def test_the_caller_goes_away(self):
        other = world.client()
        build = other.start('lost', SLEEPS)
        build.until('sleeping')
        other.close()
        self.assertEqual(gone(world.left), NOTHING)
        build.close_log()

    def test_buildah_is_killed(self):
        build = client.start('killed', SLEEPS)
        build.until('sleeping')
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/cmdline', 'rb') as f:
                    command = f.read().split(b'\0')
                with open(f'/proc/{pid}/status') as f:
                    ours = int(f.read().split('\nUid:')[1].split()[0]) >= IDS
            except (OSError, ValueError):
                continue
            if command[0] == b'/usr/bin/buildah' and ours:
                os.kill(int(pid), signal.SIGKILL)
        self.assertEqual(build.wait().state, 'failed')

    def test_no_descriptor_is_lost(self):
        client.build('before', dockerfile('RUN exit 1'))
        before = world.descriptors()
        for i in range(5):
            client.build('fds', dockerfile('RUN exit 1'))
            client.build('fds', dockerfile('RUN true'))
            client.build('fds', dockerfile(base='debian:nonesuch'))
        self.assertEqual(world.descriptors(), before)

    def test_the_agent_is_stopped(self):
        build = client.start('stopped', SLEEPS)
        build.until('sleeping')
        self.assertEqual(world.stop(), 0, world.agent_log())
        build.close_log()
        self.assertEqual(world.left(), NOTHING)
        tables = subprocess.run(['nft', 'list', 'tables'], capture_output=True, text=True).stdout
        self.assertNotIn(world.network, tables)
        self.assertFalse(any(os.path.isdir(f'/sys/fs/cgroup/{tree}/ttob-build-{world.tag}') for tree in os.listdir('/sys/fs/cgroup')))

    def test_the_agent_is_killed(self):
        build = client.start('orphan', SLEEPS)
        build.until('sleeping')
        world.stop(signal.SIGKILL)
        build.close_log()
        self.assertNotEqual(world.left(), NOTHING)
        globals()['client'] = world.up()
        self.assertEqual(gone(world.left), NOTHING)
        self.assertEqual(client.build('after', dockerfile('RUN true')).state, 'succeeded')

    def test_the_agent_is_killed_while_it_brings_a_base(self):
        shutil.rmtree(world.base + '/state/build/bases')
        world.stop()
        globals()['client'] = world.up()
        build = client.start('half', dockerfile('RUN true'))
        while not any(name.endswith('.new') for name in os.listdir(world.base + '/state/build/bases')):
            build.step(0.01)
        world.stop(signal.SIGKILL)
        build.close_log()
        globals()['client'] = world.up()
        self.assertEqual(gone(world.left), NOTHING)
        self.assertEqual(client.build('whole', dockerfile('RUN true')).state, 'succeeded')


if __name__ == '__main__':
    main()
