#!/usr/bin/env python3
"""What code in a sandbox can see and do: the threat model's list, asked from inside."""
import errno
import os
import re

from harness import LIMITS, Case, main

DENIED = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOENT, errno.ENXIO, errno.EROFS, errno.EAFNOSUPPORT}


class Isolation(Case):
    def test_system_calls_and_files(self):
        tty = self.client.start('probe')
        found = dict(line.split() for line in tty.run('/bin/probe').split('\n'))
        self.assertGreater(len(found), 50)
        allowed = {'clone_plain', 'socket_unix', 'socket_inet', 'chown', 'setuid', 'read:/proc/1/environ'}
        for name, code in found.items():
            if name in allowed:
                self.assertEqual(code, '0', name)
            else:
                self.assertIn(int(code), DENIED, name)
        self.assertEqual(int(found['clone3']), errno.ENOSYS)  # so that libc falls back
        self.assertEqual(int(found['setuid_back']), errno.EPERM)

    def test_identity(self):
        tty = self.client.start('id')
        inside, outside, count = map(int, tty.run('cat /proc/self/uid_map').split())
        self.assertEqual((inside, count), (0, 65536))
        self.assertGreaterEqual(outside, 0x40000000)
        self.assertEqual(tty.run('cat /proc/self/gid_map').split()[1], str(outside))
        status = dict(line.split(':', 1) for line in tty.run('cat /proc/self/status').split('\n'))
        capabilities = int(status['CapEff'], 16) | int(status['CapPrm'], 16) | int(status['CapBnd'], 16)
        docker = 0x00000000a80425fb
        self.assertEqual(capabilities & ~docker, 0)
        self.assertEqual(int(status['CapInh'], 16), 0)
        self.assertEqual(int(status['CapAmb'], 16), 0)
        self.assertEqual((status['NoNewPrivs'].strip(), status['Seccomp'].strip()), ('1', '2'))
        self.assertEqual(os.stat(f'/proc/{self.world.processes()[0]}').st_uid, outside)

    def test_ranges_differ(self):
        first = self.client.start('a').run('cat /proc/self/uid_map').split()[1]
        second = self.client.start('b').run('cat /proc/self/uid_map').split()[1]
        self.assertNotEqual(first, second)

    def test_namespaces(self):
        tty = self.client.start('ns')
        for name in ('user', 'pid', 'mnt', 'net', 'ipc', 'uts', 'cgroup'):
            inside = re.search(r'\[(\d+)\]', tty.run(f'ls -l /proc/self/ns/{name}')).group(1)
            self.assertNotEqual(inside, re.search(r'\[(\d+)\]', os.readlink(f'/proc/self/ns/{name}')).group(1), name)
        self.assertEqual(tty.run('echo $$'), '1')

    def test_mounts(self):
        tty = self.client.start('mnt')
        mounts = [line.split() for line in tty.run('cat /proc/mounts').split('\n')]
        self.assertNotIn(self.world.base, ' '.join(' '.join(m) for m in mounts))
        self.assertNotIn(self.world.run, ' '.join(' '.join(m) for m in mounts))
        for source, target, kind, options, *_ in mounts:
            self.assertIn(kind, ('overlay', 'proc', 'tmpfs', 'devpts', 'mqueue', 'sysfs', 'devtmpfs', 'cgroup2'), target)
            if kind == 'devtmpfs':  # single nodes, and the mask of files
                self.assertIn(target.split('/')[1], ('dev', 'proc', 'sys'))
            elif target not in ('/', '/proc') and not target.startswith(('/proc/', '/sys/', '/dev/console')):
                self.assertIn('nosuid', options.split(','), target)
            if target == '/':
                self.assertIn('nodev', options.split(','))
        self.assertEqual(tty.run('ls /sys/kernel /sys/firmware | grep -v :'), '')
        self.assertEqual(tty.run('touch /proc/sys/kernel/x 2>/dev/null || echo closed'), 'closed')

    def test_devices(self):
        tty = self.client.start('dev')
        self.assertEqual(set(tty.run('ls /dev').split()), {'console', 'core', 'fd', 'full', 'mqueue', 'null', 'ptmx', 'pts', 'random',
                                                           'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero'})
        self.assertEqual(tty.run('head -c 4 /dev/zero > /dev/null && echo fine'), 'fine')

    def test_layers_are_read_only_and_files_are_private(self):
        before = {name: os.stat(f'{self.world.layers[0]}/{name}').st_mtime_ns for name in ('etc/passwd', 'bin', 'etc', 'tmp')}
        tty = self.client.start('a')
        tty.run('echo evil >> /etc/passwd; touch /bin/evil; rm /bin/cat; touch /tmp/x')
        self.assertEqual(tty.run('head -c 4 /etc/passwd; ls /bin/evil'), 'root/bin/evil')
        for name, time in before.items():
            self.assertEqual(os.stat(f'{self.world.layers[0]}/{name}').st_mtime_ns, time, name)
        other = self.client.start('b')
        self.assertEqual(other.run('ls /bin/evil 2>/dev/null; cat /etc/passwd | grep -c evil'), '0')

    def test_no_new_privileges_for_setuid(self):
        tty = self.client.start('suid')
        self.assertEqual(tty.run('ls -ln /bin/id | head -c 4'), '-rwx')

    def test_limits_are_in_the_groups(self):
        self.client.start('limits')
        wanted = {'memory.limit_in_bytes': LIMITS['memory'], 'memory.memsw.limit_in_bytes': LIMITS['memory'],
                  'memory.max': LIMITS['memory'], 'memory.swap.max': 0, 'pids.max': LIMITS['pids'],
                  'cpu.cfs_quota_us': LIMITS['cpu'] * 100, 'cpu.max': f"{LIMITS['cpu'] * 100} 100000"}
        seen = set()
        for folder in self.world.cgroups():
            for name in set(os.listdir(folder)) & set(wanted):
                with open(f'{folder}/{name}') as f:
                    self.assertEqual(f.read().strip(), str(wanted[name]), name)
                seen.add(name.split('.')[0])
        self.assertEqual(seen, {'memory', 'pids', 'cpu'})
        state = os.stat(self.world.base + '/state').st_dev
        disk = f'{os.major(state)}:{os.minor(state)}'
        if os.path.exists(f'/sys/dev/block/{disk}') and not os.path.exists(f'/sys/dev/block/{disk}/partition'):
            rates = [open(f'{folder}/{name}').read() for folder in self.world.cgroups()
                     for name in ('blkio.throttle.read_bps_device', 'io.max') if os.path.exists(f'{folder}/{name}')]
            self.assertTrue(any(disk in rate and str(200 << 20) in rate for rate in rates), rates)

    def test_limits_of_the_shell(self):
        tty = self.client.start('limits')
        self.assertEqual(tty.run('ulimit -c; ulimit -Hn'), '0\n4096')


