export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends fzf
printf '\n. /usr/share/doc/fzf/examples/key-bindings.bash\n' >> /root/.bashrc
apt-get clean
rm -rf /var/lib/apt/lists/*
