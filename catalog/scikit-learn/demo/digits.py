"""Learns handwritten digits, then shows one and says what it reads. Usage: digits.py [which]"""
import sys

from sklearn.datasets import load_digits
from sklearn.svm import SVC

digits = load_digits()
which = int(sys.argv[1]) % 400 if len(sys.argv) > 1 else 5
train, test = slice(400, None), slice(0, 400)

model = SVC(gamma=0.001).fit(digits.data[train], digits.target[train])
for row in digits.images[which]:
    print("".join(" .:-=+*#%@"[min(int(value) * 10 // 17, 9)] * 2 for value in row))
print("it reads", model.predict(digits.data[which:which + 1])[0], "and it is", digits.target[which])
print(f"right in {model.score(digits.data[test], digits.target[test]):.1%} of 400 unseen digits")
