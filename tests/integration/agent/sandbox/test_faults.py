#!/usr/bin/env python3
"""Death at any moment: of the agent, of the runtime, of a sandbox's first process."""
import os
import random
import signal
import time

from harness import IMAGE, LIMITS, Case, Terminal, main


class Faults(Case):
    def test_sandboxes_outlive_the_agent(self):
        for how in (signal.SIGKILL, signal.SIGTERM):
            name = 'kept' if how == signal.SIGKILL else 'kept-again'
            tty = self.client.start(name)
            second = Terminal(self.client.ask('sandbox.exec', sandbox=name, terminal=2, cols=80, rows=24)['fds'][0])
            tty.run('mark=before; (sleep 1; echo later > /later) & true')
            code = self.world.kill(how)
            self.assertEqual(code, -9 if how == signal.SIGKILL else 0)
            self.assertEqual(tty.run('echo $mark'), 'before')  # nobody noticed
            self.client = self.world.up()
            self.assertIn(name, self.client.names())
            self.assertEqual([s['terminals'] for s in self.client.ask('sandbox.list')['result']['sandboxes'] if s['sandbox'] == name],
                             [[1, 2]])
            self.assertEqual(self.client.ask('sandbox.attach', sandbox=name, terminal=1)['error']['kind'], 'unavailable')
            self.assertEqual(self.client.ask('sandbox.adopt', fds=[tty.fd], sandbox=name, terminal=1)['result'], {})
            again = Terminal(self.client.ask('sandbox.attach', sandbox=name, terminal=1)['fds'][0])
            self.assertEqual(again.run('echo $mark'), 'before')
            third = Terminal(self.client.ask('sandbox.exec', sandbox=name, terminal=3, cols=80, rows=24)['fds'][0])
            self.assertEqual(third.run('echo third'), 'third')
            second.type('exit\n')
            self.assertEqual(self.client.event('terminal.ended')['terminal'], 2)
        again.type('exit 3\n')
        event = self.client.event('sandbox.ended')
        self.assertEqual((event['sandbox'], event['reason']), ('kept-again', 'exited'))
        self.assertIn(event['exit_code'], (3, None))  # null before Linux 6.15
        self.client.stop('kept')
        self.assertNothingLeft()

    def test_adopt_takes_only_terminals(self):
        self.client.start('one')
        read, write = os.pipe()
        self.assertEqual(self.client.ask('sandbox.adopt', fds=[read], sandbox='one', terminal=1)['error']['kind'], 'invalid')
        self.assertEqual(self.client.ask('sandbox.adopt', sandbox='one', terminal=1)['error']['kind'], 'invalid')

    def test_ended_while_no_agent_looked(self):
        tty = self.client.start('gone')
        self.world.kill()
        tty.type('exit\n')
        tty.rest()
        self.client = self.world.up()
        self.assertEqual(self.client.names(), [])
        self.assertNothingLeft()

    def test_foreign_state_is_not_trusted(self):
        """A state file that names a process of somebody else must not get that process killed."""
        tty = self.client.start('one')
        self.world.kill()
        victim = os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '1000')
        self.addCleanup(os.waitpid, victim, 0)
        self.addCleanup(os.kill, victim, signal.SIGKILL)
        key = os.listdir(self.world.run + '/sandboxes')[0]
        path = f'{self.world.run}/sandboxes/{key}/state.json'
        with open(path) as f:
            text = f.read()
        pid = text.split('"pid":')[1].split(',')[0]
        with open(path, 'w') as f:
            f.write(text.replace(f'"pid":{pid}', f'"pid":{victim}'))
        self.client = self.world.up()
        self.assertNothingLeft()
        os.kill(victim, 0)
        self.assertEqual(open(f'/proc/{victim}/stat').read().split()[2], 'S')
        tty.close()

    def test_broken_state_files(self):
        for text in ('', '{', '[]', '{"format": 99}', '{"format": 1, "sandbox": "../../etc", "image": "x", "limits": {}}', '\0' * 5000):
            self.client.start('one').close()
            self.world.kill()
            key = os.listdir(self.world.run + '/sandboxes')[0]
            with open(f'{self.world.run}/sandboxes/{key}/state.json', 'w') as f:
                f.write(text)
            self.client = self.world.up()
            self.assertNothingLeft()

    def test_killed_at_any_moment(self):
        dice = random.Random(20261122)
        for turn in range(20):
            for i in range(8):
                self.client.send_start(f't{turn}-{i}')
            if turn % 3 == 0:
                self.client.send('pool.set', image=IMAGE, limits=LIMITS, network=False, count=3)
            if turn % 4 == 1:
                for i in range(0, 8, 2):
                    self.client.send('sandbox.stop', sandbox=f't{turn}-{i}', reason='test')
            time.sleep(dice.random() * 0.15)
            self.world.kill()
            self.client.socket.close()
            self.client = self.world.up()
            for name in self.client.names():
                # Whatever is said to run can be used.
                tty = Terminal(self.client.ask('sandbox.exec', sandbox=name, terminal=2, cols=80, rows=24)['fds'][0])
                self.assertEqual(tty.run('echo here'), 'here')
                tty.close()
                self.client.stop(name)
            self.assertNothingLeft()

    def test_runtime_killed(self):
        killed = 0
        for turn in range(20):
            n = self.client.send_start(f'k{turn}')
            end = time.monotonic() + (turn % 10) * 0.002
            children = f'/proc/{self.world.process.pid}/task/{self.world.process.pid}/children'
            while True:
                for pid in open(children).read().split():
                    try:
                        if time.monotonic() >= end and b'--root' in open(f'/proc/{pid}/cmdline', 'rb').read():
                            os.kill(int(pid), signal.SIGKILL)
                    except OSError:
                        pass
                self.client.socket.settimeout(0.0005)
                try:
                    self.client.receive()
                except TimeoutError:
                    continue
                finally:
                    self.client.socket.settimeout(60)
                if n in self.client.answers:
                    break
            answer = self.client.wait(n)
            killed += 'error' in answer
            self.client.stop(f'k{turn}')
        self.assertGreater(killed, 0)
        self.assertNothingLeft()

    def test_first_process_killed_from_outside(self):
        tty = self.client.start('shot')
        tty.run('sleep 1000 & sleep 1000 & true')
        os.kill(min(self.world.processes()), signal.SIGKILL)
        event = self.client.event('sandbox.ended')
        self.assertEqual((event['reason'], event['exit_code']), ('exited', 137))
        self.assertNothingLeft()

    def test_shutdown_with_everything(self):
        self.client.ask('pool.set', image=IMAGE, limits=LIMITS, network=False, count=2)
        ttys = [self.client.start(f'd{i}') for i in range(5)]
        self.client.ask('agent.shutdown', sandboxes=True)
        for i in range(5):
            self.assertEqual(self.client.event('sandbox.ended', sandbox=f'd{i}')['reason'], 'shutdown')
        self.assertEqual(self.world.process.wait(60), 0)
        for tty in ttys:
            tty.rest()
        self.assertNothingLeft()
        self.assertFalse(os.path.exists(self.world.run + '/agent.sock'))

    def test_only_one_agent(self):
        first = self.world.process
        self.world.process = None
        import subprocess
        from harness import AGENT
        second = subprocess.run([AGENT], env=self.world.environment, capture_output=True, text=True, timeout=60)
        self.world.process = first
        self.assertEqual(second.returncode, 1)
        self.assertIn('already', second.stderr)
        self.assertEqual(self.client.names(), [])


if __name__ == '__main__':
    main()
