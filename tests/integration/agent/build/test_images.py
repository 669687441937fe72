#!/usr/bin/env python3
"""Dockerfiles that ask for what they must not get, or for too much of it."""
import threading
import unittest

from harness import *

world = client = None
SECRET = 'the-host-secret-' + os.urandom(8).hex()


def setUpModule():
    global world, client
    world = World(BUILD_BASE_MAX='600M')
    client = world.up()
    world.ensure_base(client)
    with open(world.base + '/secret', 'w') as f:
        f.write(SECRET)
    os.chmod(world.base + '/secret', 0o644)


def tearDownModule():
    world.remove()


class Listener:
    """A service of the host, on every address of both families; says whether anybody came."""

    def __init__(self):
        self.socket = socket.create_server(('::', 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port = self.socket.getsockname()[1]

    def visited(self):
        return bool(select.select([self.socket], [], [], 0)[0])


def host_addresses(family):
    out = subprocess.run(['ip', family, '-o', 'addr'], capture_output=True, text=True).stdout
    return [line.split()[3].split('/')[0] for line in out.splitlines()]


def push_image(layers):
    """An image of that many layers, straight into the registry; gives its name."""
    blobs = [make_tar({f'layer{number}': str(number)}) for number in range(layers)]
    digests = ['sha256:' + hashlib.sha256(blob).hexdigest() for blob in blobs]
    config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': digests}}).encode()
    kind = 'application/vnd.oci.image.'
    manifest = {'schemaVersion': 2, 'mediaType': kind + 'manifest.v1+json',
                'config': {'mediaType': kind + 'config.v1+json', 'size': len(config), 'digest': 'sha256:' + hashlib.sha256(config).hexdigest()},
                'layers': [{'mediaType': kind + 'layer.v1.tar', 'size': len(b), 'digest': d} for b, d in zip(blobs, digests)]}
    name = f'made/layers{layers}'

    def send(method, url, data, media):
        request = urllib.request.Request(url, data, {**world.registry.headers, 'Content-Type': media}, method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.headers
    for blob in blobs + [config]:
        place = send('POST', f'http://{world.registry.host}/v2/{name}/blobs/uploads/', b'', 'text/plain')['Location']
        mark = '&' if '?' in place else '?'
        send('PUT', f'{place}{mark}digest=sha256:{hashlib.sha256(blob).hexdigest()}', blob, 'application/octet-stream')
    send('PUT', f'http://{world.registry.host}/v2/{name}/manifests/1', json.dumps(manifest).encode(), manifest['mediaType'])
    return name + ':1'


class Asks(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(world.left(), NOTHING)
        self.assertIsNone(world.process.poll())

    def fails(self, name, context, words, **limits):
        ended = client.build(name, context, **limits)
        self.assertEqual(ended.state, 'failed', ended.text())
        self.assertIn(words, ended.error, ended.text()[-2000:])
        self.assertNotIn(SECRET, ended.text() + ended.error)
        return ended

    def test_bases_that_are_not_there(self):
        for number, base in enumerate(('debian:nonesuch', 'nobody/nothing:1', 'debian@sha256:' + '0' * 64)):
            self.fails(f'nobase{number}', dockerfile('RUN true', base=base), base)
        for number, base in enumerate(('-rf', 'oci:/scratch/x', 'docker-archive:/etc/shadow', 'dir:/etc', '/etc', '../x', 'a b c d', 'x' * 600,
                                       'containers-storage:x', 'UPPER/case', '$(id)', '`id`')):
            self.fails(f'odd{number}', dockerfile('RUN true', base=base), '')

    def test_a_base_that_is_too_large(self):
        filled = client.build('filled', {'Dockerfile': 'FROM scratch\nCOPY big /big\n', 'big': os.urandom(700 << 20)})
        self.assertEqual(filled.state, 'succeeded', filled.error)
        self.fails('huge', dockerfile('COPY Dockerfile /x', base='taste/filled:b1'), 'larger than the 600 MiB that a base image may have')

    def test_a_base_of_very_many_layers(self):
        self.assertEqual(client.build('layers60', dockerfile('COPY Dockerfile /x', base=push_image(60))).state, 'succeeded')
        self.fails('layers90', dockerfile('COPY Dockerfile /x', base=push_image(90)), 'too many layers')

    def test_a_dockerfile_of_ten_megabytes(self):
        self.fails('long', {'Dockerfile': b'FROM debian:bookworm\n' + b'# x\n' * (10 << 18)}, 'larger than')
        self.fails('longline', {'Dockerfile': b'FROM debian:bookworm\nRUN ' + b'x' * (10 << 20)}, 'larger than')
        self.assertEqual(client.try_start('sent', {'a': ''}, dockerfile='#' * 70000)['error']['kind'], 'invalid')

    def test_a_dockerfile_that_is_no_text(self):
        for number, data in enumerate((b'', b'\0' * 5000, os.urandom(5000), b'\xff\xfeF\0R\0O\0M\0', b'FROM debian:bookworm\nRUN \xff\xfe\n', b'FROM\n', b'RUN true\n',
                                       b'FROM debian:bookworm\nRUN <<EOF\n', b'FROM debian:bookworm\nONBUILD ONBUILD RUN true\n', b'# escape=`\nFROM a`\nb\n')):
            ended = client.build(f'noise{number}', {'Dockerfile': data})
            self.assertIn(ended.state, ('failed', 'succeeded'))
            self.assertTrue(ended.error or ended.state == 'succeeded')

    def test_words_that_grow(self):
        lines = ['ENV A0=' + 'x' * 100] + [f'ENV A{n}=' + f'$A{n - 1}' * 10 for n in range(1, 9)]
        ended = client.build('grow', dockerfile(*lines, 'RUN true'), memory=256 << 20, seconds=60)
        self.assertEqual(ended.state, 'failed')
        self.assertTrue('memory' in ended.error or 'longer than' in ended.error or 'failed' in ended.error, ended.error)

    def test_stages_and_steps_without_end(self):
        many = ''.join(f'FROM debian:bookworm AS s{n}\n' for n in range(3000))
        ended = client.build('stages', {'Dockerfile': many}, seconds=8)
        self.assertIn(ended.state, ('failed', 'succeeded'))
        ended = client.build('bases', {'Dockerfile': ''.join(f'FROM debian:b{n}\n' for n in range(3000))})
        self.assertEqual(ended.state, 'failed')
        self.fails('steps', dockerfile(*['RUN true'] * 7000), 'longer than', seconds=8)

    def test_mounts_that_ask_for_the_host(self):
        for number, mount in enumerate((f'type=bind,source={world.base},target=/got', 'type=bind,source=../../../../../..,target=/got,rw',
                                        'type=bind,from=/,target=/got', 'type=secret,id=x,src=/etc/shadow,target=/got/secret', 'type=ssh,target=/got/ssh',
                                        'type=cache,target=/got,from=/', f'type=cache,id=../../..{world.base},target=/got', 'type=tmpfs,target=/got,tmpfs-size=99999999999')):
            ended = client.build(f'mount{number}', dockerfile(f'RUN --mount={mount} ls -laR /got 2>&1 | head -40; cat /got/secret; true'))
            self.assertNotIn(SECRET, ended.text() + (ended.error or ''))
        for number, option in enumerate(('--security=insecure', '--network=host', '--device=/dev/vda', '--privileged')):
            ended = client.build(f'option{number}', dockerfile(f'RUN {option} ls -la /dev | grep -E "vd|sd|loop" && echo OPEN; mount -t tmpfs x /mnt && echo OPEN; true'))
            self.assertNotIn('\nOPEN', ended.text())

    def test_files_of_the_kernel(self):
        ended = client.build('kernel', dockerfile(
            'RUN ls /sys /sys/block /sys/fs/cgroup 2>&1 | head -20; for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger '
            '/sys/fs/cgroup/release_agent /sys/fs/cgroup/memory/release_agent /sys/kernel/uevent_helper /proc/1/oom_score_adj /proc/sys/vm/overcommit_memory; '
            'do (echo x > $f) 2>/dev/null && echo OPEN $f; done; for d in /dev/vda /dev/sda /dev/loop0 /dev/loop-control /dev/mem /dev/kmsg /dev/fuse /dev/kvm; '
            'do [ -e $d ] && echo OPEN $d; done; echo looked'))
        self.assertIn('\nlooked', ended.text())
        # To be killed first is everybody's to choose.
        self.assertEqual([line for line in ended.text().splitlines() if line.startswith('OPEN') and 'oom_score' not in line], [])

    def test_the_agent_and_the_registry_by_network(self):
        listener = Listener()
        hidden = socket.socket(socket.AF_UNIX)
        hidden.bind(f'\0ttob-{world.tag}')
        hidden.listen()
        ports = (listener.port, world.registry.port)
        six = host_addresses('-6') + ['::1', 'fd00::1', 'fe80::1', '2001:db8::1', '64:ff9b::a9fe:a9fe', 'ff02::1']
        targets = [f'{address}/{port}' for address in six for port in ports]
        targets += [f'::ffff:{address}/{port}' for address in host_addresses('-4') + ['169.254.169.254', '10.0.0.1', '100.64.0.1'] for port in ports]
        targets += [f'{address}/80' for address in ('0.0.0.0', '192.0.0.1', '198.18.0.1', '240.0.0.1', '127.1.2.3', '192.168.1.1', '172.31.255.254', '10.255.255.254', '100.127.255.254')]
        ended = client.build('doors', dockerfile(
            f'RUN for t in {" ".join(targets)}; do (timeout 3 bash -c "echo hello > /dev/tcp/$t" 2>/dev/null && echo "OPEN $t") & done; wait; '
            'perl -MIO::Socket::UNIX -MSocket -e \'for my $p ("\\0ttob-%s", "%s/agent.sock") { print "OPEN $p\\n" if IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $p) } '
            'socket(my $r, AF_INET, SOCK_RAW, 1) and print "OPEN raw\\n"; socket(my $k, 17, SOCK_RAW, 768) and print "OPEN packet\\n";\'; echo tried' % (world.tag, world.run)))
        hidden.close()
        self.assertIn('\ntried', ended.text())
        self.assertEqual([line for line in ended.text().splitlines() if line.startswith('OPEN')], [])
        self.assertFalse(listener.visited())

    def test_adding_an_address(self):
        listener = Listener()
        for number, url in enumerate((f'http://127.0.0.1:{listener.port}/x', f'http://{host_addresses("-4")[-1]}:{listener.port}/x', f'http://[::1]:{listener.port}/x',
                                      'http://169.254.169.254/latest/meta-data/', 'file:///etc/shadow', f'ftp://{world.registry.host}/x',
                                      f'http://{world.registry.host}/v2/', 'https://nothing.invalid/x')):
            ended = client.build(f'add{number}', dockerfile(f'ADD {url} /got'), seconds=60)
            self.assertEqual(ended.state, 'failed', url)
            self.assertTrue(ended.error)
        self.assertFalse(listener.visited())
        listener.socket.close()

    def test_files_of_other_images_by_address(self):
        listener = Listener()
        for number, image in enumerate((f'127.0.0.1:{listener.port}/a/b', '169.254.169.254/a/b', 'oci:/etc', 'nobody/nothing')):
            ended = client.build(f'from{number}', dockerfile(f'COPY --from={image} /etc/passwd /got'), seconds=60)
            self.assertEqual(ended.state, 'failed', image)
        self.assertFalse(listener.visited())
        listener.socket.close()


class Greed(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(world.left(), NOTHING)
        self.assertIsNone(world.process.poll())

    def memory(self):
        with open(f'/proc/{world.process.pid}/status') as f:
            return int(f.read().split('\nVmRSS:')[1].split()[0]) << 10

    def test_ten_gigabytes_of_output(self):
        client.build('before', dockerfile('RUN yes | head -c 50000000'), output=1 << 20)
        before = self.memory()
        build = client.start('flood', dockerfile('RUN yes long-line-long-line-long-line-long-line | head -c 10000000000'), output=1 << 20, seconds=15)
        most = 0
        while build.ended.state is None:
            build.step()
            most = max(most, self.memory())
        ended = build.wait()
        self.assertLess(len(ended.log), (1 << 20) + 4096)
        self.assertIn('the rest is not shown', ended.text())
        if ended.state == 'failed':
            self.assertIn('longer than', ended.error)
        self.assertLess(most - before, 32 << 20)

    def test_a_line_without_end(self):
        ended = client.build('line', dockerfile('RUN head -c 300000000 /dev/zero'), output=1 << 20, seconds=60)
        self.assertIn('the rest is not shown', ended.text())

    def test_files_without_end(self):
        ended = client.build('inodes', dockerfile('RUN perl -e \'$i = 0; while (1) { open(my $f, ">", "/f" . $i++) or die "no more files: $!\\n" }\''), disk=256 << 20)
        self.assertEqual(ended.state, 'failed')
        self.assertIn('the disk of the build is full', ended.error)

    def test_a_file_with_a_hole(self):
        ended = client.build('hole', dockerfile('RUN truncate -s 1T /hole'), disk=256 << 20, seconds=60)
        self.assertEqual(ended.state, 'failed')
        self.assertIn('the disk of the build is full', ended.error)

    def test_folders_in_folders(self):
        ended = client.build('nested', dockerfile('RUN perl -e \'for (1..20000) { mkdir "d" or die; chdir "d" or die }\''), seconds=100)
        self.assertIn(ended.state, ('succeeded', 'failed'))
        ended = client.build('links', dockerfile('RUN ln -s / /a; for i in $(seq 60); do ln -s a /a$i; done; ln -s loop /loop; mkdir /d; chmod 0 /d; chattr +i /a 2>/dev/null; true'))
        self.assertIn(ended.state, ('succeeded', 'failed'))

    def test_two_that_want_all_at_one_time(self):
        eats = dockerfile('RUN (perl -e \'my @a; push @a, "x" x 1048576 while 1\' & bash -c ":(){ :|:& };:" & dd if=/dev/zero of=/big bs=1M & yes & sleep 10; true)')
        both = [client.start(f'all{n}', eats, memory=256 << 20, pids=64, disk=256 << 20, seconds=12, output=100000) for n in range(2)]
        for build in both:
            self.assertEqual(build.wait().state, 'failed')
        self.assertEqual(client.build('calm', dockerfile('RUN echo calm')).state, 'succeeded')

    def test_bases_that_nobody_uses_make_room(self):
        other = World(BUILD_BASES_MAX='1M')
        try:
            other_client = other.up()
            other.ensure_base(other_client)
            self.assertEqual(other_client.build('small', {'Dockerfile': 'FROM scratch\nCOPY Dockerfile /x\n'}).state, 'succeeded')
            for name, base in (('one', BASE), ('two', 'taste/small:b1'), ('again', BASE)):
                ended = other_client.build(name, dockerfile('COPY Dockerfile /y', base=base))
                self.assertEqual(ended.state, 'succeeded', ended.error)
                kept = os.listdir(other.base + '/state/build/bases')
                self.assertEqual(sorted(name.split('.')[1] for name in kept), ['img', 'json'])
            self.assertEqual(other.left(), NOTHING)
        finally:
            other.remove()


if __name__ == '__main__':
    main()
