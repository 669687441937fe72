export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d    # packages must not start servers while the image is built
chmod +x /usr/sbin/policy-rc.d
apt-get update
apt-get install -y --no-install-recommends etcd-server etcd-client
# Addresses as numbers: a sandbox may have no name for localhost.
cat > /root/etcd.yml <<'YAML'
name: taste
data-dir: /root/data
logger: zap
log-level: warn
listen-client-urls: http://127.0.0.1:2379
advertise-client-urls: http://127.0.0.1:2379
listen-peer-urls: http://127.0.0.1:2380
initial-advertise-peer-urls: http://127.0.0.1:2380
initial-cluster: taste=http://127.0.0.1:2380
YAML
apt-get clean
rm -rf /var/lib/apt/lists/*
