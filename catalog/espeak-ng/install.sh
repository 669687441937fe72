export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends espeak-ng file
apt-get clean
rm -rf /var/lib/apt/lists/*
