export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends tmux
cat > /root/.tmux.conf <<'CONF'
set -g mouse on
set -g history-limit 10000
set -g status-right "%H:%M"
CONF
apt-get clean
rm -rf /var/lib/apt/lists/*
