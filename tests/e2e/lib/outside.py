#!/usr/bin/env python3
"""A git server on a public address, for a platform that builds from repositories.   outside.py FOLDER
Writes FOLDER/ca.pem at once, and FOLDER/ready when https://93.184.216.34/ember.git is there. Ends by SIGTERM, and takes the address with it."""
import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'integration' / 'agent' / 'build'))
from git_server import serve  # noqa: E402
from outside import Outside, make_certificate, run  # noqa: E402

FILES = {
    'README.md': '# Ember\n\nGlows in the dark.\n\n```sh\nember\n```\n',
    'Dockerfile': 'FROM debian:bookworm\nARG COLOUR=red\nCOPY ember.sh /usr/local/bin/ember\nRUN chmod +x /usr/local/bin/ember && echo "$COLOUR" >/etc/ember\n',
    'ember.sh': '#!/bin/sh\necho "glows $(cat /etc/ember)"\n',
}


def make_repository(folder):
    work = folder / 'work'
    work.mkdir()
    for name, text in FILES.items():
        (work / name).write_text(text)
    run('git', '-C', str(work), '-c', 'init.defaultBranch=main', 'init', '-q')
    run('git', '-C', str(work), 'add', '-A')
    run('git', '-C', str(work), '-c', 'user.name=T', '-c', 'user.email=t@example.org', 'commit', '-qm', 'one')
    run('git', 'clone', '-q', '--bare', str(work), str(folder / 'ember.git'))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    make_certificate(str(folder))
    make_repository(folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    outside = Outside(lambda serving: serve(str(folder), serving), apart=False)
    try:
        (folder / 'ready').touch()
        signal.pause()
    finally:
        outside.end()


if __name__ == '__main__':
    main()
