export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d    # packages must not start servers while the image is built
chmod +x /usr/sbin/policy-rc.d
apt-get update
apt-get install -y --no-install-recommends mosquitto mosquitto-clients
apt-get clean
rm -rf /var/lib/apt/lists/*
