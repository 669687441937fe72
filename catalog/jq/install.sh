export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends jq
cat > /root/planets.json <<'JSON'
[
  {"name": "Mercury", "ko": "수성",   "kind": "rock", "radius_km": 2440,  "year_days": 88},
  {"name": "Venus",   "ko": "금성",   "kind": "rock", "radius_km": 6052,  "year_days": 225},
  {"name": "Earth",   "ko": "지구",   "kind": "rock", "radius_km": 6371,  "year_days": 365},
  {"name": "Mars",    "ko": "화성",   "kind": "rock", "radius_km": 3390,  "year_days": 687},
  {"name": "Jupiter", "ko": "목성",   "kind": "gas",  "radius_km": 69911, "year_days": 4333},
  {"name": "Saturn",  "ko": "토성",   "kind": "gas",  "radius_km": 58232, "year_days": 10759},
  {"name": "Uranus",  "ko": "천왕성", "kind": "ice",  "radius_km": 25362, "year_days": 30687},
  {"name": "Neptune", "ko": "해왕성", "kind": "ice",  "radius_km": 24622, "year_days": 60190}
]
JSON
apt-get clean
rm -rf /var/lib/apt/lists/*
