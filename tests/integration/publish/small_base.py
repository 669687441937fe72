#!/usr/bin/env python3
"""A base image of a shell and a few programs of this machine, made in a moment and without a network.   small_base.py FOLDER   (an OCI layout, tag "base")"""
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

MEDIA = 'application/vnd.oci.image.'
PROGRAMS = ('sh', 'cat', 'cp', 'dd', 'ls', 'mkdir', 'rm', 'sleep', 'true')
FILES = {'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n', 'etc/group': 'root:x:0:\n', 'etc/profile': ''}
FOLDERS = ('dev', 'etc', 'opt', 'proc', 'root', 'run', 'sys', 'tmp', 'usr', 'usr/bin', 'usr/lib', 'usr/lib64', 'var', 'var/tmp')
LINKS = {'bin': 'usr/bin', 'lib': 'usr/lib', 'lib64': 'usr/lib64', 'sbin': 'usr/bin'}


def libraries(program):
    out = subprocess.run(['ldd', program], check=True, stdout=subprocess.PIPE, text=True).stdout
    return re.findall(r'(/\S+\.so\S*)', out)


def root_tar():
    """Byte by byte the same each time, so that layers are shared."""
    wanted = {}
    for name in PROGRAMS:
        path = shutil.which(name)
        wanted['usr/bin/' + name] = path
        for library in libraries(path):
            wanted[library[1:] if library.startswith('/usr/') else 'usr' + library] = library
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        def add(name, mode, data=None, link=None):
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = mode, 1735689600
            info.type = tarfile.SYMTYPE if link else tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            info.linkname, info.size = link or '', len(data or b'')
            tar.addfile(info, io.BytesIO(data) if data else None)

        folders = set(FOLDERS)
        for name in wanted:
            folders.update(str(parent) for parent in pathlib.PurePath(name).parents if str(parent) != '.')
        for name in sorted(folders):
            add(name, 0o1777 if name in ('tmp', 'var/tmp') else 0o755)
        for name, link in sorted(LINKS.items()):
            add(name, 0o777, link=link)
        for name, text in sorted(FILES.items()):
            add(name, 0o644, text.encode())
        for name, path in sorted(wanted.items()):
            with open(path, 'rb') as file:
                add(name, 0o755, file.read())
    return out.getvalue()


def write_layout(folder, layers):
    """An image of uncompressed layers, (path, digest) each; gives what skopeo calls it."""
    blobs = os.path.join(folder, 'blobs', 'sha256')
    os.makedirs(blobs)
    described = []
    for path, digest in layers:
        os.link(path, os.path.join(blobs, digest))
        described.append({'mediaType': MEDIA + 'layer.v1.tar', 'digest': 'sha256:' + digest, 'size': os.path.getsize(path)})

    def blob(value, media):
        data = json.dumps(value).encode()
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(blobs, digest), 'wb') as file:
            file.write(data)
        return {'mediaType': MEDIA + media, 'digest': 'sha256:' + digest, 'size': len(data)}

    config = blob({'architecture': 'amd64', 'os': 'linux', 'config': {'Cmd': ['/bin/sh'], 'Env': ['PATH=/usr/bin']},
                   'rootfs': {'type': 'layers', 'diff_ids': [layer['digest'] for layer in described]}}, 'config.v1+json')
    manifest = blob({'schemaVersion': 2, 'mediaType': MEDIA + 'manifest.v1+json', 'config': config, 'layers': described}, 'manifest.v1+json')
    manifest['annotations'] = {'org.opencontainers.image.ref.name': 'base'}
    with open(os.path.join(folder, 'index.json'), 'w') as file:
        json.dump({'schemaVersion': 2, 'manifests': [manifest]}, file)
    with open(os.path.join(folder, 'oci-layout'), 'w') as file:
        file.write('{"imageLayoutVersion": "1.0.0"}')
    return f'oci:{folder}:base'


def make(folder):
    os.makedirs(folder)
    data, path = root_tar(), os.path.join(folder, 'root.tar')
    with open(path, 'wb') as file:
        file.write(data)
    return write_layout(folder, [(path, hashlib.sha256(data).hexdigest())])


if __name__ == '__main__':
    print(make(sys.argv[1]))
