#!/usr/bin/env python3
"""Start, use, share, measure and end."""
import os
import time

from harness import AS_USER, BARE, IMAGE, LIMITS, Case, Terminal, main


class Life(Case):
    def test_shell_from_start_to_exit(self):
        tty = self.client.start('one')
        self.assertEqual(self.world.left()['agent mounts'], [])  # only the sandbox itself holds its mounts
        self.assertEqual(tty.run('stty size'), '30 100')
        self.assertEqual(tty.run('echo $TERM $LANG $HOME $PWD'), 'xterm-256color C.UTF-8 /root /')
        self.assertEqual(tty.run('echo "$GREETING" $FROM_PROFILE'), 'hello there yes')
        self.assertEqual(tty.run('shopt -q login_shell && echo login'), 'login')
        self.assertEqual(tty.run('cat /etc/hostname'), 'sandbox')
        self.assertIn('127.0.0.1\tlocalhost', tty.run('cat /etc/hosts'))
        self.assertEqual(tty.run('ls /lower-only 2>/dev/null | head -1'), '')  # the upper layer hides it
        tty.type('exit 7\n')
        event = self.client.event('sandbox.ended')
        self.assertEqual((event['sandbox'], event['reason'], event['exit_code']), ('one', 'exited', 7))
        tty.rest()
        tty.close()
        self.assertNothingLeft()

    def test_path_of_the_image_survives_the_profile(self):
        tty = self.client.start('path')
        self.assertEqual(tty.run('echo $PATH'), "/bin:/usr/bin:/it's/here")

    def test_user_and_folder_of_the_image(self):
        tty = self.client.start('ann', image=AS_USER)
        self.assertEqual(tty.run('id -u; id -g; id -G; echo $HOME; echo $PWD'), '1000\n1000\n1000 2000\n/home/ann\n/home/ann')
        self.assertEqual(tty.run('echo no > /etc/hosts || echo denied').split('\n')[-1], 'denied')

    def test_command_and_environment(self):
        tty = self.client.start('cmd', command=['/bin/env'], env={'GREETING': 'other', 'EXTRA': 'a=b "c"'})
        lines = tty.rest().split('\n')
        self.assertIn('GREETING=other', lines)
        self.assertIn('EXTRA=a=b "c"', lines)
        self.assertEqual(self.client.event('sandbox.ended')['exit_code'], 0)

    def test_quick_command_still_answers(self):
        for i in range(5):
            tty = self.client.start(f'quick{i}', command=['/bin/sh', '-c', 'echo said; exit 5'])
            self.assertIn('said', tty.rest())
            self.assertEqual(self.client.event('sandbox.ended', sandbox=f'quick{i}')['exit_code'], 5)
            tty.close()
        self.assertNothingLeft()

    def test_image_without_a_shell(self):
        n = self.client.send_start('bare', image=BARE)
        error = self.client.wait(n)['error']
        self.assertEqual(error['kind'], 'unsupported')
        self.assertIn('no shell', error['message'])
        tty = self.client.start('bare', image=BARE, command=['/bin/probe'])
        self.assertIn('clone_plain 0', tty.rest())

    def test_what_cannot_start(self):
        client = self.client
        self.assertEqual(client.wait(client.send_start('a', image='sha256:' + 'f' * 64))['error']['kind'], 'not_found')
        error = client.wait(client.send_start('a', command=['/bin/nowhere']))['error']
        self.assertIn('/bin/nowhere', error['message'])
        client.start('a')
        self.assertEqual(client.wait(client.send_start('a'))['error']['kind'], 'conflict')
        client.stop('a')
        self.assertNothingLeft()

    def test_stop_in_every_state_and_twice(self):
        client = self.client
        asked = [client.send_start(f's{i}') for i in range(12)]
        stops = [client.send('sandbox.stop', sandbox=f's{i}', reason='early') for i in range(12)]
        for n in stops:
            self.assertEqual(client.wait(n)['result'], {})
        for n in asked:
            answer = client.wait(n)
            if 'error' in answer:
                self.assertEqual(answer['error']['kind'], 'cancelled')
            else:
                os.close(answer['fds'][0])
        client.stop('s0')
        client.stop('never-was')
        self.assertEqual(client.names(), [])
        self.assertNothingLeft()

    def test_stop_tells_its_reason_and_ends_all_processes(self):
        tty = self.client.start('busy')
        tty.run('(sleep 1000 & sleep 1000 &) ; (trap "" TERM HUP INT; sleep 1000 &) ; true')
        self.assertGreaterEqual(len(self.world.processes()), 4)
        self.client.stop('busy', 'idle')
        event = self.client.event('sandbox.ended')
        self.assertEqual((event['reason'], event['exit_code']), ('idle', 137))
        tty.rest()
        self.assertNothingLeft()

    def test_more_terminals(self):
        client = self.client
        first = client.start('many', image=AS_USER)
        second = Terminal(client.ask('sandbox.exec', sandbox='many', terminal=2, cols=90, rows=20)['fds'][0])
        self.assertEqual(second.run('stty size; id -un; echo $PWD; tty'), '20 90\nann\n/home/ann\n/dev/pts/1')
        self.assertEqual(second.run('grep -E "^(Seccomp|NoNewPrivs|CapEff):" /proc/self/status').split(),
                         ['CapEff:', '0000000000000000', 'NoNewPrivs:', '1', 'Seccomp:', '2'])
        self.assertEqual(client.ask('sandbox.exec', sandbox='many', terminal=2, cols=90, rows=20)['error']['kind'], 'conflict')
        self.assertEqual(client.ask('sandbox.list')['result']['sandboxes'][0]['terminals'], [1, 2])
        second.type('exit\n')
        self.assertEqual(client.event('terminal.ended')['terminal'], 2)
        self.assertEqual(client.ask('sandbox.list')['result']['sandboxes'][0]['terminals'], [1])
        opened = [client.ask('sandbox.exec', sandbox='many', terminal=n, cols=80, rows=24) for n in range(2, 18)]
        self.assertEqual([o['error']['kind'] for o in opened if 'error' in o], ['rate_limited'])
        first.type('exit\n')
        client.event('sandbox.ended')
        self.assertNothingLeft()
        self.assertEqual(client.ask('sandbox.exec', sandbox='many', terminal=2, cols=9, rows=9)['error']['kind'], 'not_found')

    def test_attach_gives_the_same_terminal(self):
        tty = self.client.start('one')
        tty.run('here=1')
        tty.close()
        other = self.world.client()
        again = Terminal(other.ask('sandbox.attach', sandbox='one', terminal=1)['fds'][0])
        self.assertEqual(again.run('echo $here'), '1')
        self.assertEqual(other.ask('sandbox.attach', sandbox='one', terminal=2)['error']['kind'], 'not_found')
        other.socket.close()  # its sandboxes go on
        self.assertEqual(again.run('echo still'), 'still')

    def test_usage(self):
        tty = self.client.start('one')
        before = self.client.ask('sandbox.usage', sandboxes=['one', 'none', '../..'])['result']['usage']
        self.assertEqual(list(before), ['one'])
        tty.run('dd if=/dev/zero of=/file bs=1M count=20 2>/dev/null; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done')
        after = self.client.ask('sandbox.usage', sandboxes=['one'])['result']['usage']['one']
        self.assertGreater(after['memory'], before['one']['memory'] + (19 << 20))
        self.assertEqual(after['memory_limit'], LIMITS['memory'])
        self.assertGreater(after['cpu_us'], before['one']['cpu_us'])
        self.assertEqual(after['pids'], 1)

    def test_events_reach_everyone(self):
        other = self.world.client()
        self.client.start('one')
        self.client.stop('one')
        self.assertEqual(other.event('sandbox.ended')['sandbox'], 'one')

    def test_pool(self):
        client = self.client
        same = dict(image=IMAGE, limits=LIMITS, network=False)
        self.assertEqual(client.ask('pool.set', count=2, **same)['result'], {})
        self.wait_for_prepared(2)
        self.assertEqual(client.names(), [])  # nobody's yet
        for i in range(3):
            answer = client.wait(client.send_start(f'p{i}', cols=77, rows=11))
            self.assertEqual(answer['result']['pooled'], i < 2)
            tty = Terminal(answer['fds'][0])
            self.assertEqual(tty.run('stty size; echo $GREETING'), '11 77\nhello there')
        answer = client.wait(client.send_start('own', env={'A': 'b'}))
        self.assertFalse(answer['result']['pooled'])
        answer = client.wait(client.send_start('other', limits=dict(LIMITS, pids=63)))
        self.assertFalse(answer['result']['pooled'])
        self.wait_for_prepared(2)  # filled up again
        client.ask('pool.set', count=0, **same)
        self.wait_for_prepared(0)
        for name in client.names():
            client.stop(name)
        self.assertEqual(client.ask('test.uses', image=IMAGE)['result']['uses'], 0)
        self.assertNothingLeft()

    def wait_for_prepared(self, count):
        while len(self.world.cgroup_keys()) - len(self.client.names()) != count or self.world.left()['children'] is None:
            time.sleep(0.02)
        time.sleep(0.3)  # the runtime comes back a moment after the group is there

    def test_ids_and_uses_are_given_back(self):
        for i in range(12):  # more than the ranges that there are
            self.client.start(f'i{i}').close()
            self.client.stop(f'i{i}')
        self.assertEqual(self.client.ask('test.uses', image=IMAGE)['result']['uses'], 0)

    settings = {'SANDBOX_ID_RANGES': 8}

    def test_no_more_than_there_are_ids(self):
        started = [self.client.wait(self.client.send_start(f'f{i}')) for i in range(9)]
        self.assertEqual([a['error']['kind'] for a in started if 'error' in a], ['unavailable'])

    def test_two_hundred_leave_nothing(self):
        for batch in range(25):
            asked = [self.client.send_start(f'b{batch}-{i}') for i in range(8)]
            for i, n in enumerate(asked):
                answer = self.client.wait(n)
                self.assertNotIn('error', answer)
                os.close(answer['fds'][0])
            for i in range(8):
                self.client.stop(f'b{batch}-{i}')
        self.assertEqual(self.client.ask('test.uses', image=IMAGE)['result']['uses'], 0)
        self.assertNothingLeft()


class Network(Case):
    def test_only_with_network(self):
        tty = self.client.start('off')
        self.assertEqual([line.split(':')[0].strip() for line in tty.run('cat /proc/net/dev').split('\n')[2:]], ['lo'])
        tty = self.client.start('on', network=True)
        self.assertIn('eth0', tty.run('cat /proc/net/dev'))
        self.assertIn('nameserver', tty.run('cat /etc/resolv.conf'))
        for name in ('off', 'on'):
            self.client.stop(name)
        self.assertNothingLeft()


if __name__ == '__main__':
    main()