class Capacity(Case):
    def test_memory(self):
        tty = self.client.start('memory', limits=dict(LIMITS, memory=64 << 20))
        tty.type('exec tail /dev/zero\n')
        event = self.client.event('sandbox.ended')
        self.assertEqual((event['reason'], event['exit_code']), ('memory', 137))
        self.assertNothingLeft()

    def test_memory_of_a_child_leaves_the_shell(self):
        tty = self.client.start('child', limits=dict(LIMITS, memory=64 << 20))
        self.assertIn('137', tty.run('tail /dev/zero; echo $?'))
        self.assertEqual(tty.run('echo alive'), 'alive')

    def test_fork_bomb(self):
        tty = self.client.start('bomb')
        tty.type('b() { b | b & }; b\n')
        tty.until('retry')
        self.assertLessEqual(len(self.world.processes()), LIMITS['pids'])
        other = self.client.start('other')
        self.assertEqual(other.run('echo fine'), 'fine')
        self.client.stop('bomb')
        self.client.stop('other')
        self.assertNothingLeft()

    def test_disk(self):
        tty = self.client.start('disk')
        self.assertIn('No space left', tty.run('dd if=/dev/zero of=/big bs=1M count=100 2>&1'))
        written = int(tty.run('stat -c %s /big'))
        self.assertLessEqual(written, LIMITS['disk'])
        self.assertGreater(written, LIMITS['disk'] - (1 << 20))
        self.assertEqual(tty.run('rm /big; echo again > /small && cat /small'), 'again')
        # Without a disk limit in sight, memory is not overrun by files either.
        tty = self.client.start('wide', limits=dict(LIMITS, memory=64 << 20, disk=1 << 30))
        self.assertIn('No space left', tty.run('dd if=/dev/zero of=/big bs=1M count=100 2>&1'))
        self.assertEqual(tty.run('echo alive'), 'alive')

    def test_files_count(self):
        tty = self.client.start('inodes', limits=dict(LIMITS, disk=1 << 20))
        self.assertIn('No space left', tty.run('mkdir /m; cd /m; for i in $(seq 5000); do echo > f$i || break; done 2>&1'))

    def test_output_flood_blocks_only_itself(self):
        flood = self.client.start('flood')
        flood.type('while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done\n')
        other = self.client.start('calm')
        self.assertEqual(other.run('echo fine'), 'fine')
        self.client.stop('flood')
        self.client.stop('calm')
        self.assertNothingLeft()

    def test_pseudo_terminals_and_shared_memory(self):
        tty = self.client.start('pts')
        self.assertIn('max=64', tty.run('grep devpts /proc/mounts'))
        self.assertIn('No space left', tty.run('dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>&1'))


if __name__ == '__main__':
    main()
