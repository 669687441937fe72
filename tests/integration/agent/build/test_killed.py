#!/usr/bin/env python3
"""The program of each step of a build, or the agent itself, is killed in the middle of it: a plain failure, and nothing stays."""
import unittest

from harness import *

world = client = None
STEPS = ('unpack', 'base', 'run', 'push')
PROGRAMS = {'unpack': 'bsdtar', 'base': 'skopeo', 'run': 'buildah', 'push': 'skopeo'}


def setUpModule():
    global world, client
    world = World()
    client = world.up()
    world.ensure_base(client)
    fill = {'Dockerfile': 'FROM scratch\nCOPY big /big\n', 'big': os.urandom(48 << 20)}
    if client.build('fat', fill).state != 'succeeded':
        raise RuntimeError('no base to bring')


def tearDownModule():
    world.remove()


def gone():
    """What is left after a moment: who was adopted by the machine's process 1 waits for it."""
    end = time.monotonic() + 60
    while world.left() != NOTHING and time.monotonic() < end:
        time.sleep(0.05)
    return world.left()


def programs(name):
    """Those of builds of that name, by pid."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/status') as f:
                uid = int(f.read().split('\nUid:')[1].split()[0])
            with open(f'/proc/{pid}/cmdline', 'rb') as f:
                command = f.read().split(b'\0')[0]
        except (OSError, IndexError):
            continue
        if IDS <= uid < IDS + 65536 * 16 and command == b'/usr/bin/' + name.encode():
            found.append(int(pid))
    return found


class Killed(unittest.TestCase):
    def setUp(self):
        if world.process.poll() is not None:
            globals()['client'] = world.up()
        self.assertEqual(gone(), NOTHING)
        self.held = []

    def tearDown(self):
        for fd in self.held:
            os.close(fd)
        self.assertEqual(gone(), NOTHING)

    def pipe_without_end(self):
        reader, writer = os.pipe()
        self.held += [reader, writer]
        return reader

    def caught_at(self, step, name):
        """A build that is in the middle of that step, its program running."""
        for attempt in range(20):
            if step == 'unpack':
                build = client.start(f'{name}{attempt}', self.pipe_without_end())
            elif step == 'base':
                bases = world.base + '/state/build/bases'
                for file in os.listdir(bases):
                    os.unlink(f'{bases}/{file}')
                build = client.start(f'{name}{attempt}', dockerfile('COPY Dockerfile /x', base='taste/fat:b1'))
            elif step == 'run':
                build = client.start(f'{name}{attempt}', dockerfile('RUN sleep 1000'))
            else:
                build = client.start(f'{name}{attempt}', {'Dockerfile': 'FROM scratch\nCOPY big /big\n', 'big': os.urandom(48 << 20)})
            end = time.monotonic() + WAIT
            while build.ended.state is None and time.monotonic() < end:
                build.step(0.01)
                pids = programs(PROGRAMS[step])
                if pids and (step != 'push' or 'push' in build.ended.stages):
                    return build, pids
            build.wait()  # it was over before it was seen
        raise RuntimeError(f'no build was seen at {step}')

    def test_the_program_of_each_step(self):
        for step in STEPS:
            with self.subTest(step):
                for attempt in range(20):
                    build, pids = self.caught_at(step, f'program-{step}-{attempt}-')
                    for pid in pids:
                        try:
                            os.kill(pid, signal.SIGKILL)
                        except ProcessLookupError:
                            pass
                    ended = build.wait()
                    if ended.state != 'succeeded':  # else it was over just before
                        break
                self.assertEqual(ended.state, 'failed')
                self.assertTrue(ended.error)
                self.assertEqual(gone(), NOTHING)
        self.assertEqual(client.build('after-programs', dockerfile('RUN true')).state, 'succeeded')

    def test_the_agent_at_each_step(self):
        for step in STEPS:
            with self.subTest(step):
                build, _ = self.caught_at(step, 'agent-' + step)
                world.stop(signal.SIGKILL)
                build.close_log()
                self.assertNotEqual(world.left(), NOTHING)
                client.close()
                globals()['client'] = world.up()
                self.assertEqual(gone(), NOTHING)
                self.assertEqual(client.build('after-' + step, dockerfile('RUN true')).state, 'succeeded')

    def test_the_agent_is_stopped_at_each_step(self):
        for step in STEPS:
            with self.subTest(step):
                build, _ = self.caught_at(step, 'stop-' + step)
                self.assertEqual(world.stop(), 0, world.agent_log()[-2000:])
                build.close_log()
                client.close()
                self.assertEqual(gone(), NOTHING)
                globals()['client'] = world.up()


if __name__ == '__main__':
    main()
