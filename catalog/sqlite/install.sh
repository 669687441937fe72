export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends sqlite3
sqlite3 /root/cafe.db <<'SQL'
CREATE TABLE menu (id INTEGER PRIMARY KEY, name TEXT NOT NULL, ko TEXT NOT NULL, price INTEGER NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, day TEXT NOT NULL, menu_id INTEGER NOT NULL REFERENCES menu(id), cups INTEGER NOT NULL);
INSERT INTO menu (name, ko, price) VALUES
  ('Americano', '아메리카노', 4000), ('Latte', '라테', 4500), ('Barley tea', '보리차', 2500),
  ('Citron tea', '유자차', 5000), ('Lemonade', '레모네이드', 5500);
INSERT INTO orders (day, menu_id, cups) VALUES
  ('Mon', 1, 12), ('Mon', 2, 7), ('Mon', 4, 3), ('Tue', 1, 15), ('Tue', 3, 6), ('Tue', 5, 4),
  ('Wed', 2, 9), ('Wed', 4, 8), ('Thu', 1, 11), ('Thu', 5, 10), ('Fri', 1, 18), ('Fri', 2, 13), ('Fri', 3, 5);
CREATE INDEX orders_menu ON orders(menu_id);
SQL
apt-get clean
rm -rf /var/lib/apt/lists/*
