#!/usr/bin/env python3
"""What was written into a sandbox becomes a layer."""
import io
import os
import tarfile

from harness import Case, main

BYTES = 64 << 20


class Save(Case):
    def save(self, name, size=BYTES):
        answer = self.client.ask('sandbox.save', sandbox=name, bytes=size)
        self.assertNotIn('error', answer)
        with os.fdopen(answer['fds'][0], 'rb') as f:
            data = f.read()
        return data, self.client.event('sandbox.saved', sandbox=name)

    def layer(self, name):
        data, event = self.save(name)
        self.assertEqual((event['state'], event['error']), ('succeeded', None))
        return tarfile.open(fileobj=io.BytesIO(data))

    def test_files_links_deletions(self):
        tty = self.client.start('one')
        tty.run('mkdir -p /opt/a/b /root/.cache; echo hello > /opt/a/b/file; echo 한글 > "/opt/이름 mit space"')
        tty.run('cat /bin/probe > /opt/tool; rm -rf /mnt /home; mkdir /home; echo new > /home/new; rm /etc/group')
        tty.run('echo x > /tmp/gone; echo x > /root/.bash_history; echo 127.0.0.1 x > /etc/hosts')
        tar = self.layer('one')
        names = tar.getnames()
        self.assertEqual(tar.extractfile('opt/a/b/file').read(), b'hello\n')
        self.assertEqual(tar.extractfile('opt/이름 mit space').read(), '한글\n'.encode())
        self.assertEqual((tar.getmember('opt/a').uid, tar.getmember('opt/a').gid), (0, 0))
        for there in ('.wh.mnt', 'etc/.wh.group', 'home/.wh..wh..opq', 'home/new', 'opt/tool'):
            self.assertIn(there, names)
        for gone in ('tmp/gone', 'root/.bash_history', 'etc/hosts', 'etc/hostname', 'etc/profile.d/zz-image-path.sh', 'home/ann'):
            self.assertNotIn(gone, names)
        self.assertEqual(tty.run('echo still here'), 'still here')
        tty.close()
        self.client.stop('one')
        self.assertNothingLeft()

    def test_twice_gives_the_same(self):
        tty = self.client.start('two')
        tty.run('for i in $(seq 50); do echo $i > /opt$i; done')
        first, _ = self.save('two')
        self.assertEqual(self.save('two')[0], first)
        tty.close()

    def test_too_much(self):
        tty = self.client.start('big')
        tty.run('dd if=/dev/zero of=/big bs=1M count=5')
        data, event = self.save('big', 1 << 20)
        self.assertEqual((event['state'], event['kind']), ('failed', 'too_large'))
        self.assertIn('more than 1 MiB', event['error'])
        tty.close()

    def test_hostile_trees(self):
        tty = self.client.start('bad')
        tty.run('d=/deep; for i in $(seq 300); do d=$d/x; done; mkdir -p $d')
        self.assertEqual(self.save('bad')[1]['kind'], 'too_large')
        tty.run('rm -rf /deep; echo x > /etc/.wh.passwd')
        self.assertEqual(self.save('bad')[1]['kind'], 'unsupported')
        tty.run('rm /etc/.wh.passwd; rm -rf /etc')
        tar = self.layer('bad')
        self.assertIn('.wh.etc', tar.getnames())
        # Somebody who writes all the time: whatever comes, it is a tar that can be read or a clear failure.
        tty.type('while true; do mkdir -p /w/a; echo 12345678 > /w/a/f; rm -rf /w; done\n')
        for _ in range(20):
            data, event = self.save('bad')
            if event['state'] == 'succeeded':
                tarfile.open(fileobj=io.BytesIO(data)).getnames()
        tty.close()
        self.client.stop('bad')
        self.assertNothingLeft()

    def test_one_at_a_time_and_ends_in_between(self):
        tty = self.client.start('busy')
        tty.run('dd if=/dev/zero of=/big bs=1M count=10')
        answer = self.client.ask('sandbox.save', sandbox='busy', bytes=BYTES)
        self.assertEqual(self.client.ask('sandbox.save', sandbox='busy', bytes=BYTES)['error']['kind'], 'conflict')
        tty.close()
        self.client.stop('busy')  # while nobody reads
        os.close(answer['fds'][0])
        self.assertNothingLeft()
        self.assertEqual(self.client.ask('sandbox.save', sandbox='busy', bytes=BYTES)['error']['kind'], 'not_found')

    def test_reader_that_leaves(self):
        tty = self.client.start('left')
        tty.run('dd if=/dev/zero of=/big bs=1M count=10')
        answer = self.client.ask('sandbox.save', sandbox='left', bytes=BYTES)
        os.close(answer['fds'][0])
        self.assertEqual(self.client.event('sandbox.saved', sandbox='left')['state'], 'failed')
        self.assertEqual(self.save('left')[1]['state'], 'succeeded')
        tty.close()

    def test_after_a_restart_of_the_agent(self):
        tty = self.client.start('old')
        self.world.kill()
        self.client = self.world.up()
        answer = self.client.ask('sandbox.save', sandbox='old', bytes=BYTES)
        self.assertEqual(answer['error']['kind'], 'unsupported')
        self.assertIn('restart', answer['error']['message'])
        tty.close()


if __name__ == '__main__':
    main()
