#!/usr/bin/env python3
"""Builds by somebody who wants out, or who wants all of the machine."""
import gzip
import struct
import threading
import unittest
import zipfile

from harness import *

world = client = None
SECRET = 'the-host-secret-' + os.urandom(8).hex()


def setUpModule():
    global world, client
    world = World()
    client = world.up()
    world.ensure_base(client)
    with open(world.base + '/secret', 'w') as f:
        f.write(SECRET)
    os.chmod(world.base + '/secret', 0o644)


def tearDownModule():
    world.remove()


class Listener:
    """A service of the host; says whether anybody came."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.bind(('0.0.0.0', 0))
        self.socket.listen()
        self.port = self.socket.getsockname()[1]

    def visited(self):
        return bool(select.select([self.socket], [], [], 0)[0])


def host_addresses():
    out = subprocess.run(['ip', '-4', '-o', 'addr'], capture_output=True, text=True).stdout
    return [line.split()[3].split('/')[0] for line in out.splitlines()]


class Walls(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(world.left(), NOTHING)
        self.assertIsNone(world.process.poll())

    def test_nothing_of_the_host_shows(self):
        files = dockerfile(
            'RUN cat /proc/1/cmdline | tr "\\0" " "; ls /proc; cat /etc/shadow | head -3; ls -la /var/lib/ttob /run/ttob* /work /root; true',
            f'RUN ls -la {world.base} {world.run}; cat {world.base}/secret; for p in $(ls -d /proc/[0-9]*); do cat $p/root{world.base}/secret; '
            f'cat $p/environ | tr "\\0" "\\n"; ls $p/root/; done; true',
            # As a chroot's root gets out of it: what it finds then is the job, not the host.
            'RUN perl -e \'mkdir "/x"; opendir(my $d, "/"); chroot "/x"; chdir $d; chdir ".." for 1..99; chroot "."; '
            'sub show { print "FILE $_[0]: "; open(my $f, "<", $_[0]) ? print(<$f>, "\\n") : print("$!\\n") } '
            'print "OUT: ", join(" ", map { glob("$_/*") } "", "/etc", "/in", "/base", "/run", "/var/lib", "/usr/bin", "/tmp"), "\\n"; '
            f'show($_) for ("/etc/shadow", "{world.base}/secret", "{world.registry.authfile}", "/in/auth.json", "{world.run}/agent.sock", '
            '"/proc/1/environ", "/proc/1/mountinfo", "/etc/passwd", "/etc/resolv.conf", "/etc/containers/storage.conf"); '
            f'show($_) for map {{ ("$_/root{world.base}/secret", "$_/environ") }} glob("/proc/[0-9]*"); \'; true')
        ended = client.build('look', files)
        text = ended.text()
        self.assertIn('\nOUT: /base ', text)
        self.assertNotIn(SECRET, text)
        self.assertNotIn(world.registry.password, text)
        self.assertNotIn(base64.b64encode(f'ttob:{world.registry.password}'.encode()).decode(), text)
        self.assertEqual([line for line in text.splitlines() if 'agent.sock' in line and 'RUN' not in line],
                         [f'FILE {world.run}/agent.sock: No such file or directory'])
        self.assertNotIn('TTOB_', text)
        self.assertIn('FILE /etc/shadow: No such file', text)
        self.assertIn('FILE /in/auth.json: \n', text)
        self.assertEqual([word for word in text.split('\nOUT: ')[1].split('\n')[0].split() if word.startswith('/usr/bin/')],
                         ['/usr/bin/bsdtar', '/usr/bin/buildah', '/usr/bin/git', '/usr/bin/skopeo'])

    def test_kernel_doors_are_closed(self):
        ended = client.build('doors', dockerfile(
            'RUN mount -t tmpfs none /mnt && echo OPEN mount; unshare -U true && echo OPEN userns; '
            'unshare -m true && echo OPEN mountns; mknod /dev/sda b 8 0 && echo OPEN mknod; echo 1 > /proc/sys/kernel/sysrq && echo OPEN sysrq; '
            'dmesg && echo OPEN dmesg; hostname evil && echo OPEN hostname; date -s 2001-01-01 && echo OPEN clock; '
            'ls /dev | tr "\\n" " "; cat /proc/kcore >/dev/null && echo OPEN kcore; nice -n -5 true; '
            'perl -e \'print "OPEN keyctl\\n" if syscall(250, 0, -3, 0) >= 0; print "OPEN bpf\\n" if syscall(321, 0, 0, 0) >= 0; '
            'print "OPEN uring\\n" if syscall(425, 1, 0) >= 0; print "OPEN ptrace\\n" if syscall(101, 16, 1, 0, 0) >= 0;\'; echo looked'))
        self.assertIn('looked', ended.text())
        self.assertEqual([line for line in ended.text().splitlines() if line.startswith('OPEN')], [])
        self.assertNotIn('sda', ended.text().split('STEP 2/2')[1].split('\n', 1)[1].replace("'/dev/sda'", '').replace('/dev/sda', ''))

    def test_closed_networks(self):
        listener = Listener()
        targets = [f'{address}/{listener.port}' for address in host_addresses()]
        targets += [f'{address}/{world.registry.port}' for address in host_addresses()]
        targets += [f'{world.pool}.1/{listener.port}', '169.254.169.254/80', '10.0.0.1/80', '172.16.0.1/80', '192.168.0.1/80',
                    '100.64.0.1/80', f'{world.pool}.9/80', '224.0.0.1/80', '255.255.255.255/80']
        lines = ' '.join(targets)
        ended = client.build('net', dockerfile(
            f'RUN for t in {lines}; do timeout 3 bash -c "echo hello > /dev/tcp/$t" 2>/dev/null && echo "OPEN $t" || echo "closed $t"; done; '
            'cat /proc/net/if_inet6 | grep eth0 && echo OPEN ipv6; echo tried'))
        self.assertIn('tried', ended.text())
        # A connection to 127.0.0.1 stays inside.
        self.assertEqual([line for line in ended.text().splitlines() if line.startswith('OPEN')], [])
        self.assertFalse(listener.visited())

    def test_other_builds_are_out_of_reach(self):
        first = client.start('one', dockerfile(
            'RUN perl -MIO::Socket::INET -e \'$s = IO::Socket::INET->new(Listen => 9, LocalPort => 7777, ReuseAddr => 1); print "LISTENING\\n"; '
            '$| = 1; alarm 12; print "VISITED\\n" if $s->accept\'; true',))
        first.until('RUN perl')
        second = client.build('two', dockerfile(
            f'RUN for i in $(seq 2 40); do (timeout 3 bash -c "echo x > /dev/tcp/{world.pool}.$i/7777" 2>/dev/null && echo OPEN $i) & done; wait; '
            'ls /base /scratch 2>&1; ps 2>&1; ls -d /proc/[0-9]*'))
        ended = first.wait()
        self.assertEqual([line for line in second.text().splitlines() if line.startswith('OPEN')], [])
        self.assertNotIn('VISITED', ended.text().splitlines())
        self.assertIn('LISTENING', ended.text().splitlines())

    def test_a_base_image_by_address_does_not_reach_the_host(self):
        listener = Listener()
        for host in (f'127.0.0.1:{listener.port}', f'{host_addresses()[-1]}:{listener.port}', '169.254.169.254', '10.0.0.1:5000'):
            ended = client.build('ssrf', dockerfile(base=f'{host}/a/b:1'), seconds=60)
            self.assertEqual(ended.state, 'failed')
            self.assertIn(host, ended.error)
        self.assertFalse(listener.visited())


class Archives(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(world.left(), NOTHING)

    def link(self, target, kind=tarfile.SYMTYPE):
        info = tarfile.TarInfo()
        info.type, info.linkname = kind, target
        return info

    def test_names_that_lead_out(self):
        client.build('dots', {**dockerfile('RUN true'), '../../../../../../../../' + world.base[1:] + '/escaped': 'x'})
        client.build('absolute', {**dockerfile('RUN true'), world.base + '/escaped': 'x'})
        client.build('through', {**dockerfile('RUN true'), 'link': self.link(world.base), 'link/escaped': 'x'})
        self.assertFalse(os.path.exists(world.base + '/escaped'))

    def test_the_dockerfile_is_a_link(self):
        for target in (world.base + '/secret', '/etc/shadow', '/proc/self/environ', '../../../../etc/passwd', 'Dockerfile'):
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                ended = client.build('linked', {'Dockerfile': self.link(target, kind)})
                self.assertEqual(ended.state, 'failed')
                self.assertNotIn(SECRET, ended.text() + ended.error)
        fifo = tarfile.TarInfo()
        fifo.type = tarfile.FIFOTYPE
        self.assertIn('no plain file', client.build('fifo', {'Dockerfile': fifo}).error)
        folder = tarfile.TarInfo()
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        self.assertEqual(client.build('folder', {'Dockerfile': folder}).state, 'failed')

    def test_copying_a_link_that_leads_out(self):
        files = dockerfile('COPY link /got', 'COPY deep /deep', 'RUN cat /got /deep/* | head -50; ls -la / /deep; true')
        files.update({'link': self.link(world.base + '/secret'), 'deep/shadow': self.link('/etc/shadow'),
                      'deep/up': self.link('../../../../../..' + world.base + '/secret')})
        ended = client.build('copied', files)
        self.assertNotIn(SECRET, ended.text() + (ended.error or ''))

    def test_what_is_no_tar(self):
        for data in (b'', b'x', os.urandom(4096), make_tar(dockerfile('RUN true'))[:700], b'\x1f\x8b' + os.urandom(600)):
            self.assertEqual(client.build('noise', data).state, 'failed')

    def test_zip_names_that_lead_out(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, 'w') as archive:
            archive.writestr('Dockerfile', dockerfile('RUN true')['Dockerfile'])
            link = zipfile.ZipInfo('link')
            link.external_attr = 0o120777 << 16
            archive.writestr(link, world.base)
            archive.writestr('link/escaped', 'x')
            archive.writestr('../../../../../../../..' + world.base + '/escaped', 'x')
        client.build('zip', out.getvalue())
        self.assertFalse(os.path.exists(world.base + '/escaped'))
        self.assertEqual(client.build('half', out.getvalue()[:-30]).state, 'failed')

    def test_compressed_bombs(self):
        for name, data in (('gzip', gzip.compress(make_tar({**dockerfile('RUN true'), 'large': bytes(200 << 20)}))),):
            ended = client.build(name, data, disk=32 << 20)
            self.assertEqual(ended.state, 'failed')
            self.assertIn('MiB of its disk', ended.error)

    def test_a_context_that_never_ends(self):
        reader, writer = os.pipe()
        build = client.start('endless', reader, seconds=3)
        os.close(reader)
        ended = build.wait()
        os.close(writer)
        self.assertEqual(ended.state, 'failed')
        self.assertIn('too long', ended.error)

    def test_a_bomb(self):
        # Sparse: 512 bytes say that a terabyte of zeros follows.
        ended = client.build('bomb', {**dockerfile('RUN true'), 'large': b'0' * (40 << 20)}, disk=32 << 20)
        self.assertEqual(ended.state, 'failed')
        self.assertIn('MiB of its disk', ended.error)

    def test_devices_and_many_files(self):
        device = tarfile.TarInfo()
        device.type, device.devmajor, device.devminor, device.mode = tarfile.BLKTYPE, 254, 0, 0o666
        ended = client.build('device', {**dockerfile('COPY disk /disk', 'RUN head -c 10 /disk | od'), 'disk': device})
        self.assertEqual(ended.state, 'failed')
        many = {**dockerfile('RUN true'), **{f'f/{i}': '' for i in range(30000)}}
        self.assertEqual(client.build('many', many, disk=64 << 20).state, 'failed')


class Greed(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(world.left(), NOTHING)

    def test_forks(self):
        ended = client.build('forks', dockerfile(
            'RUN perl -e \'my $n = 0; while (1) { my $p = fork; if (!defined $p) { print "STOPPED at $n\\n"; last } if (!$p) { sleep 60 } $n++ }\'; '
            'pkill -9 perl; bash -c ":(){ :|:& };:" 2>/dev/null; sleep 2; true'), pids=100, seconds=60)
        self.assertIn('STOPPED', ended.text())

    def test_memory(self):
        ended = client.build('memory', dockerfile('RUN perl -e \'my @a; push @a, "x" x 1048576 while 1\''), memory=256 << 20)
        self.assertEqual(ended.state, 'failed')
        self.assertIn('more than its 256 MiB of memory', ended.error)

    def test_disk(self):
        ended = client.build('disk', dockerfile('RUN dd if=/dev/zero of=/big bs=1M count=4096'), disk=256 << 20)
        self.assertEqual(ended.state, 'failed')
        self.assertIn('the disk of the build is full: it has 256 MiB', ended.error)

    def test_other_places_to_fill(self):
        ended = client.build('places', dockerfile(
            'RUN for d in /dev/shm /tmp /run /var/tmp /dev; do dd if=/dev/zero of=$d/fill bs=1M count=3000 2>&1 | tail -1; done; true'),
            disk=256 << 20, memory=512 << 20)
        self.assertEqual(ended.state, 'failed')

    def test_time(self):
        ended = client.build('forever', dockerfile('RUN echo running; sleep 1000'), seconds=8)
        self.assertEqual(ended.state, 'failed')
        self.assertIn('0 minutes and 8 seconds', ended.error)

    def test_output(self):
        ended = client.build('output', dockerfile('RUN yes | head -c 200000000; echo; echo the end'), output=100000)
        self.assertEqual(ended.state, 'succeeded', ended.error)
        self.assertLess(len(ended.log), 101000)
        self.assertIn('the rest is not shown', ended.text())

    def test_what_stays_running(self):
        ended = client.build('daemon', dockerfile('RUN (setsid sleep 1000 </dev/null >/dev/null 2>&1 &); true', 'RUN echo next'))
        self.assertIn(ended.state, ('succeeded', 'failed'))

    def test_an_image_that_is_too_large(self):
        other = World(BUILD_IMAGE_MAX='100M')
        try:
            other_client = other.up()
            ended = other_client.build('large', {'Dockerfile': 'FROM scratch\nCOPY big /big\n', 'big': os.urandom(120 << 20)})
            self.assertEqual(ended.state, 'failed')
            self.assertIn('larger than the 100 MiB', ended.error)
        finally:
            other.remove()


if __name__ == '__main__':
    main()
