export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends ruby nano
cat > /root/menu.rb <<'RB'
Dish = Struct.new(:name, :price, :spicy) do
  def to_s = format('%-12s %6d won%s', name, price, spicy ? ' (spicy)' : '')
end

menu = [
  Dish.new('Bibimbap', 9000, true),
  Dish.new('Kimbap', 4000, false),
  Dish.new('Naengmyeon', 11_000, false),
  Dish.new('Tteokbokki', 5000, true)
]

puts menu.sort_by(&:price)
puts "Spicy: #{menu.select(&:spicy).map(&:name).join(', ')}"
puts "Average: #{menu.sum(&:price) / menu.size} won"
RB
apt-get clean
rm -rf /var/lib/apt/lists/*
