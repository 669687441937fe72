export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d    # packages must not start servers while the image is built
chmod +x /usr/sbin/policy-rc.d
export LANG=C.UTF-8
apt-get update
apt-get install -y --no-install-recommends postgresql
printf '%s\n' '\set QUIET on' '\pset pager off' '\unset QUIET' > /root/.psqlrc    # a pager would swallow the next pasted line
# A sandbox may have no /dev/shm, and its memory is small.
cat > /etc/postgresql/15/main/conf.d/sandbox.conf <<'CONF'
dynamic_shared_memory_type = mmap
shared_buffers = 32MB
max_connections = 20
max_parallel_workers = 2
jit = off
CONF
# Compiling queries needs 120 MB of LLVM, which no table in a sandbox is worth.
rm -rf /usr/lib/postgresql/15/lib/bitcode /usr/lib/*/libLLVM-14.so.1
printf 'local all all trust\nhost all all 127.0.0.1/32 trust\n' > /etc/postgresql/15/main/pg_hba.conf
pg_ctlcluster 15 main start
su postgres -c 'createuser --superuser root'
createdb root
psql -v ON_ERROR_STOP=1 <<'SQL'
CREATE TABLE city (name text PRIMARY KEY, ko text NOT NULL, region text NOT NULL, people integer NOT NULL, facts jsonb NOT NULL DEFAULT '{}');
INSERT INTO city VALUES
  ('Seoul', '서울', 'capital', 9400000, '{"subway": true, "river": "Han"}'),
  ('Incheon', '인천', 'capital', 3000000, '{"subway": true, "sea": "Yellow Sea"}'),
  ('Busan', '부산', 'south-east', 3300000, '{"subway": true, "sea": "East Sea"}'),
  ('Daegu', '대구', 'south-east', 2400000, '{"subway": true, "river": "Geumho"}'),
  ('Gwangju', '광주', 'south-west', 1400000, '{"subway": true}'),
  ('Jeju', '제주', 'island', 490000, '{"subway": false, "sea": "South Sea"}');
SQL
pg_ctlcluster 15 main stop
apt-get clean
rm -rf /var/lib/apt/lists/*
