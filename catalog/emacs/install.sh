export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends emacs-nox
cat > /root/.emacs <<'EL'
(setq inhibit-startup-screen t)
(xterm-mouse-mode 1)
(load-theme 'wombat t)
EL
cat > /root/plan.org <<'ORG'
#+TITLE: A plan
* TODO Learn three keys
  Press TAB on a heading to fold it.
* DONE Open Emacs
* Numbers
  Put the cursor in the table and press C-c C-c on the last line.
| drink  | cups | price |   won |
|--------+------+-------+-------|
| tea    |    3 |  2500 |       |
| coffee |    2 |  4000 |       |
#+TBLFM: $4=$2*$3
ORG
apt-get clean
rm -rf /var/lib/apt/lists/*
