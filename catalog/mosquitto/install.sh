export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d    # packages must not start servers while the image is built
chmod +x /usr/sbin/policy-rc.d
apt-get update
apt-get install -y --no-install-recommends mosquitto mosquitto-clients
# Addresses as numbers: a sandbox may have no name for localhost.
printf 'listener 1883 127.0.0.1\nallow_anonymous true\nsys_interval 1\n' > /root/mosquitto.conf
mkdir -p /root/.config
for client in mosquitto_pub mosquitto_sub; do echo '-h 127.0.0.1' > "/root/.config/$client"; done
apt-get clean
rm -rf /var/lib/apt/lists/*
