export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends nano
cat > /root/.nanorc <<'RC'
include "/usr/share/nano/*.nanorc"
set linenumbers
set mouse
set softwrap
RC
cat > /root/letter.txt <<'TEXT'
Dear visitor,

this is nano. Write wherever the cursor is.
The two lines at the bottom show the keys: ^X means Ctrl+X.

안녕하세요, 이것은 nano예요. 커서가 있는 곳에 바로 쓰면 돼요.
TEXT
cat > /root/greet.sh <<'SH'
#!/bin/sh
# Greets everyone whose name is given.
for name in "$@"; do
    echo "Hello, $name"
done
SH
chmod +x /root/greet.sh
apt-get clean
rm -rf /var/lib/apt/lists/*
