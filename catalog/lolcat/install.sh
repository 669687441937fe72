export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends lolcat toilet toilet-fonts
ln -s /usr/games/lolcat /usr/local/bin/
apt-get clean
rm -rf /var/lib/apt/lists/*
