#!/usr/bin/env python3
"""The same agent with another OCI runtime."""
import signal
import time

from harness import IMAGE, LIMITS, Case, Terminal, main


class Runc(Case):
    settings = {'SANDBOX_RUNTIME': '/usr/bin/runc'}

    def test_life(self):
        self.assertEqual(self.client.hello['result']['runtime'], '/usr/bin/runc')
        tty = self.client.start('one')
        self.assertEqual(tty.run('stty size; echo $GREETING; id -u'), '30 100\nhello there\n0')
        second = Terminal(self.client.ask('sandbox.exec', sandbox='one', terminal=2, cols=80, rows=24)['fds'][0])
        self.assertEqual(second.run('echo second; grep Seccomp: /proc/self/status'), 'second\nSeccomp:\t2')
        second.type('exit\n')
        self.client.event('terminal.ended')
        tty.type('exit 9\n')
        self.assertEqual(self.client.event('sandbox.ended')['exit_code'], 9)
        self.assertNothingLeft()

    def test_closed_calls(self):
        found = dict(line.split() for line in self.client.start('probe').run('/bin/probe').split('\n'))
        for name in ('keyctl', 'bpf', 'unshare_user', 'clone_user', 'mount', 'setns', 'io_uring_setup', 'mknod_disk', 'read:/proc/kcore'):
            self.assertNotEqual(found[name], '0', name)
        self.assertEqual(found['clone_plain'], '0')

    def test_pool_network_memory_and_restart(self):
        client = self.client
        tty = client.start('memory', limits=dict(LIMITS, memory=64 << 20))
        tty.type('exec tail /dev/zero\n')
        self.assertEqual(client.event('sandbox.ended')['reason'], 'memory')
        tty = client.start('net', network=True)
        self.assertIn('eth0', tty.run('cat /proc/net/dev'))
        self.world.kill(signal.SIGKILL)
        client = self.world.up()
        self.assertEqual(client.names(), ['net'])
        self.assertEqual(tty.run('echo there'), 'there')
        client.stop('net')
        client.ask('pool.set', image=IMAGE, limits=LIMITS, network=False, count=1)
        pooled = False
        for i in range(100):
            time.sleep(0.2)  # it is filled only while nobody asks
            answer = client.wait(client.send_start(f'p{i}'))
            Terminal(answer['fds'][0]).close()
            client.stop(f'p{i}')
            pooled = answer['result']['pooled']
            if pooled:
                break
        self.assertTrue(pooled)
        client.ask('pool.set', image=IMAGE, limits=LIMITS, network=False, count=0)
        self.assertNothingLeft()


if __name__ == '__main__':
    main()
