export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d    # packages must not start servers while the image is built
chmod +x /usr/sbin/policy-rc.d
apt-get update
apt-get install -y --no-install-recommends redis-server redis-tools
apt-get clean
rm -rf /var/lib/apt/lists/*
