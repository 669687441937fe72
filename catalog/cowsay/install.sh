export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends cowsay fortune-mod fortunes-min perl
for game in cowsay cowthink fortune; do ln -s "/usr/games/$game" /usr/local/bin/; done
apt-get clean
rm -rf /var/lib/apt/lists/*
