export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends git nano
export HOME=/root
git config --global user.name "Guest"
git config --global user.email "guest@example.org"
git config --global init.defaultBranch main
git config --global core.pager cat
git config --global core.quotePath false
git init -q /root/recipes
cd /root/recipes
printf 'rice\nseaweed\ncarrot\nspinach\n' > kimbap.txt
git add . && git commit -qm "Add kimbap"
printf 'flour\nwater\nscallion\n' > pajeon.txt
git add . && git commit -qm "Add pajeon"
git switch -qc tuna
sed -i 's/^carrot$/carrot\ntuna/' kimbap.txt
git commit -qam "Try kimbap with tuna"
git switch -q main
printf 'oil\n' >> pajeon.txt
git commit -qam "Do not forget the oil"
apt-get clean
rm -rf /var/lib/apt/lists/*
