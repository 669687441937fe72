export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends ripgrep
mkdir -p /root/notes/recipes /root/notes/work
cd /root/notes
cat > recipes/tea.md <<'TEXT'
# Citron tea
Two spoons of citron syrup, 200 ml of hot water.
NOTE: try it with honey
TEXT
cat > recipes/kimbap.md <<'TEXT'
# 김밥
밥 두 공기, 김 네 장, 단무지, 당근, 시금치.
NOTE: 참기름 사기
TEXT
cat > work/plan.txt <<'TEXT'
2024-03-02 kick-off, Seoul
2024-05-17 first release, version 0.9.1
2024-09-30 second release, version 1.0.0
TEXT
cat > work/server.py <<'TEXT'
import http.server

PORT = 8080  # NOTE: read it from the environment


def main():
    http.server.HTTPServer(("", PORT), http.server.SimpleHTTPRequestHandler).serve_forever()
TEXT
apt-get clean
rm -rf /var/lib/apt/lists/*
