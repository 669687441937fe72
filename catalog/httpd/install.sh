export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d    # packages must not start servers while the image is built
chmod +x /usr/sbin/policy-rc.d
apt-get update
apt-get install -y --no-install-recommends apache2 curl nano
echo 'ServerName localhost' > /etc/apache2/conf-available/name.conf
echo 'Listen 0.0.0.0:8080' > /etc/apache2/ports.conf
sed -i 's/<VirtualHost .*>/<VirtualHost *:8080>/' /etc/apache2/sites-available/000-default.conf
cat > /etc/apache2/conf-available/taste.conf <<'CONF'
<Directory /var/www/html>
    AllowOverride All
</Directory>
CONF
a2dismod -q mpm_event
a2enmod -q mpm_prefork rewrite
sed -i 's/StartServers.*/StartServers 2/; s/MinSpareServers.*/MinSpareServers 1/' /etc/apache2/mods-available/mpm_prefork.conf
a2enconf -q name taste
mkdir -p /var/www/html/files
cat > /var/www/html/index.html <<'HTML'
<!doctype html>
<meta charset="utf-8">
<title>Apache HTTP Server</title>
<h1>It works: Apache HTTP Server</h1>
<p>This page is /var/www/html/index.html in your sandbox. <a href="files/">A folder</a></p>
<p lang="ko">이 페이지는 샌드박스 안의 /var/www/html/index.html이에요.</p>
HTML
for n in one two three; do echo "file $n" > "/var/www/html/files/$n.txt"; done
apt-get clean
rm -rf /var/lib/apt/lists/*
